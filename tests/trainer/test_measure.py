"""The size of a training set, and how long a run will take, before it is started."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.runs import PROJECT, MakeConfig, conversations, events_of, run
from trainer import config as configs
from trainer.__main__ import main
from trainer.measure import summarise

COUNTING = """
import sys
from trainer.__main__ import main
code = main(["count-tokens", sys.argv[1]])
print(sorted({"torch", "transformers", "numpy"} & sys.modules.keys()))
sys.exit(code)
"""


def result(config: Path, name: str) -> dict[str, Any]:
    return json.loads((config.parent / name).read_bytes())


def test_tokens_are_counted_without_torch(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config(model_cache=str(tmp_path / "cache"))
    done = subprocess.run(
        [sys.executable, "-c", COUNTING, str(config)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
    assert not (tmp_path / "cache").exists()


def test_counts_are_those_of_the_training(make_config: MakeConfig, tmp_path: Path) -> None:
    config = make_config(max_steps=1, model_cache=str(tmp_path / "cache"))
    assert main(["count-tokens", str(config)]) == 0
    before = result(config, "tokens.json")
    assert main(["train", str(config)]) == 0
    [started] = events_of(config, "started")
    assert before["tokens_total"] == started["tokens_per_epoch"]
    assert before["target_tokens_total"] == started["target_tokens_per_epoch"]
    assert before["sequences"] == started["sequences"] == 12
    assert 0 < before["median"] <= before["longest"] < before["tokens_total"]
    assert main(["count-tokens", str(config)]) == 0
    assert result(config, "tokens.json") == before


def test_sequences_over_the_limit_are_listed(make_config: MakeConfig) -> None:
    rows = conversations(4)
    rows[2]["messages"][2]["content"] *= 10
    config = make_config(rows, max_sequence_tokens=300)
    assert main(["count-tokens", str(config)]) == 0
    counted = result(config, "tokens.json")
    assert counted["over_limit"] == [{"id": "c2", "tokens": counted["longest"]}]
    assert (counted["longest_id"], counted["limit"]) == ("c2", 300)


def step(number: int, tokens_seen: int, speed: float, elapsed: float) -> dict[str, Any]:
    return {
        "kind": "step",
        "step": number,
        "tokens_seen": tokens_seen,
        "tokens_per_second": speed,
        "elapsed_seconds": elapsed,
    }


def test_a_prediction_adds_up_start_steps_saves_and_the_end(make_config: MakeConfig) -> None:
    hyperparameters = {"num_train_epochs": 10}  # of 3 steps each
    config = configs.load(make_config(hyperparameters=hyperparameters, warmup_steps=1))
    events = [
        {"kind": "started", "sequences": 12, "tokens_per_epoch": 3000},
        step(1, 1000, 250.0, 12.0),  # 4 seconds, after 8 of start-up
        step(2, 2000, 1000.0, 13.0),
        {"kind": "checkpoint", "seconds": 0.5},
        step(3, 3500, 1000.0, 15.0),
        {"kind": "checkpoint", "seconds": 1.5},
        {"kind": "completed", "seconds": 17.5},
    ]
    assert summarise(config, events) == {
        "startup_seconds": 8.0,
        "seconds_per_step": 1.25,
        "tokens_per_second": 1000.0,
        "steps_measured": 2,
        "tokens_per_epoch": 3000,
        "steps_total": 30,
        "tokens_total": 30_000,
        "checkpoint_seconds": 1.0,
        "finish_seconds": 2.0,
        "predicted_seconds": 8 + 30 + 10 * 1.0 + 1.0,
    }


def test_a_measurement_predicts_the_wall_time_of_the_whole_run(make_config: MakeConfig) -> None:
    """Within 25 %, in one of three tries: the machine may be busy with other things."""
    rows = conversations(48, turns=2, words=60)
    missed = []
    for _ in range(3):
        config = make_config(rows, hyperparameters={"num_train_epochs": 3})
        assert run("measure", config).returncode == 0
        began = time.monotonic()
        assert run("train", config).returncode == 0
        seconds = time.monotonic() - began
        measurement = result(config, "measurement.json")
        [completed] = events_of(config, "completed")
        assert measurement["steps_measured"] == 20
        assert measurement["steps_total"] == completed["step"] == 36
        assert measurement["tokens_total"] == completed["tokens_seen"]
        assert not (config.parent / "measurement").exists()
        if measurement["predicted_seconds"] == pytest.approx(seconds, rel=0.25):
            return
        missed.append((measurement["predicted_seconds"], seconds))
    pytest.fail(f"predicted and real seconds: {missed}")


def test_a_run_shorter_than_the_measurement_is_measured_as_it_is(make_config: MakeConfig) -> None:
    config = make_config(max_steps=2)
    assert main(["measure", str(config)]) == 0
    measurement = result(config, "measurement.json")
    assert (measurement["steps_measured"], measurement["steps_total"]) == (1, 2)
    assert measurement["predicted_seconds"] > measurement["startup_seconds"] > 0
    assert events_of(config) == []


def test_a_measurement_that_fails_says_so_where_a_run_would(make_config: MakeConfig) -> None:
    config = make_config(max_sequence_tokens=10)
    assert main(["measure", str(config)]) == 2
    assert events_of(config, "failed")[0]["code"] == "sequence_too_long"
    assert not (config.parent / "measurement.json").exists()
