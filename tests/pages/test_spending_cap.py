"""The spending cap on the review page, in the final check and on the page of a running job."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from streamlit.testing.v1 import AppTest

from lib.db import jobs as job_rows
from lib.db.connection import transaction
from lib.domain.offers import LOCAL_KEY
from lib.domain.states import JobStatus
from lib.services import drafts, jobs
from lib.ui.text import plain
from tests.conftest import measured
from tests.pages.conftest import (
    _tell,
    leave_final_check,
    open_final_check,
    said,
    sent,
)

Make = Callable[..., Any]


def field(page: AppTest) -> Any:
    return page.text_input(key="spending-cap")


def cap_of(actor: Any, job_id: UUID) -> Decimal | None:
    return drafts.load(actor, job_id).draft.spending_cap


def set_cap(page: AppTest, amount: str) -> AppTest:
    """What typing an amount into the final check and pressing its button does."""
    visit = sent(page, "final-check")["visit"]
    return _tell(page, "final-check", "cap", amount=amount, visit=visit)


def test_the_review_shows_the_default_and_where_it_comes_from(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person()
    page = open_page("review", ana, local_draft(ana, cost="10.00").job_id)
    assert field(page).value == "12.65"
    assert plain("maximum of $11.50 and 10% grace") in said(page)
    assert "saves a checkpoint" in said(page)


def test_a_cap_that_the_budget_cuts_says_so(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person(limit="11.00")
    page = open_page("review", ana, local_draft(ana, cost="10.00").job_id)
    assert field(page).value == "12.10"
    assert "as much of the 10% grace as the budget allows" in said(page)


def test_another_amount_is_kept_and_the_default_comes_back(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person()
    job_id = local_draft(ana, cost="10.00").job_id
    page = open_page("review", ana, job_id)
    field(page).set_value("$40").run()
    assert cap_of(ana, job_id) == Decimal("40.00")
    assert plain("a start reserves $40.00") in said(page)
    (back,) = (button for button in page.button if "Back to" in button.label)
    back.click().run()
    assert cap_of(ana, job_id) is None
    assert field(page).value == "12.65"


def test_an_empty_field_is_the_default(person: Make, local_draft: Make, open_page: Make) -> None:
    ana = person()
    job_id = local_draft(ana, cost="10.00").job_id
    page = open_page("review", ana, job_id)
    field(page).set_value("40").run()
    field(page).set_value(" ").run()
    assert cap_of(ana, job_id) is None


def test_what_is_no_amount_stays_in_the_field_and_changes_nothing(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person()
    job_id = local_draft(ana, cost="10.00").job_id
    page = open_page("review", ana, job_id)
    for typed in ("12,50", "a lot", "0", "-3", "<b>5"):
        field(page).set_value(typed).run()
        assert field(page).value == typed
        assert page.error[0].value.startswith("Spending cap")
        assert cap_of(ana, job_id) is None
    field(page).set_value("15").run()
    assert not page.error
    assert cap_of(ana, job_id) == Decimal("15.00")


def test_a_low_cap_is_warned_of_and_one_that_is_too_high_is_in_the_way(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person(limit="20.00")
    page = open_page("review", ana, local_draft(ana, cost="10.00").job_id)
    field(page).set_value("5").run()
    assert any("Low Spending Cap" in warning.value for warning in page.warning)
    assert not page.button(key="open-final-check").disabled
    field(page).set_value("30").run()
    assert any("above what the budget allows" in error.value for error in page.error)
    assert page.button(key="open-final-check").disabled


def test_where_an_hour_costs_nothing_there_is_no_field(
    person: Make, draft: Make, open_page: Make
) -> None:
    ana = person()
    opened = draft(ana, offer_key=LOCAL_KEY)
    measured(opened, hours=Decimal(1))
    page = open_page("review", ana, opened.job_id)
    assert "None: an hour here costs nothing" in said(page)
    assert [one for one in page.text_input if one.key == "spending-cap"] == []


def test_the_final_check_shows_the_cap_and_asks_again_when_it_is_changed_there(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person()
    job_id = local_draft(ana, cost="10.00").job_id
    page = open_final_check(open_page("review", ana, job_id))
    before = sent(page, "final-check")
    assert 'value="12.65"' in before["body"]

    page = set_cap(page, "40")
    after = sent(page, "final-check")
    assert cap_of(ana, job_id) == Decimal("40.00")
    assert after["asked"] > before["asked"]
    assert "Spending cap: <s>$12.65</s>" in after["notice"]
    assert "+$40.00 (spending cap)" in after["body"]

    page = leave_final_check(page, "started", shown=before["shown"])
    assert jobs.status_of(ana, job_id).status == JobStatus.PENDING_CONFIGURATION
    leave_final_check(page, "started")
    assert jobs.status_of(ana, job_id).status == JobStatus.QUEUED
    assert jobs.status_of(ana, job_id).spending_cap == Decimal("40.00")


def test_the_final_check_takes_no_amount_that_is_none(
    person: Make, local_draft: Make, open_page: Make
) -> None:
    ana = person()
    job_id = local_draft(ana, cost="10.00").job_id
    page = set_cap(open_final_check(open_page("review", ana, job_id)), "<img src=x>")
    data = sent(page, "final-check")
    assert "Spending cap" in data["notice"]
    assert "<img" not in data["notice"]
    assert cap_of(ana, job_id) is None
    assert "is not an amount" not in sent(set_cap(page, "15"), "final-check")["notice"]


def test_a_running_job_shows_how_much_of_its_cap_is_used(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    job_id = started_job(ana, JobStatus.RUNNING)
    for cost, share, near in (("6.33", "$6.33 of $12.65, 50%", False), ("10.20", "81%", True)):
        with transaction() as connection:
            job_rows.write(connection, job_id, actual_cost=Decimal(cost))
        page = open_page("job", ana, job_id)
        assert share in said(page)
        assert ('class="cap-meter near"' in said(page)) is near
        assert "left:80%" in said(page)
    assert not page.exception


def test_a_job_that_has_ended_shows_its_cap_among_its_figures_alone(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    page = open_page("job", ana, started_job(ana, JobStatus.CANCELLED))
    assert "cap-meter" not in said(page)
    assert "<th scope=row>Spending cap</th><td>$12.65</td>" in said(page)
