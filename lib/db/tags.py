"""Queries about the tags to choose from."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import job_tags
from lib.domain.metadata import PREDEFINED_TAGS


def known(connection: Connection) -> list[str]:
    """All tags: the predefined ones in their given order, then others by name."""
    names = set(connection.scalars(select(job_tags.c.name)))
    return [*(tag for tag in PREDEFINED_TAGS if tag in names), *sorted(names - {*PREDEFINED_TAGS})]


def keep(connection: Connection, tags: Sequence[str], user_id: UUID) -> None:
    """Makes new ones available for future jobs (FR1.3.1)."""
    if tags:
        connection.execute(
            upsert(job_tags).on_conflict_do_nothing(),
            # Sorted: two people who add the same tags at once wait for each other in one order.
            [{"name": tag, "created_by": user_id} for tag in sorted(tags)],
        )
