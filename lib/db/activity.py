"""The log of what people did that is not about money, success and failure alike."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, insert, select

from lib.db.tables import activity_log


def record(
    connection: Connection,
    action: str,
    *,
    actor_id: UUID | None = None,
    subject: str | None = None,
    succeeded: bool = True,
    details: Mapping[str, Any] | None = None,
) -> None:
    connection.execute(
        insert(activity_log).values(
            actor_id=actor_id,
            action=action,
            subject=subject,
            succeeded=succeeded,
            details=dict(details or {}),
        )
    )


def record_once(connection: Connection, action: str, subject: str) -> None:
    """One row for each subject, however often it is seen."""
    seen = select(activity_log.c.id).where(
        activity_log.c.action == action, activity_log.c.subject == subject
    )
    if not connection.scalar(select(seen.exists())):
        record(connection, action, subject=subject)


def record_now_and_then(
    connection: Connection,
    action: str,
    subject: str,
    details: Mapping[str, Any],
    every: timedelta,
) -> None:
    """One failure of this kind within `every`, however often and by how many it is seen at once."""
    kind = f"{action} {subject} {sorted(details.items())}"
    alone = select(func.pg_try_advisory_xact_lock(func.hashtextextended(kind, 0)))
    if not connection.scalar(alone):
        return  # somebody is writing it down at this moment
    row = activity_log.c
    seen = select(row.id).where(
        row.action == action,
        row.at > func.now() - every,
        row.subject == subject,
        row.details == dict(details),
    )
    if not connection.scalar(select(seen.exists())):
        record(connection, action, subject=subject, succeeded=False, details=details)


def count(connection: Connection, action: str, actor_id: UUID, within: timedelta) -> int:
    """How often somebody has done it lately."""
    return connection.execute(
        select(func.count())
        .select_from(activity_log)
        .where(
            activity_log.c.actor_id == actor_id,
            activity_log.c.action == action,
            activity_log.c.at > func.now() - within,
        )
    ).scalar_one()
