"""The job page's rehearsal button, and what a waiting job's page says of the queue."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from lib.db import jobs, work
from lib.db.connection import transaction
from lib.domain.people import Person
from lib.domain.states import JobStatus
from tests.pages.conftest import figures, said

Make = Callable[..., Any]
LABEL = "Interrupt as a spot machine would"


@pytest.fixture(autouse=True)
def own_queue(installation: str) -> None:
    """No job of another test stands in the queue."""


@pytest.fixture
def running(started_job: Make) -> Make:
    """`running(actor, attempt=2)`: a training job with a live attempt of that number."""

    def make(actor: Person, attempt: int = 1) -> UUID:
        job_id: UUID = started_job(actor, JobStatus.RUNNING)
        with transaction() as connection:
            work.add_attempt(
                connection,
                job_id=job_id,
                number=attempt,
                engine="local",
                external_name=f"lora-{job_id}-{attempt}",
                external_id="1:0",
                hourly_rate=0,
            )
        return job_id

    return make


def interrupt_button(page: AppTest) -> Any:
    found = [button for button in page.button if button.key == "interrupt"]
    return found[0] if found else None


def test_pressing_it_asks_the_worker_and_says_so(
    person: Make, running: Make, open_page: Make
) -> None:
    ana = person(name="Ana <b>")
    job_id = running(ana)
    page = open_page("job", ana, job_id)
    assert interrupt_button(page).label == LABEL

    interrupt_button(page).click().run()

    button = interrupt_button(page)
    assert (button.label, button.disabled) == ("Interrupting…", True)
    with transaction() as connection:
        assert work.newest_attempt(connection, job_id).interrupt_requested_at is not None
        told = jobs.events(connection, job_id)[-1]
    assert (told.kind, "Ana <b>" in told.message) == ("rehearsal", True)
    assert not page.exception


def test_the_last_attempt_is_not_put_at_risk(person: Make, running: Make, open_page: Make) -> None:
    ana = person()
    button = interrupt_button(open_page("job", ana, running(ana, attempt=4)))
    assert button.disabled
    assert "one more interruption would end the job" in button.help


def test_only_those_who_may_change_the_job_see_it(
    person: Make, running: Make, open_page: Make
) -> None:
    boss = person(role="manager")
    job_id = running(person(manager=boss))
    assert interrupt_button(open_page("job", boss, job_id)) is not None
    assert interrupt_button(open_page("job", person(role="manager"), job_id)) is None


def test_a_job_that_does_not_train_has_no_such_button(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    for status in (JobStatus.QUEUED, JobStatus.STARTING, JobStatus.COMPLETED):
        assert interrupt_button(open_page("job", ana, started_job(ana, status))) is None


def test_a_waiting_job_shows_its_place_and_expected_start(
    person: Make, started_job: Make, running: Make, open_page: Make
) -> None:
    ana = person()
    running(ana)
    started_job(ana, cost="2.00")
    page = open_page("job", ana, started_job(ana))
    assert figures(page)["Place in the queue"] == "2"
    assert figures(page)["Expected start"].startswith("≈ ")
    assert "1 run under way, at most 1 at once" in said(page)
    # ten hours of the run, less the three minutes that it has gone on, and two of the next
    assert "in about 11 h 5" in said(page)


def test_a_job_that_may_start_at_once_says_so(
    person: Make, started_job: Make, open_page: Make
) -> None:
    ana = person()
    assert figures(open_page("job", ana, started_job(ana)))["Expected start"] == "now"
