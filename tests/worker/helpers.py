"""What the database says of a job, and what time and people do to it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row, select, update

from lib.db import jobs
from lib.db.connection import reading, transaction
from lib.db.tables import budget_reservations, notifications, training_jobs


def job_row(job_id: UUID) -> Row:
    with reading() as connection:
        return jobs.by_id(connection, job_id)


def attempts_of(job_id: UUID) -> list[Row]:
    with reading() as connection:
        return jobs.attempts(connection, job_id)


def events_of(job_id: UUID) -> list[Row]:
    with reading() as connection:
        return jobs.events(connection, job_id)


def states_of(job_id: UUID) -> list[str]:
    """The states that the job has been in, in order."""
    return [event.to_status for event in events_of(job_id) if event.to_status]


def settled_cost(job_id: UUID) -> Decimal | None:
    with reading() as connection:
        return (
            connection.execute(
                budget_reservations.select().where(budget_reservations.c.job_id == job_id)
            )
            .one()
            .settled_cost
        )


def told_of(job_id: UUID) -> list[Row]:
    """What somebody was notified of, in order."""
    with reading() as connection:
        row = notifications.c
        return list(
            connection.execute(select(notifications).where(row.job_id == job_id).order_by(row.id))
        )


def ask_to_cancel(job_id: UUID) -> None:
    with transaction() as connection:
        jobs.write(connection, job_id, cancel_requested_at=datetime.now(UTC))


def let_leases_run_out() -> None:
    """What time does after a worker was killed."""
    with transaction() as connection:
        connection.execute(
            update(training_jobs)
            .where(training_jobs.c.lease_expires_at.is_not(None))
            .values(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
