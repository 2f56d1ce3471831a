"""What a job has cost in the end: settled with its state, and corrected where more is known later.

Job, attempts, reservation and audit log say the same, always in one transaction.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func

from lib.db import budgets, jobs, work
from lib.domain.audit import ActionType
from lib.domain.money import usd
from lib.domain.states import TERMINAL, JobStatus
from lib.services import notifications


def end_job(
    connection: Connection,
    job: Row,
    to: JobStatus,
    message: str,
    cost: Decimal,
    *,
    actor_id: UUID | None = None,
    ip_address: str | None = None,
    **values: Any,
) -> None:
    """Moves a started job to a terminal state and settles its reservation, once.

    `actor_id` is who ended it, where it did not end by itself for the person whose job it is.
    Raises jobs.StaleState where the job has moved on since `job` was read.
    """
    assert to in TERMINAL and job.queued_at is not None
    jobs.transition(
        connection,
        job,
        to,
        message,
        actual_cost=cost,
        actual_duration_hours=work.hours_of_attempts(connection, job.id),
        ended_at=func.now(),
        lease_token=None,
        lease_expires_at=None,
        **values,
    )
    held = budgets.settle(connection, job.id, cost)
    if held is not None:
        budgets.audit(
            connection,
            ActionType.SETTLED,
            user_id=job.created_by,
            actor_id=actor_id or job.created_by,
            job_id=job.id,
            amount=cost,
            details={"status": str(to), "reserved": held},
            ip_address=ip_address,
        )


def correct_cost(
    connection: Connection,
    job: Row,
    attempt: Row,
    cost: Decimal,
    action: ActionType,
    why: str,
    figures: Mapping[str, Any],
) -> None:
    """The attempt has cost something else than was thought, and the job the sum of its attempts.

    `job` is locked by the caller, and need not have ended. `why` is told in the job's history.
    """
    work.write_attempt(connection, attempt.id, cost=cost)
    total = work.cost_of_attempts(connection, job.id)
    jobs.write(connection, job.id, actual_cost=total)
    budgets.correct(connection, job.id, total)
    told = f"{why}; the job has cost {usd(total)}"
    jobs.record(connection, job.id, str(action), told, data=figures)
    if total > job.actual_cost:
        notifications.budget_used(connection, job.created_by)
    budgets.audit(
        connection,
        action,
        user_id=job.created_by,
        actor_id=job.created_by,
        job_id=job.id,
        amount=total,
        details={**figures, "cost_before": str(job.actual_cost)},
    )
