"""Every way to fail that can be brought about says what happened and what to do next."""

import fcntl
import os
import resource
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from safetensors.torch import load_file, save_file

from tests.trainer.runs import (
    MakeConfig,
    change_config,
    conversations,
    events_of,
    start,
    wait_for_step,
    write_lines,
)
from trainer import sequences, tiny_model
from trainer.__main__ import main
from trainer.errors import Code


def failure(config: Path, code: Code, exit_code: int) -> dict[str, Any]:
    """Runs `train`, which has to fail like that; returns the event."""
    assert main(["train", str(config)]) == exit_code
    failed = events_of(config)[-1]
    assert (failed["kind"], failed["code"]) == ("failed", code)
    assert failed["message"].endswith(".") and "Traceback" not in failed["message"]
    return failed


def test_changed_data(make_config: MakeConfig, capsys: pytest.CaptureFixture[str]) -> None:
    failed = failure(make_config(sequences_sha256="0" * 64), Code.DATA_CHANGED, 2)
    assert "Prepare the job again" in failed["message"]
    assert "Traceback" not in capsys.readouterr().err


def test_bad_data(make_config: MakeConfig) -> None:
    config = make_config()
    write_lines(config.with_name("sequences.jsonl"), [{"id": "x"}])
    assert failure(config, Code.BAD_DATA, 2)["message"].startswith("Line 1 ")


def test_a_sequence_that_is_too_long_is_named_and_nothing_is_cut(make_config: MakeConfig) -> None:
    rows = conversations(3)
    rows[1]["messages"][2]["content"] = "saving money " * 300
    config = make_config(rows, max_sequence_tokens=300)
    failed = failure(config, Code.SEQUENCE_TOO_LONG, 2)
    assert failed["message"].startswith("Conversation 'c1' has ")
    assert "at most 300 fit" in failed["message"] and "Nothing was cut" in failed["message"]
    assert not (config.parent / "checkpoints").exists()


def test_the_models_own_limit_holds_without_one_in_the_config(make_config: MakeConfig) -> None:
    rows = conversations(2)
    rows[0]["messages"][2]["content"] = " ".join(str(number) for number in range(20_000))
    assert "at most 8,192 fit" in failure(make_config(rows), Code.SEQUENCE_TOO_LONG, 2)["message"]


@pytest.mark.parametrize("name", ["/no/such/folder", "no-such-org/no-such-model"])
def test_a_base_model_that_is_not_there(
    make_config: MakeConfig, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    failed = failure(make_config(base_model=name), Code.MODEL_NOT_FOUND, 2)
    assert failed["message"].startswith(f"The base model {name} is not available")


@pytest.fixture
def broken_base(tmp_path: Path, make_config: MakeConfig) -> Path:
    """A folder with a base model to spoil."""
    rows, sha256 = sequences.read(make_config().with_name("sequences.jsonl"), None)
    return tiny_model.build(tmp_path / "base", rows, sha256)


def test_a_base_model_that_cannot_be_loaded(make_config: MakeConfig, broken_base: Path) -> None:
    (broken_base / "model.safetensors").unlink()
    failed = failure(make_config(base_model=str(broken_base)), Code.MODEL_NOT_FOUND, 2)
    assert "cannot be loaded" in failed["message"]


def test_modules_that_the_model_lacks(make_config: MakeConfig) -> None:
    config = make_config(hyperparameters={"target_modules": ["q_proj", "c_attn"]})
    assert "no module 'c_attn'" in failure(config, Code.BAD_CONFIG, 2)["message"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"seed": 7}, Code.BAD_CONFIG), ({"max_steps": 9}, Code.BAD_CONFIG)],
)
def test_a_run_cannot_go_on_with_another_config(
    make_config: MakeConfig, changes: dict[str, Any], code: Code
) -> None:
    config = make_config(max_steps=1)
    assert main(["train", str(config)]) == 0
    failed = failure(change_config(config, attempt=2, **changes), code, 2)
    assert f"another {next(iter(changes))}" in failed["message"]


def test_a_run_cannot_go_on_with_other_data(make_config: MakeConfig) -> None:
    config = make_config(max_steps=1)
    assert main(["train", str(config)]) == 0
    write_lines(config.with_name("sequences.jsonl"), conversations(5))
    failure(config, Code.DATA_CHANGED, 2)


def test_a_loss_that_is_no_number(
    make_config: MakeConfig, broken_base: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = load_file(broken_base / "model.safetensors")
    weights["model.norm.weight"].fill_(float("nan"))
    save_file(weights, broken_base / "model.safetensors", metadata={"format": "pt"})
    config = make_config(base_model=str(broken_base))
    assert "unstable at step 1" in failure(config, Code.ERROR, 1)["message"]
    assert not list((config.parent / "checkpoints").iterdir())
    assert "Traceback" not in capsys.readouterr().err


def test_a_second_trainer_on_the_same_run(make_config: MakeConfig) -> None:
    config = make_config()
    with (config.parent / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "Another trainer" in failure(config, Code.ERROR, 1)["message"]


def test_an_unexpected_error_shows_its_traceback_to_engineers(
    make_config: MakeConfig, capsys: pytest.CaptureFixture[str]
) -> None:
    config = make_config()
    (config.parent / "checkpoints").write_text("a file where a folder belongs")
    failed = failure(config, Code.ERROR, 1)
    assert failed["detail"].startswith("FileExistsError")
    assert "Traceback" in capsys.readouterr().err


@pytest.fixture
def small_files() -> Iterator[None]:
    """Lets this process write files of 100 kB at most: a real write error, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk(make_config: MakeConfig, request: pytest.FixtureRequest) -> None:
    config = make_config(max_steps=1)
    assert main(["train", str(config)]) == 0  # the tiny model is in the cache now
    shutil.rmtree(config.parent / "checkpoints")
    request.getfixturevalue("small_files")
    failure(config, Code.DISK_FULL, 1)
    assert list((config.parent / "checkpoints").iterdir()) == []


def test_no_memory(make_config: MakeConfig, started: list) -> None:
    config = make_config(conversations(8, turns=1, words=1500))
    process = start("train", config)
    started.append(process)
    wait_for_step(process, config, 1)
    used = int(Path(f"/proc/{process.pid}/statm").read_text().split()[0]) * os.sysconf(
        "SC_PAGESIZE"
    )
    resource.prlimit(process.pid, resource.RLIMIT_AS, (used, used))
    _, errors = process.communicate(timeout=60)
    failed = events_of(config)[-1]
    assert (process.returncode, failed["kind"]) == (1, "failed")
    assert failed["code"] == Code.OUT_OF_MEMORY, failed
    assert "Traceback" not in errors
