"""Queries about what a user has run before, to hold a new job against (FR1.3.2)."""

from uuid import UUID

from sqlalchemy import Connection, Row, or_, select

from lib.db.tables import training_jobs
from lib.domain.states import JobStatus


def newest(connection: Connection, user_id: UUID, file_id: UUID, preset: str) -> Row | None:
    """The newest completed job of the user with that training file or preset, or None.

    id, name, actual_cost and estimated_cost, in dollars.
    """
    job = training_jobs.c
    return connection.execute(
        select(job.id, job.name, job.actual_cost, job.estimated_cost)
        .where(
            job.created_by == user_id,
            job.status == JobStatus.COMPLETED,
            or_(job.training_file_id == file_id, job.preset == preset),
            job.estimated_cost.is_not(None),
        )
        .order_by(job.ended_at.desc(), job.id)
        .limit(1)
    ).one_or_none()


def has_started_any(connection: Connection, user_id: UUID) -> bool:
    """Whether the user has ever started a job, however it ended."""
    job = training_jobs.c
    started = select(job.id).where(job.created_by == user_id, job.queued_at.is_not(None))
    return bool(connection.scalar(select(started.exists())))
