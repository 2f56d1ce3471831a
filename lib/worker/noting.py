"""What a run reports, written down on its job: progress, the states on its way, cost so far."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from lib.db import jobs, work
from lib.domain import spending_cap
from lib.domain.states import JobStatus
from lib.engines.base import Observation, RunState
from lib.services import notifications
from lib.worker import progress
from lib.worker.wording import place

#: The states on the way, and the fewest that a run must have been through.
_ON_THE_WAY = (JobStatus.PROVISIONING, JobStatus.STARTING, JobStatus.RUNNING)


def is_news(job: Row, attempt: Row, seen: Observation, cost: Decimal) -> bool:
    """Whether there is anything to write down; most looks at a run see what is known already."""
    return (
        bool(seen.events)
        or attempt.hinted_at is not None
        or (seen.offset, cost) != (attempt.events_offset, attempt.cost)
        or _is_before(job, _reached(seen))
    )


def write_down(
    connection: Connection, job: Row, attempt: Row, seen: Observation, cost: Decimal
) -> Row:
    """Progress, states on the way and cost so far; the job's row as it is then."""
    job = _advance(connection, job, attempt, seen)
    progress.record(connection, job.id, job.progress, seen.events)
    if (seen.offset, cost) != (attempt.events_offset, attempt.cost):
        work.write_attempt(connection, attempt.id, events_offset=seen.offset, cost=cost)
    if attempt.hinted_at is not None:
        work.hint_followed(connection, attempt.id, attempt.hinted_at)
    total = work.cost_of_attempts(connection, job.id)
    if total != job.actual_cost:
        jobs.write(connection, job.id, actual_cost=total)
        if total > job.estimated_cost_max:  # more than was reserved, so the month is used further
            notifications.budget_used(connection, job.created_by)
        if job.spending_cap is not None and spending_cap.is_near(job.spending_cap, total):
            notifications.cap_near(connection, job, total)
    return _read(connection, job)


def _advance(connection: Connection, job: Row, attempt: Row, seen: Observation) -> Row:
    """Takes the job, state by state, to the furthest that the run is known to have reached."""
    reached = _reached(seen)
    started = next((event for event in seen.events if event["kind"] == "started"), {})
    known = {**job.progress, **started}
    messages = _messages(attempt, known)
    while _is_before(job, reached):
        following = _ON_THE_WAY[_ON_THE_WAY.index(JobStatus(job.status)) + 1]
        started_at = job.started_at or attempt.started_at
        jobs.transition(connection, job, following, messages[following], started_at=started_at)
        if following is JobStatus.STARTING:
            notifications.job_started(connection, job, place(attempt.engine))
        elif job.checkpoint_recovery_count:
            step = known.get("resumed_from_step")
            notifications.job_recovered(connection, job, attempt.number, step)
        job = _read(connection, job)
    return job


def _reached(seen: Observation) -> JobStatus:
    kinds = {event["kind"] for event in seen.events}
    if "step" in kinds or seen.state is RunState.RUNNING:
        return JobStatus.RUNNING
    if "started" in kinds or seen.state in (RunState.STARTING, RunState.COMPLETED):
        return JobStatus.STARTING
    return JobStatus.PROVISIONING


def _is_before(job: Row, reached: JobStatus) -> bool:
    return _ON_THE_WAY.index(JobStatus(job.status)) < _ON_THE_WAY.index(reached)


def _messages(attempt: Row, started: Mapping[str, Any]) -> dict[JobStatus, str]:
    steps = f": {started['steps_total']} steps" if "steps_total" in started else ""
    return {
        JobStatus.STARTING: "The trainer is loading the model and the data",
        JobStatus.RUNNING: f"Training on {place(attempt.engine)}{steps}",
    }


def _read(connection: Connection, job: Row) -> Row:
    row = jobs.lock(connection, job.id)
    assert row is not None
    return row
