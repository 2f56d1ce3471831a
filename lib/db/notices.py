"""Notices that a user is shown once."""

from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import notices_seen


def first_time(connection: Connection, user_id: UUID, notice: str) -> bool:
    """Whether the user sees this notice now for the first time; it counts as seen then."""
    written = (
        upsert(notices_seen)
        .values(user_id=user_id, notice=notice)
        .on_conflict_do_nothing()
        .returning(notices_seen.c.notice)
    )
    return connection.scalar(written) is not None
