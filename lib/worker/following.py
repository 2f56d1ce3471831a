"""A live run: what it reports is written down, what it became decides how its job goes on."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from lib import engines
from lib.db import jobs, work
from lib.domain.states import JobStatus
from lib.engines.base import Observation, RunHandle, RunState
from lib.services import notifications
from lib.worker import endings, progress
from lib.worker.archive import Archive, archive_adapter
from lib.worker.leases import JobLease
from lib.worker.wording import place

_OVER = {RunState.COMPLETED, RunState.FAILED, RunState.INTERRUPTED, RunState.GONE}
#: The states on the way, and the fewest that a run must have been through.
_ON_THE_WAY = (JobStatus.PROVISIONING, JobStatus.STARTING, JobStatus.RUNNING)


def follow(lease: JobLease, attempt: Row) -> None:
    """Writes down what the run has done since, and ends the attempt when it is over."""
    engine, run = engines.engine(attempt.engine), _handle(attempt)
    if attempt.interrupt_requested_at is not None:
        engine.terminate(run)  # a rehearsal: what is seen next is an interruption like any other
    seen = engine.observe(run, attempt.events_offset)
    if seen.state in _OVER and not engine.terminate(run):
        return  # read again, and written down, when nothing of it is left
    archive = None
    if seen.state is RunState.COMPLETED:
        seen, archive = _archive(lease, seen)
    cost = engine.cost(run, datetime.now(UTC))
    with lease.writing() as (connection, job):
        if seen.state in _OVER and job.cancel_requested_at is not None:
            return  # the request came first
        job = _write_down(connection, job, attempt, seen, cost)
        if seen.state in _OVER:
            ended_at = _ended_at(attempt, seen)
            endings.end_attempt(connection, attempt, str(seen.state), cost, ended_at)
            _end(connection, job, attempt, seen, archive)


def cancel(lease: JobLease) -> None:
    """Ends the live run, if there is one; the job is cancelled once nothing of it is left."""
    attempt = lease.live_attempt
    if attempt is None:
        with lease.writing() as (connection, job):
            endings.end(connection, job, JobStatus.CANCELLED, "Cancelled")
        return
    engine, run = engines.engine(attempt.engine), _handle(attempt)
    gone = engine.terminate(run)
    seen = engine.observe(run, attempt.events_offset)
    cost = engine.cost(run, datetime.now(UTC))
    with lease.writing() as (connection, job):
        job = _write_down(connection, job, attempt, seen, cost)
        if gone:
            endings.end_attempt(connection, attempt, "cancelled", cost)
            endings.end(connection, job, JobStatus.CANCELLED, "Cancelled; the run has ended")


def _handle(attempt: Row) -> RunHandle:
    return RunHandle(
        name=attempt.external_name,
        job_id=attempt.job_id,
        attempt=attempt.number,
        external_id=attempt.external_id,
        hourly_rate=attempt.hourly_rate,
        started_at=attempt.started_at,
    )


def _archive(lease: JobLease, seen: Observation) -> tuple[Observation, Archive | None]:
    try:
        return seen, archive_adapter(lease.job.id)
    except FileNotFoundError:
        message = "The run was completed, but its adapter is missing. Start a new job."
        failed = replace(
            seen,
            state=RunState.FAILED,
            failure_code="adapter_missing",
            failure_message=message,
        )
        return failed, None


def _ended_at(attempt: Row, seen: Observation) -> datetime | None:
    """The time of the run's last event, so that what a run took does not include our polling.

    None where the clocks disagree so much that the run would have ended before it began, or will
    end in the future.
    """
    said = seen.events[-1].get("at") if seen.events else None
    try:
        ended_at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    now = datetime.now(UTC)
    return ended_at if ended_at.tzinfo and attempt.started_at <= ended_at <= now else None


def _write_down(
    connection: Connection, job: Row, attempt: Row, seen: Observation, cost: Decimal
) -> Row:
    """Progress, states on the way and cost so far; the job's row as it is then."""
    job = _advance(connection, job, attempt, seen)
    progress.record(connection, job.id, job.progress, seen.events)
    if (seen.offset, cost) != (attempt.events_offset, attempt.cost):
        work.write_attempt(connection, attempt.id, events_offset=seen.offset, cost=cost)
    total = work.cost_of_attempts(connection, job.id)
    if total != job.actual_cost:
        jobs.write(connection, job.id, actual_cost=total)
        if total > job.estimated_cost_max:  # more than was reserved, so the month is used further
            notifications.budget_used(connection, job.created_by)
    return _read(connection, job)


def _advance(connection: Connection, job: Row, attempt: Row, seen: Observation) -> Row:
    """Takes the job, state by state, to the furthest that the run is known to have reached."""
    started = next((event for event in seen.events if event["kind"] == "started"), {})
    trained = any(event["kind"] == "step" for event in seen.events)
    reached = JobStatus.PROVISIONING
    if started or seen.state in (RunState.STARTING, RunState.COMPLETED):
        reached = JobStatus.STARTING
    if trained or seen.state is RunState.RUNNING:
        reached = JobStatus.RUNNING
    known = {**job.progress, **started}
    messages = _messages(attempt, known)
    while _ON_THE_WAY.index(JobStatus(job.status)) < _ON_THE_WAY.index(reached):
        following = _ON_THE_WAY[_ON_THE_WAY.index(JobStatus(job.status)) + 1]
        started_at = job.started_at or attempt.started_at
        jobs.transition(connection, job, following, messages[following], started_at=started_at)
        if following is JobStatus.STARTING:
            notifications.job_started(connection, job, place(attempt.engine))
        elif attempt.number > 1:
            step = known.get("resumed_from_step")
            notifications.job_recovered(connection, job, attempt.number, step)
        job = _read(connection, job)
    return job


def _messages(attempt: Row, started: Mapping[str, Any]) -> dict[JobStatus, str]:
    steps = f": {started['steps_total']} steps" if "steps_total" in started else ""
    return {
        JobStatus.STARTING: "The trainer is loading the model and the data",
        JobStatus.RUNNING: f"Training on {place(attempt.engine)}{steps}",
    }


def _end(
    connection: Connection, job: Row, attempt: Row, seen: Observation, archive: Archive | None
) -> None:
    """What the end of its attempt means for the job."""
    step = job.progress.get("step")
    if archive is not None:
        endings.end(
            connection,
            job,
            JobStatus.COMPLETED,
            f"Completed after {step} steps" if step else "Completed",
            adapter_key=archive.key,
            adapter_sha256=archive.sha256,
        )
    elif seen.state is RunState.FAILED:
        message = seen.failure_message or "The run failed and gave no reason."
        endings.fail(connection, job, seen.failure_code or "error", message)
    else:
        reached = f" after step {step}" if step else ""
        endings.recover_or_give_up(
            connection,
            job,
            attempt,
            f"The run was interrupted{reached}",
            interrupted=True,
            checkpoint_step=job.progress.get("checkpoint_step"),
            detail=seen.failure_message,
        )


def _read(connection: Connection, job: Row) -> Row:
    row = jobs.lock(connection, job.id)
    assert row is not None
    return row
