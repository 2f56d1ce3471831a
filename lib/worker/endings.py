"""How attempts and jobs end: always inside the caller's transaction, with the job's row locked."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row

from lib.db import jobs, work
from lib.domain import recovery
from lib.domain.money import ZERO
from lib.domain.offers import RECOVERY_ATTEMPTS
from lib.domain.recovery import Outcome, Tried
from lib.domain.states import JobStatus
from lib.services import notifications
from lib.services.settlement import end_job


def end_attempt(
    connection: Connection, attempt: Row, outcome: Outcome, cost: Decimal, ended_at: datetime
) -> None:
    work.write_attempt(connection, attempt.id, ended_at=ended_at, outcome=str(outcome), cost=cost)


def recover_or_give_up(
    connection: Connection,
    job: Row,
    attempt: Row,
    what: str,
    *,
    interrupted: bool = False,
    checkpoint_step: int | None = None,
    detail: str | None = None,
) -> None:
    """After an attempt whose run was lost: the next one, or the end of the job."""
    following = recovery.after(_tried(connection, job))
    if following.at is None:
        said = f" The last one said: {detail}" if detail else ""
        message = (
            f"{what}, and {RECOVERY_ATTEMPTS} further attempts did not get through either. "
            "Start a new job when the cause is found."
        )
        fail(connection, job, following.code or "error", message + said)
        return
    whence = "the beginning" if checkpoint_step is None else f"step {checkpoint_step}"
    told = f"{what}; going on from {whence} (recovery {following.recovery} of {RECOVERY_ATTEMPTS})"
    work.write_attempt(connection, attempt.id, retry_at=following.at)
    notifications.job_interrupted(connection, job, attempt.number, told)
    jobs.transition(
        connection,
        job,
        JobStatus.RECOVERING,
        told,
        kind="interrupted",
        data={"attempt": attempt.number, "detail": detail},
        actual_cost=work.cost_of_attempts(connection, job.id),
        checkpoint_recovery_count=job.checkpoint_recovery_count + interrupted,
    )


def wait_or_give_up(
    connection: Connection,
    job: Row,
    attempt: Row,
    outcome: Outcome,
    why: str,
    now: datetime,
    told_to_wait: timedelta = timedelta(),
) -> None:
    """After an attempt for which nothing was started, `why` being the provider's reason.

    The job goes on waiting in the state it is in; the first such attempt in a row is told of.
    """
    end_attempt(connection, attempt, outcome, ZERO, now)
    tried = _tried(connection, job)
    following = recovery.after(tried, told_to_wait)
    if following.at is None:
        message = f"{why} {_GAVE_UP[following.recovery > 0]}"
        fail(connection, job, following.code or "error", message)
        return
    work.write_attempt(connection, attempt.id, retry_at=following.at)
    if [one.outcome for one in tried[-2:-1]] != [outcome]:
        jobs.record(connection, job.id, "waiting", f"{why} It is tried again and again.")


_GAVE_UP = {
    False: "It was tried for hours. Nothing was spent; start again later or on another GPU.",
    True: "The job could not go on in time. Its checkpoints are kept; start it again later or on "
    "another GPU.",
}


def _tried(connection: Connection, job: Row) -> list[Tried]:
    """The job's attempts, all of which have ended, oldest first."""
    ended = jobs.attempts(connection, job.id)
    return [Tried(Outcome(row.outcome), row.created_at, row.ended_at) for row in ended]


def fail(connection: Connection, job: Row, code: str, message: str) -> None:
    """Ends the job as failed; `message` is for the person whose job it is."""
    end(connection, job, JobStatus.FAILED, message, failure_code=code, failure_message=message)


def end(connection: Connection, job: Row, to: JobStatus, message: str, **values: Any) -> None:
    """Ends the job at what its attempts have cost."""
    cost = work.cost_of_attempts(connection, job.id)
    code = values.get("failure_code")
    notifications.job_ended(connection, job, to, message, cost, code)
    end_job(connection, job, to, message, cost, **values)
