"""The budget overview's figures against sums made by hand, and the days they fall on (FR1.2.2)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import insert, select

from lib.db import budgets as budget_queries
from lib.db import spending as queries
from lib.db.connection import reading, transaction
from lib.db.tables import (
    budget_forecasts,
    budget_reservations,
    clients,
    projects,
    training_files,
    training_jobs,
)
from lib.domain.budget import billing_month, next_month
from lib.domain.people import Person
from lib.services import budgets, membership, people, spending
from lib.services.errors import NotAllowed
from lib.services.spending import months_before
from lib.settings import settings

Make = Callable[..., Any]
JANUARY = date(2026, 1, 1)


@pytest.fixture
def booked(past_job: Make) -> Make:
    """`booked(ana, "10.00", at, held="11.50")`: a job that ended at a moment and what it cost.

    With `running` it has not ended, and holds the rest of its reservation.
    """
    files: dict[UUID, Any] = {}

    def make(
        actor: Person,
        cost: str,
        ended_at: datetime,
        *,
        month: date = JANUARY,
        held: str = "50.00",
        running: bool = False,
        **columns: Any,
    ) -> UUID:
        job_id = past_job(
            actor,
            file=files.get(actor.id),
            status="running" if running else columns.pop("status", "completed"),
            actual_cost=Decimal(cost),
            queued_at=ended_at - timedelta(hours=3),
            ended_at=None if running else ended_at,
            budget_month=month,
            **columns,
        )
        with transaction() as connection:
            files.setdefault(actor.id, connection.execute(_file_of(job_id)).one())
            connection.execute(
                insert(budget_reservations).values(
                    job_id=job_id,
                    user_id=actor.id,
                    month=month,
                    amount=Decimal(held),
                    settled_at=None if running else ended_at,
                    settled_cost=None if running else Decimal(cost),
                )
            )
        return job_id

    return make


def _file_of(job_id: UUID) -> Any:
    return (
        select(training_files)
        .join(training_jobs, training_jobs.c.training_file_id == training_files.c.id)
        .where(training_jobs.c.id == job_id)
    )


def client_and_project() -> tuple[str, dict[str, UUID]]:
    """A new client with one project, as the columns of a job."""
    name = f"Acme {uuid4()}"
    with transaction() as connection:
        client = connection.scalar(insert(clients).values(name=name).returning(clients.c.id))
        project = connection.scalar(
            insert(projects).values(client_id=client, name="Phase 2").returning(projects.c.id)
        )
    return name, {"client_id": client, "project_id": project}


def limit(who: Person, amount: str, month: date, grace: int = 10) -> None:
    with transaction() as connection:
        budget_queries.set_limit(
            connection,
            user_id=who.id,
            month=month,
            limit=Decimal(amount),
            grace_percent=Decimal(grace),
            set_by=None,
        )


def noon(day: int, month: int = 1) -> datetime:
    return datetime(2026, month, day, 12, tzinfo=UTC)


def test_a_months_figures_are_the_sums_of_its_jobs(person: Make, booked: Make) -> None:
    ana, ben = person(), person()
    acme, for_acme = client_and_project()
    limit(ana, "100.00", JANUARY)
    dear = booked(ana, "30.00", noon(5), preset="balanced", tier="spot", **for_acme)
    booked(ana, "12.50", noon(5), preset="balanced", tier="spot", status="failed", **for_acme)
    booked(ana, "7.25", noon(9), preset="conservative", tier="on_demand")
    booked(ana, "0.00", noon(9), preset="conservative", tier="on_demand", status="cancelled")
    running = booked(ana, "3.00", noon(20), held="11.50", running=True, preset="balanced")
    above = booked(ana, "9.00", noon(20), held="8.00", running=True, preset="balanced")
    booked(ana, "99.00", noon(9, month=2), month=date(2026, 2, 1))
    booked(ana, "40.00", datetime(2025, 12, 9, tzinfo=UTC), month=date(2025, 12, 1))
    booked(ben, "500.00", noon(5), **for_acme)

    month = spending.report(ana, [ana.id], JANUARY)

    assert month.budget.spent == Decimal("61.75")  # 30 + 12.50 + 7.25 + 0 + 3 + 9
    assert month.budget.reserved == Decimal("8.50")  # 11.50 - 3; nothing where the cost is above
    assert month.budget.remaining == Decimal("29.75")
    assert (month.budget.active_jobs, month.jobs_in_month) == (2, 6)
    assert [job.id for job in month.jobs][:3] == [dear, month.jobs[1].id, running]
    assert {job.id: job.reserved for job in month.jobs}[running] == Decimal("8.50")
    assert {job.id: job.reserved for job in month.jobs}[above] == 0
    assert [
        (row.client, row.project, row.cost, row.reserved, row.jobs) for row in month.clients
    ] == [
        (acme, "Phase 2", Decimal("42.50"), 0, 2),
        (None, None, Decimal("19.25"), Decimal("8.50"), 4),
    ]
    assert [
        (row.preset, row.tier, row.cost, row.reserved, row.jobs) for row in month.configurations
    ] == [
        ("balanced", "spot", Decimal("54.50"), Decimal("8.50"), 4),
        ("conservative", "on_demand", Decimal("7.25"), 0, 2),
    ]
    assert [(row.month, row.spent, row.jobs) for row in month.months] == [
        (date(2025, 12, 1), Decimal("40.00"), 1),
        (JANUARY, Decimal("61.75"), 6),
        (date(2026, 2, 1), Decimal("99.00"), 1),
    ]
    assert [(row.day, row.cost) for row in month.daily[:2]] == [
        (date(2026, 1, 5), Decimal("42.50")),
        (date(2026, 1, 9), Decimal("7.25")),
    ]
    assert month.daily[-1].cost == Decimal("12.00")  # what runs counts today
    assert (month.team, month.accuracy) == ([], None)
    passed = month.projection
    assert passed.expected == passed.least == passed.most == Decimal("70.25")


def test_every_way_to_break_a_month_down_comes_to_the_same_sum(person: Make, booked: Make) -> None:
    ana = person()
    _, for_acme = client_and_project()
    for number in range(1, 9):
        columns = for_acme if number % 2 else {}
        booked(
            ana, f"{number}.37", noon(number), tier="spot" if number % 3 else "on_demand", **columns
        )
    month = spending.report(ana, [ana.id], JANUARY)
    sums = {
        sum(row.cost for row in rows) for rows in (month.clients, month.configurations, month.daily)
    }
    assert sums == {month.budget.spent} == {Decimal("38.96")}
    assert sum(job.actual_cost for job in month.jobs) == Decimal("38.96")


def test_a_teams_month_is_its_members_months_together(person: Make, booked: Make) -> None:
    manager = person(role="manager")
    ana, ben = person(name="Ana", manager=manager), person(name="Ben", manager=manager)
    limit(ana, "100.00", JANUARY, grace=10)
    limit(ben, "300.00", JANUARY, grace=20)
    booked(ana, "20.00", noon(3))
    booked(ben, "50.00", noon(4))
    booked(ben, "5.00", noon(4), held="15.00", running=True)

    month = spending.report(manager, [ana.id, ben.id], JANUARY)

    assert month.budget.limit == Decimal("400.00")
    assert month.budget.ceiling == Decimal("470.00")  # 110 and 360
    assert (month.budget.spent, month.budget.reserved) == (Decimal("75.00"), Decimal("10.00"))
    assert [(row.name, row.spent, row.reserved, row.jobs) for row in month.team] == [
        ("Ben", Decimal("55.00"), Decimal("10.00"), 2),
        ("Ana", Decimal("20.00"), 0, 1),
    ]
    with pytest.raises(NotAllowed):
        spending.report(ana, [ana.id, ben.id], JANUARY)


# Where a month and a day begin --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        # 10:59:59 and 11:00 UTC on the 31st are the last second of January and the first of
        # February in Auckland; in New York it is morning, and the night to come is still the 31st.
        ("Pacific/Auckland", {date(2026, 1, 31): "1.00", date(2026, 2, 1): "22.00"}),
        ("America/New_York", {date(2026, 1, 31): "23.00"}),
        ("UTC", {date(2026, 1, 31): "3.00", date(2026, 2, 1): "20.00"}),
    ],
)
def test_a_job_over_the_months_end_counts_where_it_was_started_and_on_the_day_it_ended(
    person: Make, booked: Make, configure: Make, zone: str, days: dict[date, str]
) -> None:
    configure(BILLING_TIME_ZONE=zone)
    ana = person()
    booked(ana, "1.00", datetime(2026, 1, 31, 10, 59, 59, tzinfo=UTC))
    booked(ana, "2.00", datetime(2026, 1, 31, 11, 0, 0, tzinfo=UTC))
    booked(ana, "20.00", datetime(2026, 2, 1, 4, 59, 59, tzinfo=UTC))

    january = spending.report(ana, [ana.id], JANUARY)
    february = spending.report(ana, [ana.id], date(2026, 2, 1))

    assert {row.day: row.cost for row in january.daily} == {
        day: Decimal(cost) for day, cost in days.items()
    }
    assert january.budget.spent == Decimal("23.00")
    assert (february.budget.spent, february.jobs) == (0, [])


@pytest.mark.parametrize(
    ("ended_at", "day"),
    [
        (datetime(2026, 11, 1, 3, 59, 59, tzinfo=UTC), date(2026, 10, 31)),
        (datetime(2026, 11, 1, 5, 30, tzinfo=UTC), date(2026, 11, 1)),  # half past one, and
        (datetime(2026, 11, 1, 6, 30, tzinfo=UTC), date(2026, 11, 1)),  # half past one again
        (datetime(2026, 11, 2, 4, 59, 59, tzinfo=UTC), date(2026, 11, 1)),  # after 25 hours
        (datetime(2026, 11, 2, 5, 0, 0, tzinfo=UTC), date(2026, 11, 2)),
    ],
)
def test_the_night_in_which_the_clocks_go_back_is_one_day(
    person: Make, booked: Make, configure: Make, ended_at: datetime, day: date
) -> None:
    configure(BILLING_TIME_ZONE="America/New_York")
    ana = person()
    booked(ana, "4.00", ended_at, month=date(2026, 11, 1))
    month = spending.report(ana, [ana.id], date(2026, 11, 1))
    assert [(row.day, row.cost) for row in month.daily] == [(day, Decimal("4.00"))]


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_a_start_counts_in_the_month_that_it_is_in_the_billing_zone(
    person: Make, local_draft: Make, start: Make, configure: Make, zone: str
) -> None:
    """The two zones are 26 hours apart: wherever the clock stands, they disagree on the date."""
    configure(BILLING_TIME_ZONE=zone)
    ana = person()
    opened = local_draft(ana, cost="10.00")
    start(ana, opened)
    with reading() as connection:
        row = connection.execute(
            select(training_jobs.c.queued_at, training_jobs.c.budget_month, budget_reservations)
            .join(budget_reservations, budget_reservations.c.job_id == training_jobs.c.id)
            .where(training_jobs.c.id == opened.job_id)
        ).one()
    assert row.month == row.budget_month == billing_month(row.queued_at, ZoneInfo(zone))
    assert budgets.budget_of(ana.id).reserved == Decimal("11.50")
    assert opened.draft.name.endswith(datetime.now(ZoneInfo(zone)).date().isoformat())


def test_months_are_counted_back_over_the_turn_of_the_year() -> None:
    assert months_before(JANUARY, 0) == JANUARY
    assert months_before(JANUARY, 1) == date(2025, 12, 1)
    assert months_before(date(2026, 3, 1), 15) == date(2024, 12, 1)


# What the month will come to ----------------------------------------------------------------------


def days_ago(count: int) -> datetime:
    """Noon of a day before today, where the books are kept."""
    zone = settings().time_zone
    today = datetime.now(zone).date()
    return datetime.combine(today - timedelta(days=count), time(12), zone).astimezone(UTC)


def test_the_days_behind_a_projection_are_those_since_the_first_job(
    person: Make, booked: Make
) -> None:
    ana = person()
    booked(ana, "6.00", days_ago(4))
    booked(ana, "1.00", days_ago(4))
    booked(ana, "3.00", days_ago(2))
    booked(ana, "50.00", days_ago(0))  # today is not over: it is no day like the others
    today = datetime.now(settings().time_zone).date()
    with reading() as connection:
        daily = queries.daily(connection, [ana.id], 28, today, settings().time_zone.key)
        nobody = queries.daily(connection, [uuid4()], 28, today, settings().time_zone.key)
    assert daily == [Decimal("7.00"), 0, Decimal("3.00"), 0]
    assert nobody == []


def test_days_further_back_than_asked_for_are_left_out(person: Make, booked: Make) -> None:
    ana = person()
    booked(ana, "9.00", days_ago(8))
    booked(ana, "4.00", days_ago(7))
    today = datetime.now(settings().time_zone).date()
    with reading() as connection:
        daily = queries.daily(connection, [ana.id], 7, today, settings().time_zone.key)
    assert daily == [Decimal("4.00"), *[0] * 6]


def test_the_months_end_is_projected_from_its_days_and_kept_once_a_day(
    installation: str, person: Make, booked: Make
) -> None:
    ana, this_month = person(), budgets.this_month()
    for day in range(1, 15):
        booked(ana, "4.00", days_ago(day), month=months_before(this_month, 1))
    booked(ana, "10.00", days_ago(0), month=this_month)
    left = (next_month(this_month) - datetime.now(settings().time_zone).date()).days - 1

    projection = spending.report(ana, [ana.id]).projection
    assert projection.expected == Decimal(10 + 4 * left)

    spending.keep_forecasts()
    booked(ana, "100.00", days_ago(0), month=this_month)
    spending.keep_forecasts()
    with reading() as connection:
        (kept,) = connection.execute(
            select(budget_forecasts).where(budget_forecasts.c.user_id == ana.id)
        )
    assert (kept.month, kept.projected) == (this_month, projection.expected)


def test_forecasts_are_judged_by_the_first_word_from_the_middle_of_a_month_on(
    person: Make, booked: Make
) -> None:
    ana, this_month = person(), budgets.this_month()
    last, before = months_before(this_month, 1), months_before(this_month, 2)
    long_ago = months_before(this_month, 7)
    words = [
        *((last, 14, "900.00"), (last, 15, "110.00"), (last, 16, "100.00")),  # 10 % above
        *((before, 20, "94.00"), (long_ago, 15, "500.00"), (this_month, 15, "1.00")),  # 6 % below
    ]
    with transaction() as connection:
        for month, day, projected in words:
            queries.keep_forecast(
                connection, ana.id, month, month.replace(day=day), Decimal(projected)
            )
    for month in (last, before, long_ago, this_month):
        booked(ana, "100.00", datetime.combine(month, time(12), UTC), month=month)

    month = spending.report(ana, [ana.id])

    assert month.accuracy is not None
    assert (month.accuracy.error, month.accuracy.months) == (Decimal("0.08"), 2)
    assert month.accuracy_text == "Budget forecasts have been within ±8% for past 2 months"


def test_what_somebody_spent_who_left_stays_in_the_teams_sums(person: Make, booked: Make) -> None:
    manager = person(role="manager")
    ana = person(manager=manager)
    booked(ana, "12.34", noon(3))
    membership.disable(person(role="admin"), ana.id)
    seen = people.overseen(manager)
    assert [one.name for one in seen] == [manager.name, f"{ana.name} (disabled)"]
    month = spending.report(manager, [one.id for one in seen], JANUARY)
    assert month.budget.spent == Decimal("12.34")
    assert {row.id for row in month.team} == {manager.id, ana.id}
