"""What tests of the trainer share: a cache for tiny models, and configs in folders of their own."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.runs import PRESETS, MakeConfig, conversations, write_lines
from trainer.interruption import SIGNALS


@pytest.fixture(autouse=True)
def own_process_is_left_as_it_was() -> Iterator[None]:
    """The trainer owns its process; in a test that calls it directly, that is pytest's."""
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    environment = dict(os.environ)
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model-cache")


@pytest.fixture(scope="session")
def make_config(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> MakeConfig:
    """`make_config(rows, seed=1, hyperparameters={"r": 4})` writes a config in a new run folder."""

    def make(rows: list[dict[str, Any]] | None = None, **changes: Any) -> Path:
        run_dir = tmp_path_factory.mktemp("run")
        sequences = write_lines(run_dir / "sequences.jsonl", rows or conversations())
        hyperparameters = PRESETS["balanced"] | changes.pop("hyperparameters", {})
        values = {
            "contract": 1,
            "job_id": "3f0c9a52-4f0e-4a52-8f0b-7a4c7a1f2d11",
            "attempt": 1,
            "run_dir": str(run_dir),
            "sequences": str(sequences),
            "base_model": "tiny",
            "model_cache": str(cache),
            "hyperparameters": hyperparameters,
            "threads": 1,
        }
        path = run_dir / "config.json"
        path.write_text(json.dumps(values | changes))
        return path

    return make


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    """Processes put in here do not outlive the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()
