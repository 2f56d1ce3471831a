"""A data folder of its own for every test, and a stand-in for the trainer on request."""

import os
import signal
import sys
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from lib.engines.base import RunHandle, RunSpec
from lib.engines.local import LocalEngine
from lib.engines.names import run_name
from lib.settings import settings


@pytest.fixture(autouse=True)
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    settings.cache_clear()


@pytest.fixture
def standin(tmp_path, monkeypatch):
    """TRAINER_PYTHON is a program that does what the hyperparameters' plan says."""
    program = tmp_path / "standin-python"
    script = Path(__file__).parent / "standin_trainer.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    program.chmod(0o755)
    monkeypatch.setenv("TRAINER_PYTHON", str(program))
    settings.cache_clear()


@pytest.fixture
def local(standin):
    """A local engine; whatever it has started is ended after the test."""
    engine = LocalEngine()
    yield engine
    for child in engine._children.values():
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def spec(plan: str, *, job_id: UUID | None = None, attempt: int = 1, **options) -> RunSpec:
    job_id = job_id or uuid4()
    return RunSpec(
        name=run_name(job_id, attempt),
        job_id=job_id,
        attempt=attempt,
        sequences=Path("/nowhere"),
        hyperparameters={"plan": plan, **options},
    )


def handle(run: RunSpec, external_id: str | None, rate="0.00", started_at=None) -> RunHandle:
    return RunHandle(run.name, run.job_id, run.attempt, external_id, Decimal(rate), started_at)


def eventually(condition, seconds: float = 10.0):
    """Waits until the condition holds, and returns what it gave."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return value
