"""Queries about what the provider billed for attempts on its machines."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row, func, or_, select, update

from lib.db.tables import job_attempts, training_jobs

_ATTEMPT = job_attempts.c


def due(
    connection: Connection,
    engine: str,
    *,
    settled_after: timedelta,
    until: timedelta,
    every: timedelta,
    limit: int,
) -> list[Row]:
    """Attempts that ended at least `settled_after` and at most `until` ago and were not looked at
    within `every`, the longest neglected first; with the job's `gpu_pricing_tier`.
    """
    now = func.now()
    return list(
        connection.execute(
            select(job_attempts, training_jobs.c.gpu_pricing_tier)
            .join(training_jobs, training_jobs.c.id == _ATTEMPT.job_id)
            .where(
                _ATTEMPT.engine == engine,
                _ATTEMPT.ended_at.between(now - until, now - settled_after),
                _ATTEMPT.external_id.is_not(None),
                _ATTEMPT.started_at.is_not(None),
                or_(_ATTEMPT.bill_checked_at.is_(None), _ATTEMPT.bill_checked_at < now - every),
            )
            .order_by(_ATTEMPT.bill_checked_at.asc().nulls_first(), _ATTEMPT.ended_at)
            .limit(limit)
        )
    )


def lock(connection: Connection, attempt_id: UUID) -> Row:
    return connection.execute(
        select(job_attempts).where(_ATTEMPT.id == attempt_id).with_for_update()
    ).one()


def write(connection: Connection, attempt_id: UUID, billed: Decimal | None) -> None:
    """What the provider says now; nothing where it has not billed anything yet."""
    connection.execute(
        update(job_attempts)
        .where(_ATTEMPT.id == attempt_id)
        .values(billed=billed, bill_checked_at=func.now())
    )
