"""The warnings that a start triggers, and that a start's log never waits the wrong way round."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from lib.db.connection import reading
from lib.db.tables import budget_audit_log
from lib.domain.audit import ActionType
from lib.domain.people import Person
from lib.services import jobs, starting
from lib.services.assessment import assess

Make = Callable[..., Any]


def warnings_of(actor: Person) -> list[tuple[Decimal, str]]:
    row = budget_audit_log.c
    with reading() as connection:
        found = connection.execute(
            select(row.amount, row.details["threshold_percent"].astext)
            .where(row.user_id == actor.id, row.action_type == ActionType.WARNING_TRIGGERED)
            .order_by(row.id)
        )
        return [tuple(one) for one in found]


def begin(actor: Person, local_draft: Make, cost: str = "10.00") -> None:
    opened = local_draft(actor, cost=cost)  # at most 15 % more
    starting.start(actor, opened.job_id, assess(opened).digest, "203.0.113.7")


def test_a_start_that_reaches_an_alert_is_recorded_as_a_warning_once(
    person: Make, local_draft: Make
) -> None:
    actor = person(limit="40.00")
    for _ in range(2):
        begin(actor, local_draft)  # $23.00: 57.5 %
    assert warnings_of(actor) == []
    begin(actor, local_draft)  # $34.50: 86.3 %
    assert warnings_of(actor) == [(Decimal("34.50"), "80")]
    begin(actor, local_draft, "0.50")  # still below 90 %
    assert len(warnings_of(actor)) == 1
    begin(actor, local_draft, "2.00")
    assert [level for _, level in warnings_of(actor)] == ["80", "90"]


@pytest.mark.parametrize(("limit", "level"), [("14.00", "80"), ("12.00", "90")])
def test_a_start_that_passes_both_at_once_is_one_warning(
    person: Make, local_draft: Make, limit: str, level: str
) -> None:
    actor = person(limit=limit)
    begin(actor, local_draft)
    assert warnings_of(actor) == [(Decimal("11.50"), level)]


def test_cancelling_is_settled_by_who_did_it_from_where(person: Make, local_draft: Make) -> None:
    manager = person(role="manager")
    opened = local_draft(person(manager=manager))
    starting.start(manager, opened.job_id, assess(opened).digest)
    jobs.cancel(manager, opened.job_id, "203.0.113.9")
    row = budget_audit_log.c
    with reading() as connection:
        settled = connection.execute(
            select(budget_audit_log).where(
                row.job_id == opened.job_id, row.action_type == ActionType.SETTLED
            )
        ).one()
    assert (settled.actor_id, str(settled.ip_address)) == (manager.id, "203.0.113.9")
