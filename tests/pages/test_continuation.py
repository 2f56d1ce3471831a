"""The page of a job that its cap ended: what it says, and the way on from the checkpoint."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.draft import change
from lib.services import drafts, jobs
from lib.services.continuation import continue_job
from tests.capped_jobs import end_at_cap
from tests.pages.conftest import said

Make = Callable[..., Any]


@pytest.fixture
def capped(started_job: Make) -> Make:
    """`capped(actor, step=40)`: a job of theirs that its cap of $12.65 ended."""

    def make(actor: Any, **ended: Any) -> UUID:
        job_id: UUID = started_job(actor, name="First <run>")
        end_at_cap(job_id, **ended)
        return job_id

    return make


def buttons(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def press(page: AppTest) -> AppTest:
    (button,) = (one for one in page.button if one.label == "Continue with a new cap")
    return button.click().run()


def test_it_says_what_happened_and_leads_to_the_review_of_what_is_left(
    person: Make, capped: Make, open_page: Make, switches: list[Any]
) -> None:
    ana = person()
    old = capped(ana)
    page = open_page("job", ana, old)
    assert "Ended at its spending cap" in page.warning[0].value
    assert "checkpoint at step 40" in page.warning[0].value
    page.text_input(key=f"new-cap-{old}").set_value("7.00")
    press(page)
    ((where, new),) = switches
    assert where == "review"
    draft = drafts.load(ana, UUID(new)).draft
    assert (draft.continues, draft.spending_cap) == (str(old), Decimal("7.00"))

    review = open_page("review", ana, new)
    assert "the estimate counts the last 60 of 100 steps" in said(review)
    assert not review.exception
    back, forth = said(open_page("job", ana, new)), said(open_page("job", ana, old))
    assert f'Continues <a href="/job?job={old}" target="_self">First &lt;run&gt;</a>' in back
    assert f'Continued by <a href="/job?job={new}"' in forth
    assert "Continue with a new cap" not in buttons(open_page("job", ana, old))


def test_an_amount_that_is_none_is_told_and_makes_no_draft(
    person: Make, capped: Make, open_page: Make, switches: list[Any]
) -> None:
    ana = person()
    old = capped(ana)
    page = open_page("job", ana, old)
    page.text_input(key=f"new-cap-{old}").set_value("much")
    press(page)
    assert page.error[0].value.startswith("Spending cap")
    assert page.text_input(key=f"new-cap-{old}").value == "much"
    assert switches == []
    page.text_input(key=f"new-cap-{old}").set_value("8.00")
    press(page)
    assert switches[0][0] == "review"


def test_without_a_checkpoint_there_is_no_way_on(
    person: Make, capped: Make, open_page: Make
) -> None:
    ana = person()
    page = open_page("job", ana, capped(ana, step=None))
    assert "no checkpoint to go on from" in said(page)
    assert "Continue with a new cap" not in buttons(page)


def test_only_those_who_may_change_the_job_are_offered_it(
    person: Make, capped: Make, open_page: Make
) -> None:
    boss, other = person(role="manager"), person(role="manager")
    old = capped(person(manager=boss))
    assert "Continue with a new cap" in buttons(open_page("job", boss, old))
    page = open_page("job", other, old)
    assert "Continue with a new cap" not in buttons(page)
    assert "Its creator, their manager or an admin can continue it." in said(page)


def test_a_changed_configuration_is_in_the_way_and_begins_anew_by_one_click(
    person: Make, capped: Make, open_page: Make
) -> None:
    ana = person()
    opened = drafts.load(ana, continue_job(ana, capped(ana)))
    drafts.save(ana, opened, change(opened.draft, drafts.today(), overrides={"lora_dropout": 0.2}))
    page = open_page("review", ana, opened.job_id)
    assert any("needs the same parameters" in error.value for error in page.error)
    (anew,) = (one for one in page.button if one.label == "Train from the beginning")
    anew.click().run()
    assert jobs.status_of(ana, opened.job_id).continues_id is None
    assert not page.error
