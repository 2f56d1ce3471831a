"""inspect, estimate and sample: figures of a file on a machine where nothing is set up."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import pytest

from lib.settings import PROJECT
from tests.cli.conftest import PROGRAM

Make = Callable[..., Any]


@pytest.fixture(autouse=True)
def nothing_there(configure: Make, tmp_path: Path) -> Path:
    """A data folder that does not exist yet."""
    folder = tmp_path / "data"
    configure(DATA_DIR=folder)
    return folder


def test_help_names_every_command_and_imports_no_database() -> None:
    code = (
        "import sys, lib.cli.main\n"
        "try:\n    lib.cli.main.main(['--help'])\n"
        "finally:\n    print([m for m in ('sqlalchemy', 'pydantic', 'fpdf') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("[]\n")
    for command in ("inspect", "import", "estimate", "quote", "launch", "jobs", "offers", "budget"):
        assert f"    {command} " in done.stdout


def test_inspect_tells_the_figures_of_a_file(program: Make, chat_file: Make) -> None:
    run = program("inspect", chat_file(60), "--json")
    assert run.code == 0, run.err
    assert run.data["format"] == "chat-jsonl"
    assert run.data["conversations"] == 60
    assert run.data["training_pairs"] == run.data["trainable_pairs"] == 60
    assert run.data["declared_pairs"] is None
    assert run.data["average_quality"] is None
    assert run.data["eligible"] is True
    assert [problem["code"] for problem in run.data["problems"]] == ["no_quality", "not_reviewed"]


def test_a_small_file_is_inspected_and_not_eligible(cli: Make, chat_file: Make) -> None:
    run = cli("inspect", chat_file(49), "--json")
    assert run.code == 0
    assert run.data["eligible"] is False
    assert run.data["problems"][0]["code"] == "insufficient_conversations"
    assert "Insufficient conversations: 49 found" in run.data["problems"][0]["message"]


def test_estimate_prices_a_file_and_stores_nothing(
    program: Make, chat_file: Make, nothing_there: Path
) -> None:
    arguments = ("estimate", chat_file(447), "--preset", "balanced", "--tier", "spot")
    run = program(*arguments, "--json")
    assert run.code == 0, run.err
    assert '"duration_hours": 67.05,' in run.out  # numbers, not texts
    expected = {
        "duration_min_hours": Decimal("56.9925"),
        "duration_max_hours": Decimal("77.1075"),
        "gpu_compute": Decimal("166.95"),
        "spot_buffer": Decimal("1.12"),
        "storage": 0,
        "total": Decimal("168.07"),
        "cost_min": Decimal("142.86"),
        "cost_max": Decimal("193.28"),
        "hourly_rate": Decimal("2.49"),
        "tier": "spot",
        "engine": "runpod",
        "preset": "balanced",
        "training_pairs": 447,
        "algorithm_version": 1,
        "basis": "published formula",
        "confidence": None,
    }
    assert {name: run.data[name] for name in expected} == expected
    assert "$166.95" in program(*arguments).out
    assert not nothing_there.exists()


def test_estimate_follows_its_options(cli: Make, chat_file: Make) -> None:
    path = chat_file(100)
    by_size = cli("estimate", path, "--json").data
    assert (by_size["preset"], by_size["tier"], by_size["epochs"]) == ("conservative", "spot", 2)
    options = ("--preset", "aggressive", "--tier", "on_demand", "--epochs", "1", "--batch-size", 8)
    chosen = cli("estimate", path, *options, "--json").data
    assert (chosen["epochs"], chosen["batch_size"]) == (1, 8)
    assert chosen["duration_hours"] == Decimal("8.333333")
    assert chosen["gpu_compute"] == Decimal("66.58")
    several = ("--set", "learning_rate=0.00025", "--set", "target_modules=q_proj,up_proj")
    tuned = cli("estimate", path, *options, *several, "--json").data
    assert tuned["hyperparameters"]["learning_rate"] == Decimal("0.00025")
    assert tuned["hyperparameters"]["target_modules"] == ["q_proj", "up_proj"]
    assert tuned["gpu_compute"] == chosen["gpu_compute"]  # the published formula looks at neither


def test_the_real_file_is_priced_by_its_declared_pairs(cli: Make, real_file: Path) -> None:
    found = cli("inspect", real_file, "--json").data
    assert (found["conversations"], found["training_pairs"]) == (72, 447)
    assert (found["trainable_pairs"], found["average_quality"]) == (212, Decimal("3.00"))
    priced = cli("estimate", real_file, "--preset", "balanced", "--json").data
    assert (priced["duration_hours"], priced["gpu_compute"]) == (
        Decimal("67.05"),
        Decimal("166.95"),
    )


def test_estimate_on_this_machine_measures_real_steps(
    cli: Make, chat_file: Make, configure: Make
) -> None:
    configure(LOCAL_HOURLY_RATE="100.00")
    run = cli("estimate", chat_file(12), "--engine", "local", "--preset", "balanced", "--json")
    assert run.code == 0, run.err
    assert run.err == "Measuring a few real steps on this machine\n"
    assert (run.data["tier"], run.data["algorithm_version"]) == ("local", 3)
    assert 0 < run.data["duration_hours"] < 1
    assert run.data["basis"].endswith("measured steps on this machine")
    assert run.data["total"] == run.data["gpu_compute"] > 0


def test_an_interrupted_measurement_ends_quietly_and_takes_the_trainer_along(
    chat_file: Make,
) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "estimate", str(chat_file(12)), "--engine", "local"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert process.stderr.readline().startswith("Measuring")
    while not (trainers := psutil.Process(process.pid).children()):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (130, "", "")
    assert not psutil.wait_procs(trainers, timeout=5)[1]


def test_sample_writes_a_file_that_can_be_trained_on(cli: Make, tmp_path: Path) -> None:
    for format in ("brightrun", "jsonl", "chat"):
        path = tmp_path / "new" / f"sample.{format}"
        run = cli("sample", path, "--conversations", 50, "--format", format)
        assert run.out == f"50 conversations written to {path}\n"
        assert cli("inspect", path, "--json").data["eligible"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["inspect", "missing.json"], "missing.json: cannot be opened: no such file"),
        (["estimate", "missing.json"], "missing.json: cannot be opened: no such file"),
        (["inspect", "Makefile"], "Makefile: "),
        (["estimate", "Makefile"], "Makefile: "),
        (["inspect", "lib"], "lib: "),
        (["estimate", "x", "--preset", "reckless"], "argument --preset: invalid choice"),
        (["estimate", "x", "--tier", "free"], "argument --tier: invalid choice"),
        (["estimate", "x", "--epochs", "0"], "argument --epochs: '0' is not right: it must be"),
        (["estimate", "x", "--epochs", "21"], "argument --epochs: '21' is not right: it must be"),
        (["estimate", "x", "--epochs", "9" * 5000], "argument --epochs: "),
        (["estimate", "x", "--batch-size", "2.5"], "argument --batch-size: '2.5' is not"),
        (["estimate", "x", "--set", "rank=4"], "argument --set: 'rank' is no hyperparameter: r, "),
        (["estimate", "x", "--set", "r=1e9"], "argument --set: '1e9' is not right: it must be a"),
        (["estimate", "x", "--set", "target_modules="], "argument --set: '' is not right: "),
        (["estimate", "x", "--engine", "local", "--tier", "spot"], "--tier: nothing is rented"),
        (["estimate", "x", "--pre", "balanced"], "unrecognized arguments: --pre"),
        (["sample", "x", "--conversations", "0"], "argument --conversations: "),
        (["sample", "/proc/nowhere/x"], "/proc/nowhere: "),
        (["inspect"], "the following arguments are required: FILE"),
        (["train"], "argument COMMAND: invalid choice"),
        (["\x1b[31m", "x"], "argument COMMAND: invalid choice: '\\x1b[31m'"),
        ([], "the following arguments are required: COMMAND"),
    ],
)
def test_whatever_is_wrong_is_told_on_one_line(cli: Make, arguments: list[str], said: str) -> None:
    assert cli(*arguments).refused().startswith(said)


def test_a_bad_setting_is_told_on_one_line(cli: Make, configure: Make, chat_file: Make) -> None:
    configure(LOCAL_HOURLY_RATE="cheap")
    assert cli("estimate", chat_file(50)).refused().startswith("LOCAL_HOURLY_RATE: ")


def test_a_reader_that_has_seen_enough_is_no_error(chat_file: Make) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "inspect", str(chat_file(60)), "--json"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()  # long before anything is printed
    assert process.stderr.read() == ""
    assert process.wait(30) == 0
    process.stderr.close()
