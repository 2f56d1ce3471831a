"""From a queued or interrupted job to a run on its engine, with the row always written first.

The attempt is committed before the engine is asked, and the engine is asked once. Whatever
happens in between, the run's name tells later whether it exists.
"""

import logging
from collections.abc import MutableMapping
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row

from lib import engines, storage
from lib.db import files, jobs, work
from lib.domain import spending_cap
from lib.domain.money import ZERO
from lib.domain.offers import LOCAL_ENGINE, Tier
from lib.domain.recovery import Outcome
from lib.domain.states import JobStatus
from lib.engines.base import Engine, Rental, RunSpec
from lib.engines.errors import (
    NoCapacity,
    ProviderProblem,
    RateLimited,
    SubmitRefused,
    Undecided,
    Unreachable,
)
from lib.engines.names import run_name
from lib.services import continuation, pod_exchange
from lib.worker import concluding, endings
from lib.worker.leases import JobLease
from lib.worker.wording import describe, place

DOUBT = timedelta(seconds=3)  # between the two look-ups after which a run counts as never started

log = logging.getLogger(__name__)


def launch(lease: JobLease) -> None:
    """Starts the job's next attempt when it is its turn."""
    last = lease.attempt
    if last is not None and last.retry_at is not None and lease.now() < last.retry_at:
        return
    engine = engines.engine(lease.job.engine)
    with lease.writing() as (connection, job):
        if job.cancel_requested_at is not None:
            return
        if job.status == JobStatus.QUEUED and not _is_its_turn(connection, engine, job):
            return
        spent = work.cost_of_attempts(connection, job.id)
        seconds = _seconds_left(job, spent)
        if seconds == 0:
            concluding.end_at_cap(connection, job, spent)
            return
        attempt = _write_intent(connection, job, last, lease.now())
        file = files.by_id(connection, job.training_file_id)
        assert file is not None
    _submit(lease, engine, job, attempt, file, seconds)


def resolve_doubt(lease: JobLease, attempt: Row, missed: MutableMapping[UUID, datetime]) -> None:
    """Finds out whether a run that was to be started exists, after a crash or an error.

    `missed` remembers, for this process, when an attempt's run was looked for first in vain.
    """
    try:
        found = engines.engine(attempt.engine).find(attempt.external_name, attempt.claimed_id)
    except Undecided:
        return  # asked again
    if found is not None:
        log.info("%s: found, going on with it", attempt.external_name)
        missed.pop(attempt.id, None)
        _write_started(lease, attempt, found)
    elif attempt.id not in missed:
        missed[attempt.id] = lease.now()
    elif lease.now() - missed[attempt.id] >= DOUBT:
        log.warning("%s: was never started", attempt.external_name)
        missed.pop(attempt.id)
        with lease.writing() as (connection, job):
            endings.end_attempt(connection, attempt, Outcome.LOST, ZERO, lease.now())
            endings.recover_or_give_up(
                connection,
                job,
                attempt,
                "The run did not start",
                checkpoint_step=concluding.checkpoint_step(connection, job),
            )


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


def _seconds_left(job: Row, spent: Decimal) -> int | None:
    """How long the attempt may go on until the cap is reached; the trainer keeps to it as well."""
    if job.spending_cap is None:
        return None
    return spending_cap.seconds_left(job.spending_cap, spent, job.gpu_hourly_rate)


def _write_intent(connection: Connection, job: Row, last: Row | None, now: datetime) -> Row:
    number = 1 if last is None else last.number + 1
    attempt = work.add_attempt(
        connection,
        job_id=job.id,
        number=number,
        engine=job.engine,
        external_name=run_name(job.id, number),
        hourly_rate=job.gpu_hourly_rate,
        created_at=now,
        events_offset=0 if last is None else last.events_offset,
    )
    if job.status != JobStatus.PROVISIONING:  # else it has been waiting for a free machine
        again = " again" if number > 1 else ""
        message = f"Starting on {place(job.engine)}{again}"
        jobs.transition(connection, job, JobStatus.PROVISIONING, message)
    return attempt


def _submit(
    lease: JobLease, engine: Engine, job: Row, attempt: Row, file: Row, seconds: int | None
) -> None:
    try:
        try:
            run = _run(lease, job, attempt, file, seconds)
        except pod_exchange.ExchangeProblem as problem:  # before anything was ordered
            raise Unreachable(str(problem)) from problem
        external_id = engine.submit(run)
    except SubmitRefused as refusal:
        log.warning("%s: refused, %s", attempt.external_name, describe(refusal))
        with lease.writing() as (connection, locked):
            if refusal.external_id is not None:  # by which the bill is asked for
                work.write_run(connection, attempt, refusal.external_id)
            endings.end_attempt(connection, attempt, Outcome.REFUSED, ZERO, lease.now())
            endings.fail(connection, locked, refusal.code, str(refusal))
    except (NoCapacity, RateLimited, Unreachable) as problem:
        log.info("%s: not started, %s", attempt.external_name, describe(problem))
        _write_not_started(lease, attempt, problem)
    except Exception as error:  # noqa: BLE001  whatever it was: the run may exist, or not
        log.warning("%s: in doubt, %s", attempt.external_name, describe(error))
    else:
        log.info("%s: started", attempt.external_name)
        _write_started(lease, attempt, external_id)


def _run(lease: JobLease, job: Row, attempt: Row, file: Row, seconds: int | None) -> RunSpec:
    if job.continues_id is not None:
        continuation.prepare(job.id)
    return RunSpec(
        name=attempt.external_name,
        job_id=job.id,
        attempt=attempt.number,
        sequences=storage.sequences_file(file.storage_key),
        hyperparameters=job.configuration["hyperparameters"],
        max_steps=job.configuration.get("max_steps"),
        sequences_sha256=file.sequences_sha256,
        max_seconds=seconds,
        rental=None if job.engine == LOCAL_ENGINE else _rental(job, attempt, file),
        is_ours=lease.is_held,
    )


def _rental(job: Row, attempt: Row, file: Row) -> Rental:
    most = job.spending_cap if job.spending_cap is not None else job.estimated_cost_max
    return Rental(
        gpu=job.gpu_type,
        tier=Tier(job.gpu_pricing_tier),
        hourly_rate=attempt.hourly_rate,
        max_dollars=most - job.actual_cost,
        exchange=pod_exchange.open_exchange(attempt, file),
    )


def _write_started(lease: JobLease, attempt: Row, external_id: str) -> None:
    with lease.writing() as (connection, _):
        work.write_run(connection, attempt, external_id)


def _write_not_started(lease: JobLease, attempt: Row, problem: ProviderProblem) -> None:
    outcome = Outcome.NO_CAPACITY if isinstance(problem, NoCapacity) else Outcome.NOT_SENT
    wait = problem.after if isinstance(problem, RateLimited) else timedelta()
    with lease.writing() as (connection, job):
        endings.wait_or_give_up(connection, job, attempt, outcome, str(problem), lease.now(), wait)
