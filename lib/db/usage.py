"""One query for how jobs have used the tiers, and what spot has saved."""

from uuid import UUID

from sqlalchemy import ColumnElement, Connection, and_, case, func, literal, select, text, true

from lib.db.tables import gpu_offers, training_jobs
from lib.domain.history import HISTORY_DAYS
from lib.domain.money import cents
from lib.domain.offers import H100_PCIE, PUBLISHED_RATES, Tier
from lib.domain.states import TERMINAL, JobStatus
from lib.domain.usage import TierUsage, Usage


def of_person(connection: Connection, user_id: UUID) -> Usage:
    """The jobs of one person that have ended in the last 90 days, by tier."""
    job = training_jobs.c
    recent = job.ended_at > func.now() - text(f"interval '{HISTORY_DAYS} days'")
    return of_jobs(connection, and_(job.created_by == user_id, recent))


def of_jobs(connection: Connection, wanted: ColumnElement[bool]) -> Usage:
    """The wanted jobs that have ended, by tier.

    A completed spot job saved its hours times the on-demand rate that was known when it was
    started, less what it cost. Before anything was fetched that is the published rate of the H100;
    jobs on other GPUs are then not compared.
    """
    job, offered = training_jobs.c, gpu_offers.c
    completed = job.status == JobStatus.COMPLETED
    on_spot = and_(completed, job.gpu_pricing_tier == str(Tier.SPOT))
    then = (
        select(offered.hourly_rate)
        .where(
            on_spot,
            offered.engine == job.engine,
            offered.gpu == job.gpu_type,
            offered.tier == str(Tier.ON_DEMAND),
            offered.fetched_at <= job.queued_at,
        )
        .order_by(offered.fetched_at.desc())
        .limit(1)
        .lateral("then")
    )
    published = case((job.gpu_type == H100_PCIE, literal(PUBLISHED_RATES[Tier.ON_DEMAND])))
    rate = func.coalesce(then.c.hourly_rate, published)
    saved = job.actual_duration_hours * rate - job.actual_cost
    rows = connection.execute(
        select(
            job.gpu_pricing_tier.label("tier"),
            func.count().label("ended"),
            func.count().filter(completed).label("completed"),
            func.count().filter(job.status == JobStatus.FAILED).label("failed"),
            func.sum(job.actual_cost).label("spent"),
            func.coalesce(func.sum(saved).filter(on_spot), 0).label("saved"),
            func.count(saved).filter(on_spot).label("comparable"),
        )
        .select_from(training_jobs.outerjoin(then, true()))
        .where(
            wanted,
            job.queued_at.is_not(None),
            job.status.in_(TERMINAL),
        )
        .group_by(job.gpu_pricing_tier)
    )
    return Usage(
        tuple(
            TierUsage(
                tier=Tier(row.tier),
                ended=row.ended,
                completed=row.completed,
                failed=row.failed,
                spent=row.spent,
                saved=cents(row.saved),
                comparable=row.comparable,
            )
            for row in rows
        )
    )
