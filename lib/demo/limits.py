"""Limits that grew over the months: each increase was asked for and approved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from lib.demo import cast
from lib.domain.budget import next_month
from lib.domain.people import Person
from lib.settings import settings

Values = dict[str, Any]
_ASKED_BEFORE, _DECIDED_BEFORE = timedelta(days=4), timedelta(days=2)  # before the month


@dataclass(frozen=True)
class Limits:
    """By person, as (month, dollars), oldest first; and the rows that tell how it came to them."""

    by_person: dict[UUID, list[tuple[date, Decimal]]] = field(default_factory=dict)
    configured: list[Values] = field(default_factory=list)
    requests: list[Values] = field(default_factory=list)
    audit: list[Values] = field(default_factory=list)


def limits_of(
    people: Mapping[str, Person],
    managers: Mapping[UUID, Person],
    first_month: date,
    scale: Decimal,
) -> Limits:
    """Everybody's limits from the first month on, all multiplied by `scale`."""
    found = Limits()
    for member in cast.TEAM:
        person = people[member.email]
        decider = managers.get(person.id, person)
        known = found.by_person.setdefault(person.id, [])
        for months, dollars in ((0, member.limit), *member.growth):
            month = _months_after(first_month, months)
            limit = (dollars * scale).quantize(Decimal("0.01"))
            if known:
                _increase(found, person, decider, month, known[-1][1], limit)
            else:
                _set(found, person, decider, month, limit)
            known.append((month, limit))
    return found


def _set(found: Limits, person: Person, setter: Person, month: date, limit: Decimal) -> None:
    at = _first_hour(month)
    found.configured.append(_config(person, setter, month, limit, at))
    details = {"before": Decimal("0.00"), "effective_month": month.isoformat()}
    found.audit.append(_audit("limit_set", person, setter, at, limit, None, details))


def _increase(
    found: Limits, person: Person, decider: Person, month: date, before: Decimal, limit: Decimal
) -> None:
    asked, decided = _first_hour(month) - _ASKED_BEFORE, _first_hour(month) - _DECIDED_BEFORE
    request_id, why = uuid4(), cast.REQUEST_REASONS[month.month % len(cast.REQUEST_REASONS)]
    found.configured.append(
        _config(person, decider, month, limit, decided)
        | {"approved_by": decider.id, "approved_at": decided}
    )
    found.requests.append(
        {
            "id": request_id,
            "user_id": person.id,
            "approver_id": decider.id,
            "effective_month": month,
            "current_limit": before,
            "new_limit": limit,
            "justification": why,
            "status": "approved",
            "created_at": asked,
            "expires_at": asked + timedelta(days=settings().budget_request_days),
            "decided_at": decided,
            "decided_by": decider.id,
        }
    )
    details = {"request": str(request_id), "before": before}
    found.audit.append(_audit("increase_requested", person, person, asked, limit, why, details))
    details = {**details, "month": month.isoformat(), "reason": ""}
    found.audit.append(_audit("limit_increased", person, decider, decided, limit, why, details))


def _config(person: Person, setter: Person, month: date, limit: Decimal, at: datetime) -> Values:
    return {
        "user_id": person.id,
        "effective_month": month,
        "monthly_budget_limit": limit,
        "grace_percent": settings().budget_grace_percent,
        "set_by": setter.id,
        "approved_by": None,
        "approved_at": None,
        "created_at": at,
    }


def _audit(
    action: str,
    person: Person,
    actor: Person,
    at: datetime,
    amount: Decimal,
    justification: str | None,
    details: Mapping[str, Any],
) -> Values:
    return {
        "timestamp": at,
        "action_type": action,
        "user_id": person.id,
        "actor_id": actor.id,
        "job_id": None,
        "amount": amount,
        "justification": justification,
        "details": dict(details),
    }


def _first_hour(month: date) -> datetime:
    return datetime(month.year, month.month, 1, 9, tzinfo=UTC)


def _months_after(month: date, count: int) -> date:
    for _ in range(count):
        month = next_month(month)
    return month
