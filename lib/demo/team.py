"""The team of the demo: its people, and what they may spend."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import bcrypt
from sqlalchemy import Connection

from lib.db import users
from lib.db.tables import budget_config, budget_requests, team_budgets
from lib.demo import cast
from lib.demo.bulk import copy_rows
from lib.demo.limits import Limits, limits_of
from lib.domain.people import Person, Role, check_password

_TEAM_LIMIT = Decimal(8000)  # a month for all who report to one manager


@dataclass(frozen=True)
class Team:
    """Everybody by address, managers by whose they are, and limits."""

    people: Mapping[str, Person]
    managers: Mapping[UUID, Person]
    limits: Limits


def add_team(connection: Connection, first_month: date, scale: Decimal) -> Team:
    """Adds everybody as of the first month; `scale` multiplies the limits for very many jobs."""
    hashed = bcrypt.hashpw(cast.PASSWORD.encode(), bcrypt.gensalt()).decode()
    since = datetime.combine(first_month, datetime.min.time(), UTC) + timedelta(hours=8)
    people: dict[str, Person] = {}
    managers: dict[UUID, Person] = {}
    for member in cast.TEAM:
        check_password(cast.PASSWORD, name=member.name, email=member.email)
        manager = people.get(member.manager or "")
        user_id = users.add(
            connection,
            name=member.name,
            email=member.email,
            password_hash=hashed,
            role=member.role,
            manager_id=manager and manager.id,
            created_at=since,
        )
        people[member.email] = Person(user_id, member.email, member.name, member.role)
        if manager is not None:
            managers[user_id] = manager
    limits = limits_of(people, managers, first_month, scale)
    copy_rows(connection, budget_config, limits.configured)
    copy_rows(connection, budget_requests, limits.requests)
    copy_rows(connection, team_budgets, _team_limits(people, first_month, scale, since))
    return Team(people, managers, limits)


def _team_limits(
    people: Mapping[str, Person], first_month: date, scale: Decimal, at: datetime
) -> Iterator[dict[str, Any]]:
    owner = next(person for person in people.values() if person.role is Role.OWNER)
    for person in people.values():
        if person.role is Role.MANAGER:
            yield {
                "manager_id": person.id,
                "effective_month": first_month,
                "monthly_budget_limit": _TEAM_LIMIT * scale,
                "set_by": owner.id,
                "created_at": at,
            }
