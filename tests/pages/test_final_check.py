"""The final check on the review page: what it says, and what each of its buttons does (FR1.3.2)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from streamlit.testing.v1 import AppTest

from lib.db.connection import transaction
from lib.db.tables import review_visits as visits
from lib.domain.draft import change
from lib.domain.offers import SPOT_KEY
from lib.domain.states import JobStatus
from lib.services import drafts, jobs
from tests.pages.conftest import (
    leave_final_check,
    open_final_check,
    said,
    sent,
    start_training,
)

Make = Callable[..., Any]


def shown(page: AppTest) -> dict[str, Any]:
    return sent(page, "final-check")


def noted(job_id: UUID) -> list[tuple[str | None, int]]:
    """Outcome and boxes of the job's visits, in their order."""
    with transaction() as connection:
        rows = connection.execute(
            select(visits).where(visits.c.job_id == job_id).order_by(visits.c.opened_at)
        ).all()
    return [(row.outcome, row.checked) for row in rows]


@pytest.fixture
def review(person: Make, local_draft: Make, open_page: Make) -> Make:
    """`review(limit="500.00")`: who it is, a draft of $8.50 to $11.50, its page."""

    def make(**values: Any) -> tuple[Any, UUID, AppTest]:
        who = person(**values)
        opened = local_draft(who, cost="10.00")
        page = open_page("review", who, opened.job_id)
        assert not page.exception
        return who, opened.job_id, page

    return make


def test_it_opens_by_the_button_and_says_everything(installation: str, review: Make) -> None:
    _, job_id, page = review(limit="100.00")
    assert not shown(page)["open"]
    assert noted(job_id) == []

    found = shown(open_final_check(page))

    assert found["open"]
    assert found["can_start"]
    assert found["cost"] == "$8.50-11.50"
    assert "($8.50-11.50)" in found["confirmations"][1]
    for text in (
        "Training Dataset",
        "60 conversations",
        "Empathy: ",
        "emotional arcs",
        "human-reviewed",
        "Hyperparameters",
        "Hover over any parameter for explanation",
        "LoRA Rank (r)",
        "Query, Key, Value, Output projections",
        "1 step",
        "GPU Configuration",
        "$1.00/hr",
        "Cost Analysis",
        "[100% of total]",
        "$8.50 - $11.50",
        "(±15% variance)",
        "no history yet",
        "Budget Impact",
        "$0.00 of $100.00 used - 0%",
        "+$11.50 (estimated max)",
        "$11.50 total (12% of budget)",
        "$88.50 available",
        "Sufficient budget for 7-10 more jobs this month",
        "First Training Run",
    ):
        assert text in found["body"], text
    assert "ℹ First Training Run" in found["spoken"]
    assert noted(job_id) == [(None, 0)]


def test_a_start_is_noted_and_leads_to_the_queued_job(
    review: Make, switches: list[tuple[str, str | None]]
) -> None:
    ana, job_id, page = review()
    start_training(page)
    assert switches == [("job", str(job_id))]
    assert jobs.status_of(ana, job_id).status == JobStatus.QUEUED
    assert noted(job_id) == [("started", 3)]


def test_edit_closes_it_and_keeps_everything(review: Make) -> None:
    ana, job_id, page = review()
    before = drafts.load(ana, job_id).draft
    leave_final_check(open_final_check(page), "edited", checked=1)
    assert not shown(page)["open"]
    assert drafts.load(ana, job_id).draft == before
    assert noted(job_id) == [("edited", 1)]
    assert shown(open_final_check(page))["open"]  # and it opens again, as another visit
    assert noted(job_id) == [("edited", 1), (None, 0)]


def test_cancel_leads_to_the_list_and_the_draft_stays(
    review: Make, switches: list[tuple[str, str | None]]
) -> None:
    ana, job_id, page = review()
    leave_final_check(open_final_check(page), "cancelled", checked=0)
    assert switches == [("jobs", None)]
    assert jobs.status_of(ana, job_id).status == JobStatus.PENDING_CONFIGURATION
    assert noted(job_id) == [("cancelled", 0)]


@pytest.mark.parametrize("checked", [0, 2])
def test_no_start_without_all_three_boxes_whatever_a_browser_sends(
    review: Make, checked: int
) -> None:
    ana, job_id, page = review()
    leave_final_check(open_final_check(page), "started", checked=checked)
    assert jobs.status_of(ana, job_id).status == JobStatus.PENDING_CONFIGURATION
    assert "Tick all three boxes" in shown(page)["notice"]


def test_a_price_that_moved_is_told_old_and_new_and_asked_for_again(
    review: Make, configure: Make, switches: list[Any]
) -> None:
    ana, job_id, page = review()
    before = shown(open_final_check(page))
    configure(LOCAL_HOURLY_RATE="2.00")

    leave_final_check(page, "started")

    now = shown(page)
    assert now["open"]
    assert now["asked"] > before["asked"]  # the boxes are cleared
    assert "<s>$8.50-11.50</s> → " in now["notice"]
    assert ">$17-23</b>" in now["notice"]
    assert now["cost"] == "$17-23"
    assert "($17-23)" in now["confirmations"][1]
    assert jobs.status_of(ana, job_id).status == JobStatus.PENDING_CONFIGURATION
    assert switches == []

    leave_final_check(page, "started")
    assert jobs.status_of(ana, job_id).status == JobStatus.QUEUED
    assert noted(job_id) == [("started", 3)]


def test_a_press_on_figures_that_a_later_run_replaced_starts_nothing(
    review: Make, configure: Make
) -> None:
    ana, job_id, page = review()
    old = shown(open_final_check(page))["shown"]
    configure(LOCAL_HOURLY_RATE="2.00")
    page.run()
    assert "→" in shown(page)["notice"]
    leave_final_check(page, "started", shown=old)
    assert jobs.status_of(ana, job_id).status == JobStatus.PENDING_CONFIGURATION


def test_a_budget_that_no_longer_bears_it_keeps_it_from_starting(
    person: Make, local_draft: Make, open_page: Make, started_job: Make
) -> None:
    ana = person(limit="20.00")
    opened = local_draft(ana, cost="10.00")
    page = open_final_check(open_page("review", ana, opened.job_id))
    started_job(ana, cost="10.00")

    leave_final_check(page, "started")

    now = shown(page)
    assert not now["can_start"]
    assert "exceeds remaining monthly budget" in now["hint"]
    assert "Used of the budget: <s>$0.00</s>" in now["notice"]
    assert jobs.status_of(ana, opened.job_id).status == JobStatus.PENDING_CONFIGURATION


def test_the_button_waits_for_what_is_missing_and_links_to_its_step(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person(limit="9999.00")
    opened = draft(ana, offer_key=SPOT_KEY)
    drafts.save(ana, opened, change(opened.draft, drafts.today(), name="ab"))

    page = open_page("review", ana, opened.job_id)

    assert page.button(key="open-final-check").disabled
    links = {
        element.proto.label: element.proto.page
        for element in page._tree
        if element.type == "page_link"
    }
    assert links["Go to Details"].endswith("details")
    assert links["Go to GPU"].endswith("gpu")


def test_who_may_only_look_cannot_open_it(person: Make, local_draft: Make, open_page: Make) -> None:
    stranger = person(role="manager")
    page = open_page("review", stranger, local_draft(person()).job_id)
    assert page.button(key="open-final-check").disabled
    assert "Only its creator, their manager or an admin" in said(page)


def test_hostile_names_are_text(review: Make) -> None:
    ana, job_id, page = review()
    opened = drafts.load(ana, job_id)
    name = "<img src=x onerror=alert(1)> **b** \u202e東京🦄"
    drafts.save(ana, opened, change(opened.draft, drafts.today(), name=name))
    found = shown(open_final_check(page))
    assert "<img" not in found["body"]
    assert "&lt;img src=x onerror=alert(1)&gt; **b** \u202e東京🦄" in found["body"]


def test_a_spent_budget_is_shown_with_what_is_reserved(review: Make, started_job: Make) -> None:
    ana, _, page = review(limit="100.00")
    started_job(ana, cost="10.00")
    body = shown(open_final_check(page))["body"]
    assert "$11.50 of $100.00 used - 12%" in body
    assert f"of it ${Decimal('11.50')} reserved by active jobs" in body
