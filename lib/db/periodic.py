"""Queries about periodic tasks: which one is due, who runs it, how it ended.

A task is a row with the moment at which it is due. Leases live by the database's clock, as in
`lib.db.work`, whose `renew` prolongs them.
"""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import periodic_tasks


def register(connection: Connection, names: Collection[str]) -> None:
    """Makes the rows of tasks that have none yet; these are due at once."""
    connection.execute(
        upsert(periodic_tasks).on_conflict_do_nothing(), [{"name": name} for name in names]
    )


def lease_due(
    connection: Connection, names: Collection[str], token: UUID, lease: timedelta
) -> str | None:
    """The name of the task that has been due longest and nobody runs, now held by `token`."""
    row = periodic_tasks.c
    candidate = (
        select(row.name)
        .where(
            row.name.in_(names),
            row.due_at <= func.now(),
            or_(row.lease_expires_at.is_(None), row.lease_expires_at < func.now()),
        )
        .order_by(row.due_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return connection.execute(
        update(periodic_tasks)
        .where(row.name == candidate)
        .values(lease_token=token, lease_expires_at=func.now() + lease)
        .returning(row.name)
    ).scalar_one_or_none()


def finish(
    connection: Connection, name: str, token: UUID, due_in: timedelta, error: str | None
) -> bool:
    """Writes how the task ended and when it is due again, if `token` still holds it."""
    row = periodic_tasks.c
    return (
        connection.execute(
            update(periodic_tasks)
            .where(row.name == name, row.lease_token == token)
            .values(
                due_at=func.now() + due_in,
                finished_at=func.now(),
                error=error,
                lease_token=None,
                lease_expires_at=None,
            )
        ).rowcount
        == 1
    )


def last_error(connection: Connection, name: str) -> str | None:
    """Why the task failed when it ran last; None where it did not."""
    return connection.execute(
        select(periodic_tasks.c.error).where(periodic_tasks.c.name == name)
    ).scalar_one_or_none()
