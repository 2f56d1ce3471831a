"""A manager's word for one job at one amount: recorded twice, and good for nothing more."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError

from lib.db.connection import reading, transaction
from lib.db.tables import budget_audit_log, budget_overrides, measurements
from lib.domain.states import JobStatus
from lib.services import budgets, jobs, starting
from lib.services.assessment import assess
from lib.services.errors import NotAllowed, StartRefused
from tests.conftest import measured

Make = Callable[..., Any]
REASON = "The client moved the demonstration to Thursday."


def overrides_of(job_id: Any) -> list[Any]:
    with reading() as connection:
        return list(
            connection.execute(select(budget_overrides).where(budget_overrides.c.job_id == job_id))
        )


def audit_of(job_id: Any) -> list[Any]:
    with reading() as connection:
        return list(
            connection.execute(
                select(budget_audit_log)
                .where(budget_audit_log.c.job_id == job_id)
                .order_by(budget_audit_log.c.id)
            )
        )


@pytest.mark.parametrize("role", ["manager", "admin", "owner"])
def test_those_who_manage_may_exceed_a_budget_with_a_reason(
    installation: str, person: Make, local_draft: Make, role: str
) -> None:
    actor = person(role=role, limit="5.00")
    opened = local_draft(actor, cost="10.00")
    starting.start(actor, opened.job_id, assess(opened).digest, "192.0.2.9", override=REASON)
    (override,) = overrides_of(opened.job_id)
    assert override.override_amount == Decimal("6.50")  # $11.50 at most, $5.00 allowed
    assert (override.cost_max, override.justification) == (Decimal("11.50"), REASON)
    assert override.approved_by == override.user_id == actor.id
    approved, started, _warning = audit_of(opened.job_id)
    assert (approved.action_type, approved.amount) == ("override_approved", Decimal("6.50"))
    assert (approved.justification, str(approved.ip_address)) == (REASON, "192.0.2.9")
    assert started.action_type == "started_by_override"


def test_an_analyst_cannot_override(person: Make, local_draft: Make) -> None:
    actor = person(limit="5.00")
    opened = local_draft(actor, cost="10.00")
    with pytest.raises(NotAllowed):
        starting.start(actor, opened.job_id, assess(opened).digest, override=REASON)
    assert overrides_of(opened.job_id) == []


def test_a_manager_may_override_for_somebody_else(person: Make, local_draft: Make) -> None:
    manager = person(role="manager", limit="0.00")
    analyst = person(limit="5.00", manager=manager)
    opened = local_draft(analyst, cost="10.00")
    starting.start(manager, opened.job_id, assess(opened).digest, override=REASON)
    (override,) = overrides_of(opened.job_id)
    assert (override.user_id, override.approved_by) == (analyst.id, manager.id)
    assert budgets.budget_of(analyst.id).reserved == Decimal("11.50")
    assert budgets.budget_of(manager.id).reserved == 0


@pytest.mark.parametrize("reason", ["", "too short", " " * 50, "x" * 19 + " " * 10, "x" * 2001])
def test_a_reason_is_wanted(person: Make, local_draft: Make, reason: str) -> None:
    actor = person(role="manager", limit="5.00")
    opened = local_draft(actor, cost="10.00")
    with pytest.raises(ValueError, match="justification: write 20 to 2,000 characters"):
        starting.start(actor, opened.job_id, assess(opened).digest, override=reason)
    assert jobs.status_of(actor, opened.job_id).status == JobStatus.PENDING_CONFIGURATION


def test_an_override_covers_this_job_at_this_amount_alone(person: Make, local_draft: Make) -> None:
    actor = person(role="manager", limit="5.00")
    opened, other = local_draft(actor, cost="10.00"), local_draft(actor, cost="1.00")
    shown = assess(opened).digest
    with transaction() as connection:
        connection.execute(delete(measurements))
    measured(opened, hours=Decimal(20))  # dearer than what was shown
    measured(other, hours=Decimal(1))
    with pytest.raises(StartRefused) as refusal:
        starting.start(actor, opened.job_id, shown, override=REASON)
    assert refusal.value.code == "changed"
    assert overrides_of(opened.job_id) == []
    starting.start(actor, opened.job_id, assess(opened).digest, override=REASON)
    with pytest.raises(StartRefused) as refusal:  # the next job needs a word of its own
        starting.start(actor, other.job_id, assess(other).digest)
    assert refusal.value.code == "budget"


def test_within_the_budget_there_is_nothing_to_override(person: Make, local_draft: Make) -> None:
    actor = person(role="manager", limit="500.00")
    opened = local_draft(actor, cost="10.00")
    starting.start(actor, opened.job_id, assess(opened).digest, override=REASON)
    assert overrides_of(opened.job_id) == []
    assert [row.action_type for row in audit_of(opened.job_id)] == ["started"]


def test_an_override_opens_nothing_but_the_budget(person: Make, draft: Make) -> None:
    actor = person(role="admin", limit="5.00")
    opened = draft(actor, preset="balanced")  # RunPod cannot be started
    with pytest.raises(StartRefused) as refusal:
        starting.start(actor, opened.job_id, assess(opened).digest, override=REASON)
    assert refusal.value.code == "offer"


def test_a_recorded_override_cannot_be_changed(person: Make, local_draft: Make) -> None:
    actor = person(role="manager", limit="5.00")
    opened = local_draft(actor, cost="10.00")
    starting.start(actor, opened.job_id, assess(opened).digest, override=REASON)
    with pytest.raises(DBAPIError, match="append-only"), transaction() as connection:
        connection.execute(update(budget_overrides).values(justification="better"))
    with pytest.raises(DBAPIError, match="append-only"), transaction() as connection:
        connection.execute(delete(budget_overrides))
