"""Budgets: where a user's month stands, and the limits."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row

from lib.db import budgets, users
from lib.db.connection import reading, transaction
from lib.domain.budget import Budget, billing_month
from lib.domain.people import MANAGING, Person
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
            jobs=budgets.month_jobs(connection, subject, month),
        )


def set_limit(actor: Person, user_id: UUID, limit: Decimal) -> None:
    """A user's limit from this month on. Raises NotAllowed, NotFound."""
    if actor.role not in MANAGING:
        raise NotAllowed("Only managers, admins and the owner set limits.")
    with transaction() as connection:
        if users.by_id(connection, user_id) is None:
            raise NotFound("There is no such user.")
        budgets.lock(connection, user_id)
        before = budgets.snapshot(connection, user_id, this_month()).limit
        budgets.set_limit(
            connection,
            user_id=user_id,
            month=this_month(),
            limit=limit,
            grace_percent=settings().budget_grace_percent,
            set_by=actor.id,
        )
        budgets.audit(
            connection,
            "limit_set",
            user_id=user_id,
            actor_id=actor.id,
            amount=limit,
            details={"before": before},
        )
