"""The spending cap of a job: priced, shown, decided on by the budget, written at its start."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from lib.db import jobs as job_rows
from lib.db.connection import reading, transaction
from lib.db.tables import budget_audit_log, budget_reservations, notifications
from lib.domain.draft import Draft, change
from lib.domain.offers import LOCAL_KEY
from lib.services import budgets, drafts, jobs, starting, templates
from lib.services import notifications as telling
from lib.services.assessment import assess
from lib.services.cloning import clone
from lib.services.drafts import OpenDraft
from lib.services.errors import StartRefused
from lib.services.final_check import final_check, shown
from tests.conftest import measured

Make = Callable[..., Any]


def with_cap(actor: Any, opened: OpenDraft, cap: str | None) -> OpenDraft:
    chosen = None if cap is None else Decimal(cap)
    return drafts.save(actor, opened, change(opened.draft, drafts.today(), spending_cap=chosen))


def reserved(job_id: Any) -> Decimal:
    with reading() as connection:
        amount: Decimal = connection.scalar(
            select(budget_reservations.c.amount).where(budget_reservations.c.job_id == job_id)
        )
    return amount


def test_a_job_has_the_estimates_maximum_and_the_grace_as_its_cap(
    person: Make, local_draft: Make, start: Make
) -> None:
    ana = person()
    opened = local_draft(ana, cost="10.00")
    assert assess(opened).spending_cap == Decimal("12.65")
    start(ana, opened)
    assert jobs.status_of(ana, opened.job_id).spending_cap == Decimal("12.65")
    assert reserved(opened.job_id) == Decimal("11.50")


def test_the_default_is_no_more_than_the_users_budget_and_their_teams_allow(
    person: Make, local_draft: Make
) -> None:
    opened = local_draft(person(limit="11.00"), cost="10.00")  # with its grace $12.10
    assert assess(opened).spending_cap == Decimal("12.10")
    admin, manager = person(role="admin"), person(role="manager")
    budgets.set_team_limit(admin, manager.id, Decimal("11.80"))
    member = local_draft(person(manager=manager), cost="10.00")
    assert assess(member).spending_cap == Decimal("11.80")


def test_an_override_raises_the_cap_to_the_amount_that_it_covers(
    person: Make, local_draft: Make, start: Make
) -> None:
    manager = person(role="manager", limit="5.00")
    opened = local_draft(manager, cost="10.00")
    start(manager, opened, override="Agreed with the client on the phone today.")
    assert jobs.status_of(manager, opened.job_id).spending_cap == Decimal("11.50")


def test_where_an_hour_costs_nothing_there_is_no_cap(
    person: Make, draft: Make, start: Make
) -> None:
    ana = person()
    opened = draft(ana, offer_key=LOCAL_KEY)
    measured(opened, hours=Decimal(10))
    opened = with_cap(ana, opened, "5.00")
    assert assess(opened).spending_cap is None
    assert shown(assess(opened)).figures["Spending cap"] == "none"
    start(ana, opened)
    assert jobs.status_of(ana, opened.job_id).spending_cap is None


def test_a_cap_that_was_chosen_is_kept_warned_of_and_reserved(
    person: Make, local_draft: Make, start: Make
) -> None:
    ana = person()
    opened = with_cap(ana, local_draft(ana, cost="10.00"), "5.00")
    check = final_check(ana, opened, assess(opened))
    (low,) = (notice for notice in check.notices if notice.code == "cap")
    assert "$5.00 is less than the least" in low.text
    assert not check.impact.is_cap

    high = with_cap(ana, opened, "40.00")
    check = final_check(ana, high, assess(high))
    assert "cap" not in [notice.code for notice in check.notices]
    assert (check.impact.cost_max, check.impact.is_cap) == (Decimal("40.00"), True)
    start(ana, high)
    assert jobs.status_of(ana, high.job_id).spending_cap == Decimal("40.00")
    assert reserved(high.job_id) == Decimal("40.00")
    with reading() as connection:
        (started,) = connection.execute(
            select(budget_audit_log).where(
                budget_audit_log.c.job_id == high.job_id,
                budget_audit_log.c.action_type == "started",
            )
        )
    assert started.amount == Decimal("40.00")


def test_a_cap_above_what_the_budget_allows_is_refused_and_a_manager_may_allow_it(
    person: Make, local_draft: Make, start: Make
) -> None:
    manager = person(role="manager", limit="20.00")
    opened = with_cap(manager, local_draft(manager, cost="10.00"), "30.00")
    with pytest.raises(StartRefused) as refusal:
        start(manager, opened)
    assert refusal.value.code == "budget"
    assert str(refusal.value).startswith(
        "Spending cap ($30.00) is above what the budget allows ($22.00)."
    )
    start(manager, opened, override="Agreed with the client on the phone today.")
    assert jobs.status_of(manager, opened.job_id).spending_cap == Decimal("30.00")


def test_a_cap_above_the_teams_budget_is_told_of_as_a_cap(
    person: Make, local_draft: Make, start: Make
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    budgets.set_team_limit(admin, manager.id, Decimal("15.00"))
    ana = person(manager=manager)
    opened = with_cap(ana, local_draft(ana, cost="10.00"), "20.00")
    with pytest.raises(StartRefused, match=r"Spending cap .* allows \(\$15.00\)"):
        start(ana, opened)


def test_a_start_is_bound_to_the_cap_that_was_shown(person: Make, local_draft: Make) -> None:
    ana = person()
    opened = local_draft(ana, cost="10.00")
    seen = assess(opened)
    with_cap(ana, opened, "40.00")
    for values in ({}, {"seen": shown(seen)}):
        with pytest.raises(StartRefused) as refusal:
            starting.start(ana, opened.job_id, seen.digest, **values)
        assert refusal.value.code == "changed"
    named = {one.label: (one.before, one.now) for one in refusal.value.changes}
    assert named == {"Spending cap": ("$12.65", "$40.00")}


def test_a_cap_outlives_being_saved_and_what_can_be_none_is_not_taken(
    person: Make, local_draft: Make
) -> None:
    ana = person()
    opened = with_cap(ana, local_draft(ana), "12345.60")
    draft = drafts.load(ana, opened.job_id).draft
    assert draft.spending_cap == Decimal("12345.60")
    assert Draft.from_dict(draft.to_dict()) == draft
    with pytest.raises(ValueError, match="Spending cap"):
        change(draft, drafts.today(), spending_cap=Decimal(0))


def test_a_cap_is_one_runs_own_and_no_clone_or_template_has_it(
    person: Make, local_draft: Make
) -> None:
    ana = person()
    opened = with_cap(ana, local_draft(ana), "40.00")
    assert drafts.load(ana, clone(ana, opened.job_id)).draft.spending_cap is None
    kept = templates.by_id(ana, templates.save(ana, opened.job_id, name="Caps"))
    assert "spending_cap" not in kept.draft


def test_eighty_percent_of_a_cap_are_told_once_and_less_is_not(
    person: Make, local_draft: Make, start: Make
) -> None:
    ana = person()
    opened = local_draft(ana, cost="10.00")
    start(ana, opened)
    for cost in ("10.11", "10.12", "11.00"):  # of $12.65
        with transaction() as connection:
            job = job_rows.lock(connection, opened.job_id)
            assert job is not None
            telling.cap_near(connection, job, Decimal(cost))
    with reading() as connection:
        rows = connection.execute(
            select(notifications).where(
                notifications.c.user_id == ana.id, notifications.c.kind == "job_cap_near"
            )
        ).all()
    (told,) = rows
    assert "$10.12 of its spending cap of $12.65" in told.detail
