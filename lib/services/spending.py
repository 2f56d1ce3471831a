"""The budget overview: a month of one person or of a team, what it will come to, where it went."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import budgets, spending, users
from lib.db.connection import reading, transaction
from lib.domain.budget import Budget, billing_month, next_month
from lib.domain.people import Person
from lib.domain.spending import (
    ACCURACY_MONTHS,
    MIDDLE_DAY,
    ForecastAccuracy,
    Projection,
    forecast_accuracy,
    project,
)
from lib.services import people
from lib.services.errors import NotAllowed
from lib.settings import settings

TASK = "forecasts"  # the periodic task's name
DAYS_BEHIND = 28  # four weeks: every weekday counts alike
HISTORY_MONTHS = 6


@dataclass(frozen=True)
class MonthReport:
    """Everything that the overview shows; amounts in dollars, `months` and `daily` oldest first.

    For a team, `budget` adds up its members' months and `team` has a row for each of them.
    """

    budget: Budget
    projection: Projection
    daily: list[Row]
    jobs: list[Row]
    jobs_in_month: int
    clients: list[Row]
    configurations: list[Row]
    months: list[Row]
    limits: list[Row]
    team: list[Row]
    accuracy: ForecastAccuracy | None

    @property
    def accuracy_text(self) -> str:
        """How good forecasts have been, or why there is nothing to tell yet."""
        if self.accuracy:
            return self.accuracy.text
        if self.team:
            return "How near forecasts came is told for each person alone"
        return "No month with a forecast has passed yet: its accuracy is told when one has"


def report(actor: Person, user_ids: list[UUID], month: date | None = None) -> MonthReport:
    """A month of one person, or of several together. Raises NotAllowed for people not overseen."""
    check_overseen(actor, user_ids)
    now = datetime.now(UTC)
    with reading() as connection:
        return read(connection, user_ids, month or this_month(now), now)


def check_overseen(actor: Person, user_ids: list[UUID]) -> None:
    """Raises NotAllowed where one of them is neither the actor nor overseen by them."""
    if not {*user_ids} <= {person.id for person in people.overseen(actor)}:
        raise NotAllowed("You see your own budget and those of the people you manage.")


def read(connection: Connection, user_ids: list[UUID], month: date, now: datetime) -> MonthReport:
    """The month as the connection sees it."""
    budget = _budget(connection, user_ids, month)
    several = len(user_ids) > 1
    zone = settings().time_zone.key
    clients, configurations = spending.shares(connection, user_ids, month)
    return MonthReport(
        budget=budget,
        projection=_projection(connection, user_ids, budget, now),
        daily=spending.cumulative(connection, user_ids, month, zone),
        jobs=budgets.month_jobs(connection, user_ids, month),
        jobs_in_month=budgets.jobs_in_month(connection, user_ids, month),
        clients=clients,
        configurations=configurations,
        months=spending.months(connection, user_ids, months_before(month, HISTORY_MONTHS - 1)),
        limits=spending.limits(connection, user_ids),
        team=spending.by_person(connection, user_ids, month) if several else [],
        accuracy=_accuracy(connection, user_ids[0], this_month(now)) if not several else None,
    )


def months_to_show(actor: Person) -> list[date]:
    """This month, and the last months in which anybody the actor oversees has spent; newest first.

    They are the same for each of these people, so that looking at another keeps the month.
    """
    now = this_month(datetime.now(UTC))
    user_ids = [person.id for person in people.overseen(actor)]
    with reading() as connection:
        found = spending.newest_months(connection, user_ids, now, HISTORY_MONTHS)
    return found if now in found else [now, *found]


def this_month(now: datetime) -> date:
    return billing_month(now, settings().time_zone)


def keep_forecasts() -> None:
    """The daily task: each user's projection of the month, to be judged when it has passed."""
    now = datetime.now(UTC)
    today = now.astimezone(settings().time_zone).date()
    month = this_month(now)
    with transaction() as connection:
        for user in users.everyone(connection):
            budget = _budget(connection, [user.id], month)
            projection = _projection(connection, [user.id], budget, now)
            spending.keep_forecast(connection, user.id, month, today, projection.expected)


def months_before(month: date, count: int) -> date:
    """The first of the month `count` months before."""
    back = month.year * 12 + month.month - 1 - count
    return date(back // 12, back % 12 + 1, 1)


def _budget(connection: Connection, user_ids: list[UUID], month: date) -> Budget:
    """One person's month, or the sum of several: limits, spent and reserved add up."""
    each = [budgets.snapshot(connection, user_id, month) for user_id in user_ids]
    if len(each) == 1:
        return each[0]
    limit = sum((budget.limit for budget in each), Decimal(0))
    ceiling = sum((budget.ceiling for budget in each), Decimal(0))
    return Budget(
        month=month,
        limit=limit,
        grace_percent=100 * (ceiling / limit - 1) if limit else Decimal(0),
        spent=sum((budget.spent for budget in each), Decimal(0)),
        reserved=sum((budget.reserved for budget in each), Decimal(0)),
        active_jobs=sum(budget.active_jobs for budget in each),
    )


def _projection(
    connection: Connection, user_ids: list[UUID], budget: Budget, now: datetime
) -> Projection:
    """To the end of the budget's month; a month that has passed is what it came to."""
    zone = settings().time_zone
    today = now.astimezone(zone).date()
    end = next_month(budget.month)
    left = (end - max(today + timedelta(days=1), budget.month)).days
    if today >= end:
        left = 0
    daily = spending.daily(connection, user_ids, DAYS_BEHIND, today, zone.key) if left > 0 else []
    return project(budget, daily, left)


def _accuracy(connection: Connection, user_id: UUID, before: date) -> ForecastAccuracy | None:
    since = months_before(before, ACCURACY_MONTHS)
    projected = spending.mid_month_forecasts(connection, user_id, since, before, MIDDLE_DAY)
    if not projected:
        return None
    actual = {row.month: row.spent for row in spending.months(connection, [user_id], since)}
    return forecast_accuracy(projected, actual)
