"""From a queued or interrupted job to a run on its engine, with the row always written first.

The attempt is committed before the engine is asked, and the engine is asked once. Whatever
happens in between, the run's name tells later whether it exists.
"""

import logging
import time
from collections.abc import MutableMapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, Row

from lib import engines, storage
from lib.db import files, jobs, work
from lib.domain.money import ZERO
from lib.domain.states import JobStatus
from lib.engines.base import Engine, RunSpec
from lib.engines.errors import SubmitRefused
from lib.engines.names import run_name
from lib.worker import endings
from lib.worker.leases import JobLease
from lib.worker.wording import describe, place

DOUBT_SECONDS = 3.0  # between the two look-ups after which a run counts as never started
BACKOFF = timedelta(seconds=1)  # doubled with every further attempt

log = logging.getLogger(__name__)


def launch(lease: JobLease) -> None:
    """Starts the job's next attempt when it is its turn."""
    if lease.job.status == JobStatus.RECOVERING and not _has_paused(lease.attempt):
        return
    engine = engines.engine(lease.job.engine)
    with lease.writing() as (connection, job):
        if job.cancel_requested_at is not None:
            return
        if job.status == JobStatus.QUEUED and not _is_its_turn(connection, engine, job):
            return
        attempt = _write_intent(connection, job, lease.attempt)
        file = files.by_id(connection, job.training_file_id)
        assert file is not None
    run = RunSpec(
        name=attempt.external_name,
        job_id=job.id,
        attempt=attempt.number,
        sequences=storage.sequences_file(file.storage_key),
        hyperparameters=job.configuration["hyperparameters"],
        max_steps=job.configuration.get("max_steps"),
        sequences_sha256=file.sequences_sha256,
    )
    _submit(lease, engine, attempt, run)


def resolve_doubt(lease: JobLease, attempt: Row, missed: MutableMapping[UUID, float]) -> None:
    """Finds out whether a run that was to be started exists, after a crash or an error.

    `missed` remembers, for this process, when an attempt's run was looked for first in vain.
    """
    found = engines.engine(attempt.engine).find(attempt.external_name)
    now = time.monotonic()
    if found is not None:
        log.info("%s: found, going on with it", attempt.external_name)
        missed.pop(attempt.id, None)
        _write_started(lease, attempt, found)
    elif attempt.id not in missed:
        missed[attempt.id] = now
    elif now - missed[attempt.id] >= DOUBT_SECONDS:
        log.warning("%s: was never started", attempt.external_name)
        missed.pop(attempt.id)
        with lease.writing() as (connection, job):
            endings.end_attempt(connection, attempt, "lost", ZERO)
            endings.recover_or_give_up(connection, job, attempt, "The run did not start")


def _has_paused(attempt: Row | None) -> bool:
    """Whether an interrupted job has waited long enough for its next attempt."""
    if attempt is None:
        return True
    pause: timedelta = BACKOFF * 2 ** (attempt.number - 1)
    return datetime.now(UTC) >= attempt.ended_at + pause


def _is_its_turn(connection: Connection, engine: Engine, job: Row) -> bool:
    """Whether the engine has a place for this job; those that were queued earlier come first."""
    work.lock_engine(connection, engine.name)
    if work.measurement_goes_first(connection, engine.name, job.queued_at):
        return False
    capacity = engine.capacity()
    if capacity is None:
        return True
    free = capacity - work.jobs_on_engine(connection, engine.name)
    return work.jobs_before(connection, job) < free


def _write_intent(connection: Connection, job: Row, last: Row | None) -> Row:
    number = 1 if last is None else last.number + 1
    attempt = work.add_attempt(
        connection,
        job_id=job.id,
        number=number,
        engine=job.engine,
        external_name=run_name(job.id, number),
        hourly_rate=job.gpu_hourly_rate,
        events_offset=0 if last is None else last.events_offset,
    )
    again = f" again, attempt {number}" if number > 1 else ""
    message = f"Starting on {place(job.engine)}{again}"
    jobs.transition(connection, job, JobStatus.PROVISIONING, message)
    return attempt


def _submit(lease: JobLease, engine: Engine, attempt: Row, run: RunSpec) -> None:
    try:
        external_id = engine.submit(run)
    except SubmitRefused as refusal:
        log.warning("%s: refused, %s", run.name, describe(refusal))
        with lease.writing() as (connection, job):
            endings.end_attempt(connection, attempt, "refused", ZERO)
            endings.fail(connection, job, refusal.code, str(refusal))
    except Exception as error:  # noqa: BLE001  whatever it was: the run may exist, or not
        log.warning("%s: in doubt, %s", run.name, describe(error))
    else:
        log.info("%s: started", run.name)
        _write_started(lease, attempt, external_id)


def _write_started(lease: JobLease, attempt: Row, external_id: str) -> None:
    with lease.writing() as (connection, _):
        work.write_attempt(
            connection, attempt.id, external_id=external_id, started_at=attempt.created_at
        )
