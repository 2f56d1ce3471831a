"""One query for all that estimates and cards say about past jobs."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    and_,
    case,
    func,
    or_,
    select,
    text,
    union_all,
)

from lib.db.tables import training_jobs
from lib.domain.history import HISTORY_DAYS, INTERRUPTION_DAYS, VARIANCE, History, Tally
from lib.domain.offers import Tier
from lib.domain.states import JobStatus

_LEAST_ESTIMATE = Decimal("0.10")  # dollars; a share of less says nothing
_READ = (  # all in one index, so that no wide row is looked at
    *("queued_at", "ended_at", "status", "engine", "gpu_type", "gpu_pricing_tier", "preset"),
    *("actual_cost", "estimated_cost", "estimated_cost_min", "estimated_cost_max"),
    *("actual_duration_hours", "estimated_duration_hours", "checkpoint_recovery_count"),
)


def _ended_or_under_way() -> Subquery:
    job = training_jobs.c
    started = select(*(job[name] for name in _READ)).where(job.queued_at.is_not(None))
    longest = max(HISTORY_DAYS, INTERRUPTION_DAYS)
    return union_all(
        started.where(job.ended_at > func.now() - text(f"interval '{longest} days'")),
        started.where(job.ended_at.is_(None)),
    ).subquery()


@dataclass(frozen=True)
class Comparison:
    """Actual over estimated, less one, as an expression; is there one; is it inside the range."""

    error: ColumnElement[Decimal]
    possible: ColumnElement[bool]
    inside: ColumnElement[bool]


def comparison(job: Any) -> Comparison:
    """How the estimate of a completed job did; `job` has the columns of training_jobs.

    They are compared in dollars; a free run, and one whose estimate is below ten cents, in hours. A
    run that was cut short by `max_steps` counts like any other: so was its estimate.
    """
    in_dollars = job.estimated_cost >= _LEAST_ESTIMATE
    by_hours = job.actual_duration_hours / func.nullif(job.estimated_duration_hours, 0) - 1
    return Comparison(
        error=case((in_dollars, job.actual_cost / job.estimated_cost - 1), else_=by_hours),
        possible=or_(in_dollars, by_hours.is_not(None)),
        # To the cent: a run that costs exactly the most that was estimated is inside.
        inside=case(
            (in_dollars, job.actual_cost.between(job.estimated_cost_min, job.estimated_cost_max)),
            else_=func.abs(by_hours) <= VARIANCE,
        ),
    )


def read(connection: Connection) -> History:
    """Started jobs by engine, GPU, tier and preset, over the windows that the FRs state."""
    job = _ended_or_under_way().c
    recent = job.queued_at > func.now() - text(f"interval '{INTERRUPTION_DAYS} days'")
    ended = job.ended_at > func.now() - text(f"interval '{HISTORY_DAYS} days'")
    completed = and_(ended, job.status == JobStatus.COMPLETED)
    against = comparison(job)
    error, inside = func.abs(against.error), against.inside
    compared = and_(completed, against.possible)
    grouped = (job.engine, job.gpu_type, job.gpu_pricing_tier, job.preset)
    rows = connection.execute(
        select(
            *grouped,
            func.count().filter(completed).label("completed"),
            func.count().filter(ended, job.status == JobStatus.FAILED).label("failed"),
            func.count().filter(compared).label("compared"),
            func.count().filter(compared, inside).label("inside"),
            func.coalesce(func.sum(error).filter(compared), 0).label("error_sum"),
            func.count().filter(recent).label("recent"),
            func.count()
            .filter(recent, job.checkpoint_recovery_count > 0)
            .label("recent_interrupted"),
        )
        .where(
            # A row made by hand or by another version must not take every estimate down.
            job.gpu_pricing_tier.in_([str(tier) for tier in Tier]),
            job.preset.is_not(None),
        )
        .group_by(*grouped)
    )
    return History(
        tuple(
            Tally(
                engine=row.engine,
                gpu=row.gpu_type,
                tier=Tier(row.gpu_pricing_tier),
                preset=row.preset,
                completed=row.completed,
                failed=row.failed,
                compared=row.compared,
                inside=row.inside,
                error_sum=row.error_sum,
                recent=row.recent,
                recent_interrupted=row.recent_interrupted,
            )
            for row in rows
        )
    )
