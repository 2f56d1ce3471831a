"""What each month was projected to come to in its middle, as the daily task would have kept it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, select

from lib.db import spending
from lib.db.tables import budget_reservations, training_jobs
from lib.domain.budget import Budget, next_month
from lib.domain.money import ZERO
from lib.domain.spending import MIDDLE_DAY, project
from lib.services.spending import DAYS_BEHIND
from lib.settings import settings


@dataclass(frozen=True)
class _Job:
    month: date
    queued_on: date
    ended_on: date
    amount: Decimal
    cost: Decimal


def add_forecasts(
    connection: Connection, limits: Mapping[UUID, Sequence[tuple[date, Decimal]]], today: date
) -> None:
    """A projection a person and month, for each middle of a month that has passed."""
    for user_id, known in limits.items():
        jobs = _jobs(connection, user_id)
        month = known[0][0]
        while (middle := month.replace(day=MIDDLE_DAY)) < today:
            if projected := _projected(jobs, month, middle):
                spending.keep_forecast(connection, user_id, month, middle, projected)
            month = next_month(month)


def _jobs(connection: Connection, user_id: UUID) -> list[_Job]:
    job, held, zone = training_jobs.c, budget_reservations.c, settings().time_zone
    rows = connection.execute(
        select(held.month, job.queued_at, job.ended_at, held.amount, job.actual_cost)
        .join(training_jobs, job.id == held.job_id)
        .where(held.user_id == user_id)
    )

    def on(moment: datetime) -> date:
        return moment.astimezone(zone).date()

    return [
        _Job(row.month, on(row.queued_at), on(row.ended_at), row.amount, row.actual_cost)
        for row in rows
    ]


def _projected(jobs: Sequence[_Job], month: date, day: date) -> Decimal | None:
    """As lib/services/spending.py projects it on a day; None before the person's first job."""
    before = [job for job in jobs if job.queued_on < day]
    if not before:
        return None
    first = max(min(job.queued_on for job in before), day - timedelta(days=DAYS_BEHIND))
    daily = {first + timedelta(days=past): ZERO for past in range((day - first).days)}
    for job in before:
        if job.ended_on in daily:
            daily[job.ended_on] += job.cost
    here = [job for job in before if job.month == month]
    budget = Budget(
        month=month,
        limit=ZERO,  # a projection does not ask for it
        grace_percent=ZERO,
        spent=sum((job.cost for job in here if job.ended_on < day), ZERO),
        reserved=sum((job.amount for job in here if job.ended_on >= day), ZERO),
        active_jobs=sum(job.ended_on >= day for job in here),
    )
    days_left = (next_month(month) - day).days - 1
    return project(budget, list(daily.values()), days_left).expected
