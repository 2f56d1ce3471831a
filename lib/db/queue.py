"""What a waiting job waits for: the runs on its engine, and the jobs that were queued before it."""

from sqlalchemy import Connection, Row, and_, or_, select

from lib.db.tables import job_metrics, training_jobs
from lib.domain.states import ACTIVE, JobStatus


def ahead_of(connection: Connection, job: Row) -> list[Row]:
    """Jobs that have a place on the engine of this one, or get one before it, oldest first.

    `last_step_at` is when the job's newest step was trained; the order is the worker's own
    (`lib.db.work.jobs_before`).
    """
    other = training_jobs.c
    last_step_at = (
        select(job_metrics.c.at)
        .where(job_metrics.c.job_id == other.id)
        .order_by(job_metrics.c.step.desc())
        .limit(1)
        .scalar_subquery()
    )
    earlier = or_(
        other.queued_at < job.queued_at,
        and_(other.queued_at == job.queued_at, other.id < job.id),
    )
    waits_before = and_(
        other.status == JobStatus.QUEUED, other.cancel_requested_at.is_(None), earlier
    )
    return list(
        connection.execute(
            select(
                other.status,
                other.progress,
                other.started_at,
                other.estimated_duration_hours,
                last_step_at.label("last_step_at"),
            )
            .where(
                other.engine == job.engine,
                or_(other.status.in_(ACTIVE - {JobStatus.QUEUED}), waits_before),
            )
            .order_by(other.queued_at, other.id)
        )
    )
