"""How attempts and jobs end: always inside the caller's transaction, with the job's row locked."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func

from lib.db import jobs, work
from lib.domain.offers import RECOVERY_ATTEMPTS
from lib.domain.states import JobStatus
from lib.services import notifications
from lib.services.settlement import end_job


def end_attempt(
    connection: Connection,
    attempt: Row,
    outcome: str,
    cost: Decimal,
    ended_at: datetime | None = None,
) -> None:
    """Outcomes: completed, failed, interrupted, gone, lost, refused, cancelled.

    `ended_at` is when the run itself said that it ended; without it, the end is now.
    """
    work.write_attempt(
        connection, attempt.id, ended_at=ended_at or func.now(), outcome=outcome, cost=cost
    )


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
    """After an attempt that came to nothing: the next one, or the end of the job."""
    cost = work.cost_of_attempts(connection, job.id)
    if attempt.number > RECOVERY_ATTEMPTS:
        message = (
            f"{what}, and {RECOVERY_ATTEMPTS} further attempts did not get through either. "
            "Start a new job when the cause is found."
        )
        said = f" The last one said: {detail}" if detail else ""
        fail(connection, job, "recoveries_exhausted", message + said)
        return
    whence = "the beginning" if checkpoint_step is None else f"step {checkpoint_step}"
    told = f"{what}; going on from {whence} (recovery {attempt.number} of {RECOVERY_ATTEMPTS})"
    notifications.job_interrupted(connection, job, attempt.number, told)
    jobs.transition(
        connection,
        job,
        JobStatus.RECOVERING,
        told,
        kind="interrupted",
        data={"attempt": attempt.number, "detail": detail},
        actual_cost=cost,
        checkpoint_recovery_count=job.checkpoint_recovery_count + interrupted,
    )


def fail(connection: Connection, job: Row, code: str, message: str) -> None:
    """Ends the job as failed; `message` is for the person whose job it is."""
    end(connection, job, JobStatus.FAILED, message, failure_code=code, failure_message=message)


def end(connection: Connection, job: Row, to: JobStatus, message: str, **values: Any) -> None:
    """Ends the job at what its attempts have cost."""
    cost = work.cost_of_attempts(connection, job.id)
    notifications.job_ended(connection, job, to, message, cost)
    end_job(connection, job, to, message, cost, **values)
