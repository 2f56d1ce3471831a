"""The size of a training set, and how long a run will take, before it is started."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from runs import PROJECT, MakeConfig, conversations, events_of, run

from trainer.__main__ import main

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


def test_a_measurement_predicts_the_wall_time_of_the_whole_run(make_config: MakeConfig) -> None:
    options = {"hyperparameters": {"num_train_epochs": 6}, "threads": 1}
    config = make_config(conversations(48, turns=3, words=120), **options)
    measured = run("measure", config)
    assert measured.returncode == 0, measured.stderr
    began = time.monotonic()
    assert run("train", config).returncode == 0
    seconds = time.monotonic() - began
    measurement = result(config, "measurement.json")
    # On a quiet machine it is within 15 %; tests may run on a busy one.
    assert measurement["predicted_seconds"] == pytest.approx(seconds, rel=0.4)
    assert measurement["steps_measured"] == 20
    assert measurement["steps_total"] == 72
    [started], [completed] = events_of(config, "started"), events_of(config, "completed")
    assert measurement["tokens_per_epoch"] == started["tokens_per_epoch"]
    assert measurement["tokens_total"] == completed["tokens_seen"]
    assert not (config.parent / "measurement").exists()


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
