"""Queries about periodic tasks: which one is due, who runs it, how it ended.

A task is a row with the moment at which it is due, leased like all other work (`lib.db.leasing`).
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db import leasing
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
    due = (row.name.in_(names), row.due_at <= func.now())
    found = leasing.take(connection, row.name, token, lease, *due, first=(row.due_at,))
    return found.name if found else None


def finish(
    connection: Connection, name: str, token: UUID, due_in: timedelta, error: str | None
) -> bool:
    """Writes how the task ended and when it is due again, if `token` still holds it."""
    return leasing.finish(
        connection,
        periodic_tasks.c.name,
        name,
        token,
        due_at=func.now() + due_in,
        finished_at=func.now(),
        error=error,
    )


def last_error(connection: Connection, name: str) -> str | None:
    """Why the task failed when it ran last; None where it did not."""
    return connection.execute(
        select(periodic_tasks.c.error).where(periodic_tasks.c.name == name)
    ).scalar_one_or_none()


def last_success(connection: Connection, name: str) -> datetime | None:
    """When the task last ended; None where it never has, or failed then."""
    return connection.execute(
        select(periodic_tasks.c.finished_at).where(
            periodic_tasks.c.name == name, periodic_tasks.c.error.is_(None)
        )
    ).scalar_one_or_none()
