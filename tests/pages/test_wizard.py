"""The five steps: what each shows, what a choice changes, what is refused."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row
from streamlit.testing.v1 import AppTest

from lib.domain.draft import Draft
from lib.domain.job_search import JobQuery
from lib.domain.offers import SPOT_KEY
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import drafts, job_search, jobs
from lib.services.drafts import OpenDraft
from lib.ui.file_import import CHOSEN
from lib.ui.text import plain
from tests.pages.conftest import (
    cards,
    choose_card,
    figures,
    leave_final_check,
    open_final_check,
    said,
    start_training,
    unfold,
)

OVER_A_DRAFT = ("preset", "gpu", "details", "review")


def saved(actor: Person, opened: OpenDraft) -> Draft:
    return drafts.load(actor, opened.job_id).draft


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


@pytest.mark.parametrize("name", OVER_A_DRAFT)
def test_each_step_is_drawn_over_the_draft(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
    name: str,
) -> None:
    ana = person()

    page = open_page(name, ana, draft(ana).job_id)

    assert not page.exception
    assert page.title[0].value.lower() == name
    assert said(page).count("aria-current=step") == 1
    assert "Discard draft" in [button.label for button in page.button]


@pytest.mark.parametrize("name", OVER_A_DRAFT)
def test_without_a_draft_a_step_leads_to_the_training_files(
    person: Callable[..., Person], open_page: Callable[..., AppTest], name: str
) -> None:
    page = open_page(name, person())

    assert "Choose a training file first" in page.info[0].value


@pytest.mark.parametrize("name", OVER_A_DRAFT)
@pytest.mark.parametrize("whose", ["unknown", "another's", "malformed"])
def test_the_draft_of_somebody_else_is_no_draft(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
    name: str,
    whose: str,
) -> None:
    secret = draft(person(), name="Only Ana's")
    addresses = {"unknown": uuid4(), "another's": secret.job_id, "malformed": "../../etc"}

    page = open_page(name, person(), addresses[whose], faults=True)

    (told,) = (error.value for error in page.error)
    malformed = "The address does not name a job: look it up in the list."
    hidden = "There is no such job, or it is not yours to see."
    assert told == (malformed if whose == "malformed" else hidden)
    assert "Only Ana" not in said(page)


def test_a_preset_is_chosen_and_saved(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    opened = draft(ana, preset="conservative")
    page = open_page("preset", ana, opened.job_id)

    choose_card(page, "presets", "balanced")

    assert not page.exception
    assert saved(ana, opened).preset == "balanced"
    chosen = {name for name, card in cards(page, "presets").items() if card["chosen"]}
    assert chosen == {"balanced"}
    unfold(page, "overrides")
    assert page.number_input("override-r").value == 16


def test_aggressive_is_locked_for_a_small_file_and_a_new_user(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()

    opened = draft(ana)
    page = open_page("preset", ana, opened.job_id)

    locked = {name: card["locked"] for name, card in cards(page, "presets").items()}
    unlock = "Unlock after 3 successful training runs"
    assert locked == {"conservative": None, "balanced": None, "aggressive": unlock}
    choose_card(page, "presets", "aggressive")  # a browser would not even send it
    assert saved(ana, opened).preset == "conservative"


def test_an_override_is_kept_only_where_it_differs_from_the_preset(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    opened = draft(ana, preset="balanced")
    page = unfold(open_page("preset", ana, opened.job_id), "overrides")
    own = page.number_input("override-num_train_epochs").value

    page.number_input("override-num_train_epochs").set_value(own + 2).run()
    assert saved(ana, opened).overrides == {"num_train_epochs": own + 2}

    page.number_input("override-num_train_epochs").set_value(own).run()
    assert saved(ana, opened).overrides == {}


def test_the_review_says_what_keeps_a_job_from_starting(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person(limit="1.00")

    page = open_page("review", ana, draft(ana, offer_key=SPOT_KEY).job_id)

    reasons = " ".join(error.value for error in page.error)
    assert "exceeds remaining monthly budget" in reasons
    assert "RunPod is not connected" in reasons
    assert page.button(key="open-final-check").disabled


def test_the_review_starts_the_job_once_and_leads_to_its_page(
    person: Callable[..., Person],
    local_draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
    switches: list[tuple[str, str | None]],
) -> None:
    ana = person()
    opened = local_draft(ana)
    page = open_page("review", ana, opened.job_id)
    assert figures(page)["Cost"] == "$8.50 – $11.50"
    assert ":green[Projected Monthly Spend" in said(page)
    other_tab = open_final_check(open_page("review", ana, opened.job_id))

    start_training(page)
    leave_final_check(other_tab, "started")

    assert switches == [("job", str(opened.job_id))] * 2
    assert jobs.status_of(ana, opened.job_id).status == JobStatus.QUEUED
    told = [event.message for event in jobs.view(ana, opened.job_id).events]
    assert len([message for message in told if message.startswith("Started by")]) == 1


@pytest.mark.parametrize("name", OVER_A_DRAFT)
def test_the_address_of_a_started_job_leads_to_its_page(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
    switches: list[tuple[str, str | None]],
    name: str,
) -> None:
    ana = person()
    job = started_job(ana)

    open_page(name, ana, job)

    assert switches == [("job", str(job))]


def test_a_draft_is_discarded(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
    switches: list[tuple[str, str | None]],
) -> None:
    ana = person()
    opened = draft(ana)

    press(open_page("details", ana, opened.job_id), "Discard draft")

    row = jobs.status_of(ana, opened.job_id)
    assert (row.status, row.queued_at) == (JobStatus.CANCELLED, None)
    assert switches == [("jobs", None)]


def test_the_steps_lead_to_each_other(
    person: Callable[..., Person],
    draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
    switches: list[tuple[str, str | None]],
) -> None:
    ana = person()
    job = draft(ana).job_id

    expected = []
    for name, following in pairwise(OVER_A_DRAFT):
        title = "GPU" if following == "gpu" else following.title()
        press(open_page(name, ana, job), f"Continue to {title}")
        press(open_page(following, ana, job), "Back")
        expected += [(following, str(job)), (name, str(job))]

    assert switches == expected


def test_a_training_file_shows_its_figures_and_makes_a_draft(
    person: Callable[..., Person],
    training_file: Callable[..., Row],
    open_page: Callable[..., AppTest],
    switches: list[tuple[str, str | None]],
) -> None:
    ana = person()
    file = training_file(conversations=60, actor=ana)
    page = open_page("dataset", ana)
    page.session_state[CHOSEN] = file.id
    page.run()
    assert not page.exception
    assert plain(file.name) in said(page)

    press(page, "Create Training Job")
    next(button for button in page.button if button.label == "Create Training Job").click()
    press(page, "Create")  # in the dialog; AppTest runs the whole page with it

    job = job_of_file(ana, file.id)
    assert job.status == JobStatus.PENDING_CONFIGURATION
    assert switches == [("preset", str(job.id))]


def job_of_file(actor: Person, file_id: UUID) -> Any:
    (job,) = (
        job for job in job_search.search(actor, JobQuery()).rows if job.training_file_id == file_id
    )
    return job


def test_a_file_that_is_too_small_is_refused_with_its_reason(
    person: Callable[..., Person],
    training_file: Callable[..., Row],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    file = training_file(conversations=20, actor=ana)
    page = open_page("dataset", ana)

    page.session_state[CHOSEN] = file.id
    page.run()

    assert plain("Insufficient conversations: 20") in page.warning[0].value
    assert next(b for b in page.button if b.label == "Create Training Job").disabled
