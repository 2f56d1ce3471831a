"""Cancelling on a job's page: asked first, done once, refused where it is too late."""

from collections.abc import Callable
from decimal import Decimal
from uuid import UUID

from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import jobs
from tests.pages.conftest import move, said


def confirm(page: AppTest) -> None:
    """Confirms in the open dialog; AppTest runs the page with it, a browser the dialog alone."""
    page.button("cancel").click()
    next(button for button in page.button if button.label == "Cancel the job").click().run()


def cancel_button(person: object, job: object) -> None:
    """A script for AppTest, which gives it none of this module's names."""
    from lib.ui.job_cancel import draw_cancel_button

    draw_cancel_button(person, job)


def test_cancelling_asks_first_and_then_cancels(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, name="Not wanted any more")
    page = open_page("job", ana, job)

    page.button("cancel").click().run()
    assert "It leaves the queue at once" in said(page)
    assert jobs.status_of(ana, job).status == JobStatus.QUEUED

    confirm(page)
    assert jobs.status_of(ana, job).status == JobStatus.CANCELLED
    assert "Cancel job" not in [button.label for button in page.button]
    assert not page.exception


def test_a_running_job_is_cancelling_until_its_run_has_ended(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RUNNING)
    page = open_page("job", ana, job)

    page.button("cancel").click().run()
    assert "There will be no adapter" in said(page)
    confirm(page)

    row = jobs.status_of(ana, job)
    assert row.status == JobStatus.RUNNING
    assert row.cancel_requested_at is not None
    assert page.button("cancel").label == "Cancelling…"
    assert page.button("cancel").disabled


def test_cancelling_what_has_ended_meanwhile_changes_nothing(
    person: Callable[..., Person], started_job: Callable[..., UUID]
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RUNNING)
    kwargs = {"person": ana, "job": jobs.status_of(ana, job)}
    page = AppTest.from_function(cancel_button, kwargs=kwargs).run()
    page.button("cancel").click().run()
    move(job, JobStatus.COMPLETED, cost="1.00")

    confirm(page)

    assert page.toast[0].value == "This job has ended already: completed."
    row = jobs.status_of(ana, job)
    assert (row.status, row.cancel_requested_at) == (JobStatus.COMPLETED, None)
    assert row.actual_cost == Decimal("1.00")
