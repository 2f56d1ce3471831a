"""Budgets: where a user's month stands, and the limits."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import budgets, team_budgets, users
from lib.db.connection import reading, transaction
from lib.domain.audit import ActionType
from lib.domain.budget import Budget, billing_month
from lib.domain.money import parse_usd
from lib.domain.people import MANAGING, Person, may_set_limit
from lib.services import people
from lib.services.errors import NotAllowed, NotFound
from lib.settings import settings


@dataclass(frozen=True)
class MonthOverview:
    """One user's month with its jobs, newest first."""

    budget: Budget
    jobs: list[Row]


def this_month() -> date:
    return billing_month(datetime.now(UTC), settings().time_zone)


def budget_of(user_id: UUID) -> Budget:
    """The user's current month, for showing; a start decides on its own locked reading."""
    with reading() as connection:
        return budgets.snapshot(connection, user_id, this_month())


def overview(actor: Person, user_id: UUID | None = None) -> MonthOverview:
    """The current month of the actor, or of another user for those who manage."""
    subject = user_id or actor.id
    if subject != actor.id and actor.role not in MANAGING:
        raise NotAllowed("Only managers see the budgets of others.")
    month = this_month()
    with reading() as connection:
        return MonthOverview(
            budget=budgets.snapshot(connection, subject, month),
            jobs=budgets.month_jobs(connection, [subject], month),
        )


def may_set(actor: Person, user_id: UUID) -> bool:
    """Whether the actor may set this person's limit."""
    with reading() as connection:
        user = users.by_id(connection, user_id)
    return user is not None and may_set_limit(actor, user.id, user.manager_id)


def set_limit(
    actor: Person,
    user_id: UUID,
    limit: Decimal,
    *,
    month: date | None = None,
    grace_percent: Decimal | None = None,
    ip_address: str | None = None,
) -> None:
    """A user's limit from a month on, this one by default, until a later one takes its place.

    Raises NotAllowed, NotFound, ValueError for a bad amount, month or grace. A limit
    below what is already spent is allowed: it stops further jobs.
    """
    month = month or this_month()
    if month < this_month() or month.day != 1:
        raise ValueError("effective month: must be this month or a later one")
    limit = parse_usd(f"{limit:f}", "limit")
    with transaction() as connection:
        user = users.by_id(connection, user_id)
        if user is None:
            raise NotFound("There is no such user.")
        if not may_set_limit(actor, user.id, user.manager_id):
            raise NotAllowed(
                "A limit is set by the person's manager, an admin or the owner, never by oneself."
            )
        budgets.lock(connection, user_id)
        before = budgets.snapshot(connection, user_id, month)
        grace = before.grace_percent if grace_percent is None else grace_percent
        if not (grace.is_finite() and 0 <= grace <= 100):
            raise ValueError("grace: must be 0 to 100 percent")
        budgets.set_limit(
            connection,
            user_id=user_id,
            month=month,
            limit=limit,
            grace_percent=grace,
            set_by=actor.id,
        )
        budgets.audit(
            connection,
            ActionType.LIMIT_SET,
            user_id=user_id,
            actor_id=actor.id,
            amount=limit,
            details={
                "before": before.limit,
                "grace_before": before.grace_percent,
                "grace_percent": grace,
                "effective_month": month.isoformat(),
            },
            ip_address=ip_address,
        )


def team_month(actor: Person, manager_id: UUID) -> Budget | None:
    """Where this month stands against the limit of a manager's team; None where there is none.

    It counts the manager and all who report to them. Raises NotAllowed for people not overseen.
    """
    if manager_id not in {person.id for person in people.overseen(actor)}:
        raise NotAllowed("You see the budgets of your own team.")
    with reading() as connection:
        limit = _team_limit(connection, manager_id)
        if limit is None:
            return None
        return team_budgets.snapshot(connection, manager_id, limit, this_month())


def set_team_limit(
    actor: Person, manager_id: UUID, limit: Decimal, ip_address: str | None = None
) -> None:
    """A limit above all limits of a manager's team, from this month on.

    Set by who may set the manager's own. Raises NotAllowed, NotFound, ValueError.
    """
    limit = parse_usd(f"{limit:f}", "team limit")
    with transaction() as connection:
        before = _hold_team(connection, actor, manager_id)
        team_budgets.set_limit(
            connection, manager_id=manager_id, month=this_month(), limit=limit, set_by=actor.id
        )
        _audit_team(connection, actor, manager_id, limit, before, ip_address)


def lift_team_limit(actor: Person, manager_id: UUID, ip_address: str | None = None) -> None:
    """From this month on nothing is above the limits of the team's members.

    What it was stays in the audit log. Raises NotAllowed, NotFound where there is no limit.
    """
    with transaction() as connection:
        before = _hold_team(connection, actor, manager_id)
        if before is None:
            raise NotFound("There is no limit above this team.")
        team_budgets.lift(connection, manager_id)
        _audit_team(connection, actor, manager_id, None, before, ip_address)


def _team_limit(connection: Connection, manager_id: UUID) -> Decimal | None:
    teams = team_budgets.over(connection, manager_id, this_month())
    return next((team.limit for team in teams if team.manager_id == manager_id), None)


def _hold_team(connection: Connection, actor: Person, manager_id: UUID) -> Decimal | None:
    """Locks the team's limit for the actor to change; returns what it is."""
    manager = users.by_id(connection, manager_id)
    if manager is None:
        raise NotFound("There is no such user.")
    if not may_set_limit(actor, manager.id, manager.manager_id):
        raise NotAllowed("A team's limit is set by an admin, the owner or the manager's own.")
    team_budgets.lock(connection, manager_id)
    return _team_limit(connection, manager_id)


def _audit_team(
    connection: Connection,
    actor: Person,
    manager_id: UUID,
    limit: Decimal | None,
    before: Decimal | None,
    ip_address: str | None,
) -> None:
    """`limit` is None where it was lifted."""
    budgets.audit(
        connection,
        ActionType.LIMIT_SET,
        user_id=manager_id,
        actor_id=actor.id,
        amount=limit,
        details={
            "team": True,
            "lifted": limit is None,
            "before": before,
            "effective_month": this_month().isoformat(),
        },
        ip_address=ip_address,
    )
