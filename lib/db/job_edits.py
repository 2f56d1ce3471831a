"""Queries about the history of a job's documentation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select

from lib.db.tables import job_edits, users


def add(
    connection: Connection,
    job_id: UUID,
    edited_by: UUID,
    edited_at: datetime,
    changes: Mapping[str, Any],
) -> None:
    """`changes` are {field: [before, after]}."""
    connection.execute(
        insert(job_edits).values(
            job_id=job_id, edited_by=edited_by, edited_at=edited_at, changes=dict(changes)
        )
    )


def of_job(
    connection: Connection, job_id: UUID, *, limit: int, since: datetime | None = None
) -> list[Row]:
    """The newest edits first, with their editors' names; `since` leaves out those until then."""
    query = (
        select(job_edits, users.c.name.label("editor_name"))
        .join(users, users.c.id == job_edits.c.edited_by)
        .where(job_edits.c.job_id == job_id)
        .order_by(job_edits.c.id.desc())
        .limit(limit)
    )
    if since is not None:
        query = query.where(job_edits.c.edited_at > since)
    return list(connection.execute(query))
