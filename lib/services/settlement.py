"""The one way a started job ends: state, final cost, reservation and audit row together."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func

from lib.db import budgets, jobs, work
from lib.domain.audit import ActionType
from lib.domain.states import TERMINAL, JobStatus


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
