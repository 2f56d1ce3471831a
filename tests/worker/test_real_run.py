"""The whole way with the real trainer: file, measurement, run, kill -9, adapter."""

import hashlib
import json
import os
import signal
import time
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import psutil
import pytest
from sqlalchemy import update

from lib import engines, storage
from lib.db import files, jobs, measurements
from lib.db.connection import reading, transaction
from lib.db.tables import training_files
from lib.domain.presets import hyperparameters
from lib.worker.loop import Worker, run_until
from lib.worker.reconcile import Reconciler
from tests.worker.helpers import (
    attempts_of,
    events_of,
    job_row,
    settled_cost,
    states_of,
    told_of,
)

PARAMETERS = hyperparameters("conservative", {}).to_dict()
FAR_AWAY = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture(autouse=True)
def fresh_engine():
    engines.engine.cache_clear()


def test_a_file_is_enriched_measured_and_trained_to_an_adapter(queue):
    job_id = queue(rate="360.00")
    file_id = job_row(job_id).training_file_id
    with transaction() as connection:
        connection.execute(
            update(training_files).values(enrichment_status="processing", summary={})
        )
        key = files.by_id(connection, file_id).storage_key
        storage.sequences_file(key).unlink()
        request = {"storage_key": key, "hyperparameters": PARAMETERS}
        measurements.ask(connection, "measured", "local", request)
        jobs.write(connection, job_id, lease_expires_at=FAR_AWAY)  # first things first

    def prepared():
        with reading() as connection:
            measurement = measurements.by_key(connection, "measured")
            file = files.by_id(connection, file_id)
            return file.enrichment_status != "processing" and measurement.status != "pending"

    Worker().run(until=prepared)
    with transaction() as connection:
        file = files.by_id(connection, file_id)
        measurement = measurements.by_key(connection, "measured")
        jobs.write(connection, job_id, lease_expires_at=None)
    assert (file.enrichment_status, file.enrichment_error) == ("completed", None)
    assert file.summary["conversations"] == file.tokens["sequences"] == 6
    assert measurement.status == "completed", measurement.error
    assert measurement.result["tokens_per_epoch"] == file.tokens["tokens_total"]

    run_until(job_id)
    job = job_row(job_id)
    assert states_of(job_id)[-1] == "completed", job.failure_message
    assert job.progress["percent"] == 100
    assert job.actual_cost == settled_cost(job_id) > Decimal("0.10")
    with reading() as connection:
        steps = [row.step for row in jobs.metrics(connection, job_id)]
    assert steps == list(range(1, job.progress["steps_total"] + 1))
    archive = storage.runs_folder() / job.adapter_key
    assert hashlib.sha256(archive.read_bytes()).hexdigest() == job.adapter_sha256
    with zipfile.ZipFile(archive) as packed:
        assert packed.testzip() is None
        assert {"adapter_config.json", "adapter_model.safetensors"} <= set(packed.namelist())


def test_a_trainer_killed_in_the_middle_goes_on_from_its_last_checkpoint(queue):
    job_id, worker = queue(epochs=20), Reconciler()

    def tick_until(condition):
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline, events_of(job_id)
            worker.tick()
            time.sleep(0.05)

    tick_until(lambda: job_row(job_id).progress.get("checkpoint_step", 0) >= 4)
    pid = int(attempts_of(job_id)[0].external_id.split(":")[0])
    assert psutil.Process(pid).cmdline()[-1].endswith("config-1.json")
    os.kill(pid, signal.SIGKILL)
    tick_until(lambda: job_row(job_id).status in ("completed", "failed"))
    job = job_row(job_id)
    assert (job.status, job.checkpoint_recovery_count) == ("completed", 1), job.failure_message
    first, second = attempts_of(job_id)
    assert (first.outcome, second.outcome) == ("interrupted", "completed")
    resumed = job.progress["resumed_from_step"]
    assert resumed >= 4
    assert f"Resumed from step {resumed}" in [event.message for event in events_of(job_id)]
    log = storage.run_folder(job_id) / "events.jsonl"
    kept = [json.loads(line) for line in log.read_text().splitlines() if line.endswith("}")]
    assert [event["kind"] for event in kept].count("completed") == 1
    with reading() as connection:
        metrics = jobs.metrics(connection, job_id)
    assert [row.step for row in metrics] == list(range(1, job.progress["steps_total"] + 1))
    assert {row.attempt for row in metrics if row.step > resumed} == {2}
    told = told_of(job_id)
    assert [notice.kind for notice in told] == [
        *("job_started", "job_interrupted", "job_recovered", "job_completed"),
    ]
    assert told[0].title == "Training started for Job"
    assert f"went on from step {resumed}" in told[2].detail
