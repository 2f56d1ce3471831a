"""A run that a cap ended goes on in another job, and its adapter is that of an unbroken run."""

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from lib import storage
from lib.db import files, jobs
from lib.db.connection import reading, transaction
from lib.engines.base import RunHandle, RunSpec
from lib.engines.local import LocalEngine
from lib.engines.names import run_name
from lib.services.continuation import prepare

Make = Callable[..., Any]
EPOCHS = 12


def submit(engine: LocalEngine, job_id: UUID) -> RunHandle:
    with reading() as connection:
        job = jobs.by_id(connection, job_id)
        file = files.by_id(connection, job.training_file_id)
    name = run_name(job_id, 1)
    run = RunSpec(
        name=name,
        job_id=job_id,
        attempt=1,
        sequences=storage.sequences_file(file.storage_key),
        hyperparameters=job.configuration["hyperparameters"],
        sequences_sha256=file.sequences_sha256,
    )
    return RunHandle(name, job_id, 1, engine.submit(run), Decimal(0), datetime.now(UTC))


def events(job_id: UUID) -> list[dict[str, Any]]:
    log = storage.run_folder(job_id) / "events.jsonl"
    return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []


def wait_for(job_id: UUID, kind: str, step: int = 0) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while True:
        for event in events(job_id):
            assert event["kind"] != "failed", event
            if event["kind"] == kind and event.get("step", 0) >= step:
                return event
        assert time.monotonic() < deadline, events(job_id)
        time.sleep(0.05)


def end(engine: LocalEngine, run: RunHandle) -> None:
    """Returns once nothing is left of the run's process."""
    while not engine.terminate(run):
        time.sleep(0.05)


def adapter_hash(job_id: UUID) -> str:
    folder = storage.run_folder(job_id) / "adapter"
    return hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()


def test_a_continued_run_ends_bit_identical_to_an_unbroken_one(queue: Make) -> None:
    engine = LocalEngine()
    unbroken, capped, continued = (queue(epochs=EPOCHS) for _ in range(3))
    whole = submit(engine, unbroken)

    run = submit(engine, capped)
    wait_for(capped, "step", 3)
    end(engine, run)
    stopped = wait_for(capped, "interrupted")["step"]
    wait_for(unbroken, "completed")
    end(engine, whole)
    total = wait_for(unbroken, "started")["steps_total"]
    assert 3 <= stopped < total

    with transaction() as connection:
        jobs.write(connection, continued, continues_id=capped)
    prepare(continued)
    rest = submit(engine, continued)
    wait_for(continued, "completed")
    end(engine, rest)
    assert wait_for(continued, "started")["resumed_from_step"] == stopped
    steps = [event["step"] for event in events(continued) if event["kind"] == "step"]
    assert steps == list(range(stopped + 1, total + 1))
    assert adapter_hash(continued) == adapter_hash(unbroken)
