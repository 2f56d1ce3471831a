"""Sums over months and days: what jobs have cost, by whom, for whom and on what."""

from collections.abc import Collection, Iterator
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    and_,
    cast,
    func,
    literal,
    select,
    text,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.budgets import RESERVED
from lib.db.tables import (
    budget_config,
    budget_forecasts,
    budget_reservations,
    clients,
    projects,
    training_jobs,
    users,
)

_JOB, _HELD = training_jobs.c, budget_reservations.c


def _in_month(user_ids: Collection[UUID], month: date) -> ColumnElement[bool]:
    return and_(_HELD.user_id.in_(user_ids), _HELD.month == month)


def _counted() -> Any:
    """Jobs with their reservations, joined by all that they share: the indexes cover that."""
    return training_jobs.join(
        budget_reservations,
        and_(
            _HELD.job_id == _JOB.id,
            _HELD.user_id == _JOB.created_by,
            _HELD.month == _JOB.budget_month,
        ),
    )


def daily(
    connection: Connection, user_ids: Collection[UUID], days: int, today: date, time_zone: str
) -> list[Decimal]:
    """What each of the last `days` days before `today` cost, oldest first, by the day of the end.

    Days before the first job that these people ever started are left out: nothing could be spent.
    """
    ended_on = func.date(func.timezone(time_zone, _JOB.ended_at))
    started = and_(_JOB.created_by.in_(user_ids), _JOB.budget_month.is_not(None))
    first = connection.scalar(
        select(func.date(func.timezone(time_zone, func.min(_JOB.queued_at)))).where(started)
    )
    if first is None:
        return []
    rows = connection.execute(
        select(ended_on.label("day"), func.sum(_JOB.actual_cost).label("cost"))
        .where(
            started,
            _JOB.ended_at > func.now() - text(f"interval '{days + 2} days'"),
        )
        .group_by("day")
    )
    spent = {row.day: row.cost for row in rows}
    begin = max(first.toordinal(), today.toordinal() - days)
    return [
        spent.get(date.fromordinal(day), Decimal("0.00")) for day in range(begin, today.toordinal())
    ]


def months(connection: Connection, user_ids: Collection[UUID], since: date) -> list[Row]:
    """Month, spent, reserved and jobs of each month from `since` on, oldest first."""
    wanted = and_(_HELD.user_id.in_(user_ids), _HELD.month >= since)
    settled = select(  # by far the most: their reservations say it all
        _HELD.month, _HELD.settled_cost.label("spent"), literal(0).label("reserved")
    ).where(wanted, _HELD.settled_at.is_not(None))
    running = (
        select(_HELD.month, _JOB.actual_cost, RESERVED)
        .select_from(_counted())
        .where(wanted, _HELD.settled_at.is_(None))
    )
    each = union_all(settled, running).subquery()
    return list(
        connection.execute(
            select(
                each.c.month,
                func.sum(each.c.spent).label("spent"),
                func.sum(each.c.reserved).label("reserved"),
                func.count().label("jobs"),
            )
            .group_by(each.c.month)
            .order_by(each.c.month)
        )
    )


def newest_months(
    connection: Connection, user_ids: Collection[UUID], until: date, count: int
) -> list[date]:
    """The last months, `until` included, in which these people started jobs, newest first."""
    return list(
        connection.scalars(
            select(_HELD.month)
            .where(_HELD.user_id.in_(user_ids), _HELD.month <= until)
            .distinct()
            .order_by(_HELD.month.desc())
            .limit(count)
        )
    )


def every_job(connection: Connection, user_ids: Collection[UUID], month: date) -> Iterator[Row]:
    """All jobs that count in a month, in the order of their start, read as a stream."""
    yield from connection.execution_options(yield_per=500).execute(
        select(
            _JOB.name,
            _JOB.status,
            _JOB.preset,
            _JOB.gpu_pricing_tier.label("tier"),
            _JOB.queued_at,
            _JOB.actual_cost.label("cost"),
            RESERVED.label("reserved"),
            users.c.name.label("person"),
            clients.c.name.label("client"),
            projects.c.name.label("project"),
        )
        .select_from(
            _counted()
            .join(users, users.c.id == _HELD.user_id)
            .outerjoin(clients, clients.c.id == _JOB.client_id)
            .outerjoin(projects, projects.c.id == _JOB.project_id)
        )
        .where(_in_month(user_ids, month))
        .order_by(_JOB.queued_at, _JOB.id)
    )


def limits(connection: Connection, user_ids: Collection[UUID]) -> list[Row]:
    """Every limit of these people with its effective month and who set it, newest first."""
    setter = users.alias("setter")
    return list(
        connection.execute(
            select(
                budget_config,
                users.c.name,
                setter.c.name.label("set_by_name"),
            )
            .join(users, users.c.id == budget_config.c.user_id)
            .outerjoin(
                setter,
                setter.c.id == func.coalesce(budget_config.c.approved_by, budget_config.c.set_by),
            )
            .where(budget_config.c.user_id.in_(user_ids))
            .order_by(budget_config.c.effective_month.desc(), users.c.name)
        )
    )


def shares(
    connection: Connection, user_ids: Collection[UUID], month: date
) -> tuple[list[Row], list[Row]]:
    """A month's jobs by client and project, and by preset and tier; each dearest first.

    Rows have cost, reserved and jobs. The month's jobs are read once for both.
    """
    keys = (_JOB.client_id, _JOB.project_id, _JOB.preset, _JOB.gpu_pricing_tier.label("tier"))
    part = (
        select(
            *keys,
            func.sum(_JOB.actual_cost).label("cost"),
            func.sum(RESERVED).label("reserved"),
            func.count().label("jobs"),
        )
        .select_from(_counted())
        .where(_in_month(user_ids, month))
        .group_by(*keys)
        .subquery()
    )
    client, project = clients.c.name.label("client"), projects.c.name.label("project")
    cost = func.sum(part.c.cost)
    rows = connection.execute(
        select(
            client,
            project,
            part.c.preset,
            part.c.tier,
            cost.label("cost"),
            func.sum(part.c.reserved).label("reserved"),
            cast(func.sum(part.c.jobs), Integer).label("jobs"),
            func.grouping(clients.c.name).label("of_a_configuration"),
        )
        .select_from(
            part.outerjoin(clients, clients.c.id == part.c.client_id).outerjoin(
                projects, projects.c.id == part.c.project_id
            )
        )
        .group_by(
            func.grouping_sets(
                tuple_(clients.c.name, projects.c.name), tuple_(part.c.preset, part.c.tier)
            )
        )
        .order_by(cost.desc(), client, project, part.c.preset, part.c.tier)
    ).all()
    return (
        [row for row in rows if not row.of_a_configuration],
        [row for row in rows if row.of_a_configuration],
    )


def by_person(connection: Connection, user_ids: Collection[UUID], month: date) -> list[Row]:
    """What each of these people has spent and reserved in a month, and how many jobs."""
    spent = func.coalesce(func.sum(_JOB.actual_cost), 0)
    return list(
        connection.execute(
            select(
                users.c.id,
                users.c.name,
                users.c.email,
                spent.label("spent"),
                func.coalesce(func.sum(RESERVED), 0).label("reserved"),
                func.count(_JOB.id).label("jobs"),
            )
            .select_from(
                users.outerjoin(
                    budget_reservations,
                    and_(_HELD.user_id == users.c.id, _HELD.month == month),
                ).outerjoin(training_jobs, _JOB.id == _HELD.job_id)
            )
            .where(users.c.id.in_(user_ids))
            .group_by(users.c.id)
            .order_by(spent.desc(), users.c.name)
        )
    )


def cumulative(
    connection: Connection, user_ids: Collection[UUID], month: date, time_zone: str
) -> list[Row]:
    """Day and what the month's jobs that ended on it cost, in order; running ones count today."""
    day = func.date(func.timezone(time_zone, func.coalesce(_JOB.ended_at, func.now())))
    return list(
        connection.execute(
            select(day.label("day"), func.sum(_JOB.actual_cost).label("cost"))
            .where(_JOB.created_by.in_(user_ids), _JOB.budget_month == month)
            .group_by("day")
            .order_by("day")
        )
    )


def keep_forecast(
    connection: Connection, user_id: UUID, month: date, day: date, projected: Decimal
) -> None:
    """What the month was projected to come to on a day; the day's first word stands."""
    connection.execute(
        upsert(budget_forecasts)
        .values(user_id=user_id, month=month, day=day, projected=projected)
        .on_conflict_do_nothing()
    )


def mid_month_forecasts(
    connection: Connection, user_id: UUID, since: date, before: date, middle: int
) -> dict[date, Decimal]:
    """Each month's first projection from its middle day on, for full months in the range."""
    row = budget_forecasts.c
    rows = connection.execute(
        select(row.month, row.projected)
        .where(
            row.user_id == user_id,
            row.month >= since,
            row.month < before,
            func.extract("day", row.day) >= middle,
        )
        .distinct(row.month)
        .order_by(row.month, row.day)
    )
    return {found.month: found.projected for found in rows}
