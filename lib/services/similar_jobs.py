"""How an earlier job like this one came out: confidence in an estimate (FR1.3.2)."""

from uuid import UUID

from sqlalchemy import Connection

from lib.db import similar_jobs
from lib.domain.review import SimilarJob


def newest(connection: Connection, owner_id: UUID, file_id: UUID, preset: str) -> SimilarJob | None:
    """The owner's newest completed job with the same training file or preset; None without one."""
    row = similar_jobs.newest(connection, owner_id, file_id, preset)
    if row is None:
        return None
    return SimilarJob(str(row.id), row.name, row.actual_cost, row.estimated_cost)
