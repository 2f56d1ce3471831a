"""Makers of runs, and the stand-in for the trainer."""

import sys
import time
from decimal import Decimal
from pathlib import Path
from uuid import UUID, uuid4

from lib.engines.base import RunHandle, RunSpec
from lib.engines.names import run_name


def standin_python(folder: Path) -> Path:
    """A program for TRAINER_PYTHON that does what the hyperparameters' plan says."""
    program = folder / "standin-python"
    script = Path(__file__).parent / "standin_trainer.py"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    program.chmod(0o755)
    return program


def spec(plan: str, *, job_id: UUID | None = None, attempt: int = 1, **options) -> RunSpec:
    job_id = job_id or uuid4()
    return RunSpec(
        name=run_name(job_id, attempt),
        job_id=job_id,
        attempt=attempt,
        sequences=Path("/nowhere"),
        sequences_sha256="0" * 64,
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
