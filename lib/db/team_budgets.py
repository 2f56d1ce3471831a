"""Limits above the limits of all who report to one manager."""

from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.budgets import RESERVED
from lib.db.tables import (
    budget_accounts,
    budget_reservations,
    team_budgets,
    training_jobs,
    users,
)
from lib.domain.budget import Budget
from lib.domain.money import ZERO


def over(connection: Connection, user_id: UUID, month: date) -> list[Row]:
    """The team limits that hold for a person in a month: `manager_id`, `limit`, the manager's name.

    There is one at most of the person's manager, and one of a team that the person manages.
    """
    row, manager = team_budgets.c, users.alias("manager")
    own_manager = select(users.c.manager_id).where(users.c.id == user_id).scalar_subquery()
    return list(
        connection.execute(
            select(row.manager_id, row.monthly_budget_limit.label("limit"), manager.c.name)
            .join(manager, manager.c.id == row.manager_id)
            .where(
                row.effective_month <= month,
                or_(row.manager_id == user_id, row.manager_id == own_manager),
            )
            .distinct(row.manager_id)
            .order_by(row.manager_id, row.effective_month.desc())
        )
    )


def lock(connection: Connection, manager_id: UUID) -> None:
    """Holds the manager's account, which stands for their team, until the transaction ends."""
    connection.execute(
        select(budget_accounts.c.user_id)
        .where(budget_accounts.c.user_id == manager_id)
        .with_for_update()
    ).all()


def lock_team_of(connection: Connection, user_id: UUID) -> None:
    """Holds the team that a person reports into, whether it has a limit or is about to get one.

    A team that the person manages is held with their own account. Managers come before those who
    report to them, so that two people never wait for each other.
    """
    manager_id = connection.scalar(select(users.c.manager_id).where(users.c.id == user_id))
    if manager_id is not None:
        lock(connection, manager_id)


def snapshot(connection: Connection, manager_id: UUID, limit: Decimal, month: date) -> Budget:
    """What the manager and their team have spent and reserved together. A team has no grace."""
    spent, reserved, jobs = connection.execute(
        select(
            func.coalesce(func.sum(training_jobs.c.actual_cost), ZERO),
            func.coalesce(func.sum(RESERVED), ZERO),
            func.count().filter(budget_reservations.c.settled_at.is_(None)),
        )
        .select_from(budget_reservations)
        .join(training_jobs, training_jobs.c.id == budget_reservations.c.job_id)
        .join(users, users.c.id == budget_reservations.c.user_id)
        .where(
            budget_reservations.c.month == month,
            or_(users.c.id == manager_id, users.c.manager_id == manager_id),
        )
    ).one()
    return Budget(month, limit, Decimal(0), Decimal(spent), Decimal(reserved), jobs)


def set_limit(
    connection: Connection, *, manager_id: UUID, month: date, limit: Decimal, set_by: UUID
) -> None:
    """The team's limit from a month on; a second one for the same month replaces the first."""
    values = {"monthly_budget_limit": limit, "set_by": set_by, "created_at": func.now()}
    connection.execute(
        upsert(team_budgets)
        .values(manager_id=manager_id, effective_month=month, **values)
        .on_conflict_do_update(index_elements=["manager_id", "effective_month"], set_=values)
    )


def lift(connection: Connection, manager_id: UUID) -> None:
    """No limit above the team any more. All rows go: an earlier month's would hold again."""
    connection.execute(delete(team_budgets).where(team_budgets.c.manager_id == manager_id))
