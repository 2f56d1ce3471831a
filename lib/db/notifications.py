"""Queries about notifications: each is written once, in the transaction of what it tells."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import chat_notifications, notification_preferences, notifications

row = notifications.c
_UNREAD = row.read_at.is_(None)


def add(connection: Connection, *, read: bool, **values: Any) -> bool:
    """A notification, unread unless `read`; False where the person has one of this key already."""
    written = (
        upsert(notifications)
        .values(**values, read_at=func.now() if read else None)
        .on_conflict_do_nothing()
        .returning(row.id)
    )
    return connection.scalar(written) is not None


def unread(connection: Connection, user_id: UUID, most: int) -> int:
    """How many are unread, counted no further than `most`."""
    found = select(row.id).where(row.user_id == user_id, _UNREAD).limit(most).subquery()
    return connection.execute(select(func.count()).select_from(found)).scalar_one()


def newest(connection: Connection, user_id: UUID, limit: int) -> list[Row]:
    """Unread ones first, each part newest first."""
    return list(
        connection.execute(
            select(notifications)
            .where(row.user_id == user_id)
            .order_by(_UNREAD.desc(), row.created_at.desc(), row.id.desc())
            .limit(limit)
        )
    )


def mark_read(connection: Connection, user_id: UUID, notification_id: int | None = None) -> int:
    """One of the person's, or with None all of them; how many were unread."""
    which = [row.user_id == user_id, _UNREAD]
    if notification_id is not None:
        which.append(row.id == notification_id)
    return connection.execute(
        update(notifications).where(*which).values(read_at=func.now())
    ).rowcount


def remove_read(connection: Connection, older_than: timedelta) -> int:
    """Forgets what was read that long ago; how many."""
    return connection.execute(
        delete(notifications).where(row.read_at < func.now() - older_than)
    ).rowcount


def preferences(connection: Connection, user_id: UUID) -> Mapping[tuple[str, str], bool]:
    """What a person has chosen, by kind and way; what is not there is as by default."""
    chosen = notification_preferences.c
    rows = connection.execute(
        select(chosen.kind, chosen.way, chosen.wanted).where(chosen.user_id == user_id)
    )
    return {(kind, way): wanted for kind, way, wanted in rows}


def prefer(connection: Connection, *, user_id: UUID, kind: str, way: str, wanted: bool) -> None:
    connection.execute(
        upsert(notification_preferences)
        .values(user_id=user_id, kind=kind, way=way, wanted=wanted)
        .on_conflict_do_update(index_elements=["user_id", "kind", "way"], set_={"wanted": wanted})
    )


def chat_kinds(connection: Connection) -> frozenset[str]:
    """What the team's chat is told of."""
    return frozenset(connection.scalars(select(chat_notifications.c.kind)))


def tell_chat(connection: Connection, kind: str, *, by: UUID) -> None:
    connection.execute(
        upsert(chat_notifications).values(kind=kind, set_by=by).on_conflict_do_nothing()
    )


def tell_chat_no_more(connection: Connection, kind: str) -> None:
    connection.execute(delete(chat_notifications).where(chat_notifications.c.kind == kind))
