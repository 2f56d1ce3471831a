"""One query for how the presets have done."""

from sqlalchemy import Connection, Date, Numeric, and_, cast, func, select, text

from lib.db.tables import training_jobs
from lib.domain.offers import LOCAL_ENGINE
from lib.domain.preset_record import QUARTERS, QuarterRecord
from lib.domain.states import JobStatus

LEAST_ESTIMATE = 0.10  # dollars; a share of less says nothing


def read(connection: Connection) -> list[QuarterRecord]:
    """Completed and failed jobs of this quarter and those before it, the newest first.

    Quarters are those of UTC. A cancelled job says nothing about its preset.
    """
    job = training_jobs.c
    quarter = func.date_trunc("quarter", func.timezone("UTC", job.ended_at))
    this = func.date_trunc("quarter", func.timezone("UTC", func.now()))
    completed = job.status == JobStatus.COMPLETED
    estimated = cast(job.estimate["total"].astext, Numeric)
    rented = job.engine != LOCAL_ENGINE
    rows = connection.execute(
        select(
            job.preset,
            rented.label("rented"),
            cast(quarter, Date).label("quarter"),
            func.count().filter(completed).label("completed"),
            func.count().filter(job.status == JobStatus.FAILED).label("failed"),
            func.avg(job.actual_cost / func.nullif(estimated, 0) - 1)
            .filter(and_(completed, estimated >= LEAST_ESTIMATE))
            .label("difference"),
        )
        .where(
            job.queued_at.is_not(None),
            job.status.in_((JobStatus.COMPLETED, JobStatus.FAILED)),
            quarter > this - text(f"interval '{3 * QUARTERS} months'"),
        )
        .group_by(job.preset, rented, quarter)
        .order_by(quarter.desc())
    )
    return [QuarterRecord(**row._mapping) for row in rows]
