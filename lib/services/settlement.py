"""The one way a started job ends: state, final cost, reservation and audit row together."""

from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, func

from lib.db import budgets, jobs, work
from lib.domain.states import TERMINAL, JobStatus


def end_job(
    connection: Connection, job: Row, to: JobStatus, message: str, cost: Decimal, **values: Any
) -> None:
    """Moves a started job to a terminal state and settles its reservation, once.

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
    if budgets.settle(connection, job.id, cost):
        budgets.audit(
            connection,
            "settled",
            user_id=job.created_by,
            actor_id=job.created_by,
            job_id=job.id,
            amount=cost,
            details={"status": str(to), "reserved": job.estimated_cost_max},
        )
