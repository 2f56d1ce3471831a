"""The dialog of a job that the budget does not bear: every way out of it (FR1.2.2)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.db import team_budgets
from lib.db.connection import transaction
from lib.domain.offers import ON_DEMAND_KEY
from lib.domain.states import JobStatus
from lib.services import budgets, drafts, jobs, request_views
from lib.services.assessment import assess
from lib.services.drafts import OpenDraft
from tests.pages.conftest import figures, said, texts

Make = Callable[..., Any]
PROCEED = "Proceed anyway (requires justification)"
WHY = "The client moved the demonstration to Thursday, and the model has to be ready by then."


def dialog(page: AppTest) -> list[str]:
    """Its title, if it is open."""
    return [
        block.proto.dialog.title
        for block in page._tree
        if hasattr(block, "proto") and block.type == "dialog"
    ]


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def press_inside(page: AppTest, label: str) -> AppTest:
    """Presses a button of the open dialog: AppTest runs the page anew, where a browser runs the
    dialog alone, so the button that opens it is pressed along."""
    next(button for button in page.button if button.label == "See what to do").click()
    return press(page, label)


@pytest.fixture
def exceeded(person: Make, local_draft: Make, open_page: Make) -> Make:
    """`exceeded("manager")`: who it is, their draft of $11.50 above a limit of $5.00, the page."""

    def make(role: str = "analyst", **values: Any) -> tuple[Any, OpenDraft, AppTest]:
        who = person(role=role, limit="5.00", **values)
        opened = local_draft(who, cost="10.00")
        page = open_page("review", who, opened.job_id)
        assert not page.exception
        return who, opened, page

    return make


def test_it_opens_by_itself_and_says_what_is_missing(exceeded: Make) -> None:
    _, _, page = exceeded()
    assert dialog(page) == ["❌ Budget Exceeded"]
    shown = figures(page)
    assert shown["Estimated Cost"] == "$11.50"
    assert shown["Remaining Budget"] == "$5.00"
    assert shown["Shortfall"] == "$6.50"
    assert ":red[Projected Monthly Spend" in said(page)
    assert "Projected Overage\\: \\$6\\.50" in said(page)
    assert [tab.label for tab in page.tabs] == ["Reduce Job Cost", "Increase Budget Limit"]
    told = [text for _, text in texts(page)]
    leads = told.index("View detailed budget breakdown and history:")
    assert told[leads + 1] == "Budget Dashboard"


def test_once_seen_it_stays_shut_until_it_is_asked_for(exceeded: Make) -> None:
    _, _, page = exceeded()
    page.run()
    assert dialog(page) == []
    assert dialog(press(page, "See what to do")) == ["❌ Budget Exceeded"]


def test_a_job_that_the_budget_bears_has_no_such_dialog(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person(limit="11.00")  # $11.50 is within the grace
    page = open_page("review", ana, local_draft(ana, cost="10.00").job_id)
    assert dialog(page) == []
    assert "See what to do" not in labels(page)
    assert "Slight Overage" in said(page)


def test_a_tip_is_applied_with_a_click_and_the_figures_are_those_it_promised(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person(limit="180.00")
    opened = draft(ana, preset="balanced", offer_key=ON_DEMAND_KEY)
    page = open_page("review", ana, opened.job_id)
    assert "💡 Cost Reduction Tips" in said(page)
    tips = [text for kind, text in texts(page) if kind == "markdown" and "at most" in text]
    assert tips[0].startswith("Use Spot instead of On\\-Demand")

    press_inside(page, "Apply")

    assessed = assess(drafts.load(ana, opened.job_id))
    assert assessed.draft.offer_key != ON_DEMAND_KEY
    promised = tips[0].rpartition(": ")[2].replace("\\", "").removesuffix(" at most")
    assert f"${assessed.estimate.cost_max}" == promised
    assert dialog(page) == []
    assert "See what to do" not in labels(page)


def test_fewer_conversations_are_one_click_too(
    person: Make, training_file: Make, draft: Make, open_page: Make
) -> None:
    ana = person(limit="5000.00")
    file = training_file(conversations=120, actor=ana)
    whole = assess(draft(ana, file=file, preset="balanced")).estimate.cost_max
    ben = person(limit=str(round(whole / 2, 2)))
    opened = draft(ben, file=file, preset="balanced")
    page = open_page("review", ben, opened.job_id)
    tips = [text for kind, text in texts(page) if kind == "markdown" and "at most" in text]
    place = next(at for at, text in enumerate(tips) if "conversations" in text)
    next(button for button in page.button if button.label == "See what to do").click()
    page.button(key=f"tip-{place}").click().run()

    assert not page.exception
    smaller = drafts.load(ben, opened.job_id)
    assert smaller.file.id != opened.file.id
    assert f"the first {smaller.file.conversation_count} of the 120" in tips[place]
    promised = tips[place].rpartition(": ")[2].replace("\\", "").removesuffix(" at most")
    assert f"${assess(smaller).estimate.cost_max}" == promised


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_those_who_manage_may_start_it_with_a_reason(
    exceeded: Make, switches: list[Any], role: str
) -> None:
    who, opened, page = exceeded(role)
    assert [tab.label for tab in page.tabs][2:] == ["Manager Override"]
    assert "Proceed despite budget limit? This will exceed your monthly budget." in said(page)

    page.text_area("override-reason").input("Too short")
    press_inside(page, PROCEED)
    assert "write 20 to 2,000 characters" in page.error[-1].value
    assert jobs.status_of(who, opened.job_id).status == JobStatus.PENDING_CONFIGURATION

    page.text_area("override-reason").input(WHY)
    press_inside(page, PROCEED)
    assert jobs.status_of(who, opened.job_id).status == JobStatus.QUEUED
    assert budgets.budget_of(who.id).reserved == Decimal("11.50")
    assert switches == [("job", str(opened.job_id))]


def test_what_else_is_in_the_way_of_a_start_no_override_clears(
    person: Make, draft: Make, open_page: Make
) -> None:
    manager = person(role="manager", limit="5.00")
    page = open_page("review", manager, draft(manager, offer_key=ON_DEMAND_KEY).job_id)
    (proceed,) = [button for button in page.button if button.label == PROCEED]
    assert proceed.disabled
    assert any("RunPod is not connected" in warning.value for warning in page.warning)


def test_an_analyst_asks_for_a_higher_limit_and_sees_that_the_request_waits(
    person: Make, exceeded: Make
) -> None:
    ana, opened, page = exceeded(manager=person(role="manager", name="Max"))
    place = f"increase-{opened.job_id}"
    assert "New Monthly Limit: (current: \\$5\\.00)" in [field.label for field in page.text_input]
    assert "Approval Required: Yes (manager must approve via email)" in said(page)

    page.text_input(f"{place}-limit").input("60")
    page.text_area(f"{place}-why").input("Too short")
    press(page, "Send the request")
    assert request_views.pending_of(ana) is None

    page = press(page, "See what to do")
    page.text_input(f"{place}-limit").input("60")
    page.text_area(f"{place}-why").input(WHY)
    press(page, "Send the request")
    pending = request_views.pending_of(ana)
    assert (pending.new_limit, pending.job_id) == (Decimal("60.00"), opened.job_id)
    assert PROCEED not in labels(page)


def test_the_job_is_given_up_from_the_dialog(exceeded: Make, switches: list[Any]) -> None:
    ana, opened, page = exceeded()
    press_inside(page, "Cancel Job Creation")
    row = jobs.status_of(ana, opened.job_id)
    assert (row.status, row.queued_at) == (JobStatus.CANCELLED, None)
    assert switches == [("jobs", None)]


def test_a_teams_limit_opens_it_too_with_what_the_team_is_short_of(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    manager = person(role="manager")
    ana = person(limit="500.00", manager=manager)
    with transaction() as connection:
        team_budgets.set_limit(
            connection,
            manager_id=manager.id,
            month=budgets.this_month(),
            limit=Decimal("8.00"),
            set_by=manager.id,
        )
    page = open_page("review", ana, local_draft(ana, cost="10.00").job_id)
    assert dialog(page) == ["❌ Budget Exceeded"]
    assert figures(page)["Shortfall"] == "$3.50"
