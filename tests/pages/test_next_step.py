"""A failure and a wait on the job's page: in plain words, with the ways on as buttons."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row
from streamlit.testing.v1 import AppTest

from lib import storage
from lib.db import files, jobs
from lib.db.connection import reading, transaction
from lib.domain.job_search import JobQuery
from lib.domain.offers import ON_DEMAND_KEY
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import drafts, job_search
from lib.ui.text import plain
from tests.pages.conftest import move, said
from tests.rented_offers import ON_DEMAND, SPOT, can_be_rented, waiting_job

Make = Callable[..., Any]


def fails(job_id: UUID, code: str, message: str = "It broke.") -> None:
    move(job_id, JobStatus.FAILED, cost="3.20", failure_code=code, failure_message=message)


def buttons(page: AppTest) -> list[str]:
    """The keys of the steps, in their order."""
    taken = (button.key or "" for button in page.button)
    return [key.removeprefix("take-") for key in taken if key.startswith("take-")]


def job(job_id: UUID) -> Row:
    with reading() as connection:
        row = jobs.by_id(connection, job_id)
    assert row is not None
    return row


def test_out_of_memory_leads_to_a_review_with_half_the_batch(
    person: Make, started_job: Make, open_page: Make, switches: list[tuple[str, str]]
) -> None:
    ana = person()
    failed = started_job(ana, JobStatus.RUNNING)
    fails(failed, "out_of_memory", "CUDA out of memory. Tried to allocate 2 GiB.")

    page = open_page("job", ana, failed)

    assert "<h3>Not enough memory</h3>" in said(page)
    assert 'role="alert"' in said(page)
    assert "You can mend this" in said(page)
    assert "It has cost $3.20; nothing more is charged." in said(page)
    assert buttons(page) == ["lower_rank", "smaller_batch", "other_file"]
    assert "Tried to allocate 2 GiB" in page.code[0].value
    assert "Code: out_of_memory" in page.code[0].value
    page.button(key="take-smaller_batch").click().run()
    ((name, new),) = switches
    draft = drafts.load(ana, UUID(new)).draft
    parameters = draft.hyperparameters
    assert name == "review"
    assert parameters.per_device_train_batch_size * 2 == 4
    assert parameters.gradient_accumulation_steps == 2
    assert job(UUID(new)).status == "pending_configuration"  # nothing starts by itself


def test_the_trainers_own_detail_is_there_to_be_copied(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    failed = started_job(ana, JobStatus.RUNNING)
    with transaction() as connection:
        jobs.record(connection, failed, "technical", "Technical detail: KeyError: 'x'")
    fails(failed, "error")
    assert "Technical detail: KeyError: 'x'" in open_page("job", ana, failed).code[0].value


def test_a_file_that_is_in_use_by_then_asks_for_another_one(
    person: Make, started_job: Make, open_page: Make, switches: list[Any]
) -> None:
    ana = person()
    failed = started_job(ana, JobStatus.STARTING)
    fails(failed, "stuck")
    page = open_page("job", ana, failed)
    with reading() as connection:
        file = files.by_id(connection, job(failed).training_file_id)
    assert file is not None
    storage.original_file(file.storage_key).write_text("something else")

    page.button(key="take-retry").click().run()

    assert not page.exception
    assert switches == []
    assert page.selectbox(key="clone-file")


def test_the_conversation_that_is_too_long_is_a_click_away(
    person: Make, started_job: Make, open_page: Make, switches: list[Any]
) -> None:
    ana = person()
    failed = started_job(ana, JobStatus.STARTING)
    with reading() as connection:
        file = files.by_id(connection, job(failed).training_file_id)
    assert file is not None
    lines = storage.sequences_file(file.storage_key).read_text().splitlines()
    named = json.loads(lines[6])["id"]
    fails(failed, "sequence_too_long", f"Conversation {named!r} has 9,000 tokens.")

    page = open_page("job", ana, failed)
    page.button(key="take-see_conversation").click().run()
    assert switches == [("dataset", None)]

    shown = open_page("dataset", ana, file=str(file.id), conversation="7")
    assert not shown.exception
    assert shown.number_input(key=f"conversation-{file.id}").value == 7
    assert "file" not in shown.query_params
    page_in_order = said(shown)
    assert page_in_order.index("What a job on this file") > page_in_order.index(plain(named))


@pytest.mark.parametrize("address", ["0", "999999999999999", "-1", "x"])
def test_an_address_of_no_conversation_does_no_harm(
    person: Make, training_file: Make, open_page: Make, address: str
) -> None:
    ana = person()
    file = training_file(actor=ana)
    shown = open_page("dataset", ana, file=str(file.id), conversation=address)
    assert not shown.exception
    assert plain(file.name) in said(shown)
    assert not open_page("dataset", ana, file="x", conversation=address).exception


def test_a_wait_is_told_with_its_price_and_can_go_on(
    installation: str, configure: Make, person: Make, training_file: Make, open_page: Make
) -> None:
    can_be_rented(configure, SPOT, ON_DEMAND)
    ana = person()
    waits = waiting_job(ana, training_file(actor=ana), *["no_capacity"] * 4)

    page = open_page("job", ana, waits)

    assert "No spot H100 PCIe 80GB is free at RunPod; looked 4 times since " in said(page)
    assert buttons(page) == ["on_demand", "keep_waiting", "cancel"]
    assert page.button(key="take-on_demand").label.startswith(plain("Start on demand instead: +$"))
    page.button(key="take-cancel").click().run()
    assert "Cancel the job" in [button.label for button in page.button]
    page = open_page("job", ana, waits)
    page.button(key="take-keep_waiting").click().run()
    assert buttons(page) == []
    assert "looked 4 times" in said(page)
    assert job(waits).status == "provisioning"


def test_on_demand_instead_gives_the_waiting_job_up_for_a_draft(
    installation: str,
    configure: Make,
    person: Make,
    training_file: Make,
    open_page: Make,
    switches: list[tuple[str, str]],
) -> None:
    can_be_rented(configure, SPOT, ON_DEMAND)
    ana = person()
    waits = waiting_job(ana, training_file(actor=ana), "no_capacity")
    open_page("job", ana, waits).button(key="take-on_demand").click().run()
    ((name, new),) = switches
    assert name == "review"
    assert job(waits).status == "cancelled"
    assert job(UUID(new)).draft["offer_key"] == ON_DEMAND_KEY
    assert len(job_search.search(ana, JobQuery()).rows) == 2


def test_who_may_only_look_is_told_of_the_wait_and_has_no_buttons(
    installation: str, configure: Make, person: Make, training_file: Make, open_page: Make
) -> None:
    ana: Person = person()
    waits = waiting_job(ana, training_file(actor=ana), "not_sent")
    page = open_page("job", person("manager"), waits)
    assert "RunPod cannot be asked; tried once since " in said(page)
    assert buttons(page) == []
