"""One job's page: every state, its figures, cancelling, whose it is."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Row
from streamlit.testing.v1 import AppTest

from lib import storage
from lib.db import jobs as job_queries
from lib.db import work
from lib.db.connection import transaction
from lib.db.tables import workers
from lib.domain.people import Person
from lib.domain.states import ACTIVE, JobStatus
from lib.services import drafts, jobs, quotes
from lib.ui.status import TITLES
from tests.pages.conftest import WAYS, figures, move, said, train
from tests.past_jobs import insert_past_job
from tests.rented_offers import waiting_job
from tests.rented_runs import start_rented

NOT_THERE = "There is no such job, or it is not yours to see."


def adapters(page: AppTest) -> list[str]:
    """The downloads of the adapter; the log has one of its own."""
    labels = [button.proto.label for button in page.get("download_button")]
    return [label for label in labels if "adapter" in label]


def buttons(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


@pytest.mark.parametrize("status", WAYS)
def test_each_state_has_its_page(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
    status: JobStatus,
) -> None:
    ana = person()
    job = started_job(ana, status, name="Tone of support")

    page = open_page("job", ana, job)

    assert not page.exception
    assert '<h1 class="job-name" dir="auto">Tone of support</h1>' in said(page)
    assert f">{TITLES[status]}</span>" in said(page)  # the pill
    assert ("Cancel job" in buttons(page)) == (status in ACTIVE)
    assert list(page.dataframe[0].value["Event"])[-1] == "Draft created"
    assert figures(page)["Rate"] == "$1.00 an hour"


def test_a_running_job_shows_where_it_is(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RUNNING)
    train(job, range(1, 46), total=90)

    page = open_page("job", ana, job)

    shown = figures(page)
    assert shown["Step"] == "45 of 90"
    assert shown["Loss"] == "4.0500"
    assert shown["Speed"] == "1,783 tok/s"
    assert shown["Elapsed"].startswith("3 min")
    assert shown["Time left"].startswith("≈ 1 min")
    assert shown["Cost so far"] == "$0.00"
    assert "of $8.50 – $11.50 estimated" in said(page)
    assert "first 4.4900" in said(page)
    assert "Step 45 of 90 · 50 %" in said(page)


def test_progress_may_lack_any_of_its_figures(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RUNNING)
    with transaction() as connection:
        job_queries.write(connection, job, progress={"step": 7})

    page = open_page("job", ana, job)

    assert not page.exception
    assert figures(page)["Step"] == "7"


def test_while_a_gpu_is_provisioned_the_page_says_how_long_that_takes(
    person: Callable[..., Person],
    training_file: Callable[..., Row],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    words = "Provisioning GPU... Estimated time: 2-5 minutes"
    rented = waiting_job(ana, training_file(actor=ana), None)
    assert words in said(open_page("job", ana, rented))

    move(rented, JobStatus.STARTING)
    page = open_page("job", ana, rented)
    assert words not in said(page)
    assert "The trainer is loading the model and the data." in said(page)

    here = started_job(ana, JobStatus.PROVISIONING)
    assert words not in said(open_page("job", ana, here))


def test_a_run_that_is_over_while_its_machine_is_not_says_so(
    person: Callable[..., Person],
    training_file: Callable[..., Row],
    open_page: Callable[..., AppTest],
) -> None:
    ana, words = person(), "The run is over; its machine is being ended."
    run = start_rented(ana, training_file(actor=ana))
    for status in (JobStatus.PROVISIONING, JobStatus.STARTING, JobStatus.RUNNING):
        move(run.job_id, status)
    assert words not in said(open_page("job", ana, run.job_id))
    with transaction() as connection:
        work.write_attempt(connection, run.attempt.id, verdict={"outcome": "completed"})
    assert words in said(open_page("job", ana, run.job_id))
    run.end()
    assert words not in said(open_page("job", ana, run.job_id))


def test_a_queued_job_names_its_place(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana)
    before = jobs.view(ana, job).jobs_ahead  # other tests have left some
    later = started_job(ana)

    assert f"Waiting: {before + 1} job" in said(open_page("job", ana, later))


def test_without_a_worker_a_waiting_job_says_so(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana)

    assert "No worker is running" in open_page("job", ana, job).warning[0].value

    with transaction() as connection:
        connection.execute(workers.insert().values(host="here", pid=1))
    try:
        assert not open_page("job", ana, job).warning
    finally:
        with transaction() as connection:
            connection.execute(workers.delete().where(workers.c.host == "here"))


def test_an_interruption_is_told_with_the_step_it_went_on_from(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RECOVERING)
    train(job, range(1, 25))
    at_first = [warning.value for warning in open_page("job", ana, job).warning]
    move(job, JobStatus.PROVISIONING, JobStatus.STARTING)
    with transaction() as connection:
        job_queries.record(connection, job, "resumed", "Resumed from step 20")
    move(job, JobStatus.RUNNING)
    train(job, range(21, 40), attempt=2)

    page = open_page("job", ana, job)

    assert any("resuming · 1 recovery" in text for text in at_first)
    assert any("resumed from step 20 · 1 recovery" in warning.value for warning in page.warning)
    assert "<p>Attempt 2</p>" in said(page)


def test_a_failed_job_says_why_in_its_own_words(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.STARTING)
    move(
        job,
        JobStatus.FAILED,
        cost="3.20",
        failure_code="disk_full",
        failure_message="The disk is full. Free some space and start again.",
    )

    page = open_page("job", ana, job)

    assert "<h3>The disk is full</h3>" in said(page)
    assert "It has cost $3.20; nothing more is charged." in said(page)
    assert "Message: The disk is full. Free some space and start again." in page.code[0].value
    assert not adapters(page)


def test_a_completed_job_hands_out_its_adapter_and_compares_itself_with_its_estimate(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RUNNING, cost="10.00")
    train(job, range(1, 91))
    archive = storage.adapter_archive(job)
    archive.parent.mkdir(parents=True)
    archive.write_bytes(b"weights" * 200_000)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    key = str(archive.relative_to(storage.runs_folder()))
    move(job, JobStatus.COMPLETED, cost="12.00", adapter_key=key, adapter_sha256=digest)

    page = open_page("job", ana, job)

    assert adapters(page) == ["Download LoRA adapter"]
    assert "adapter.zip · 1.4 MB" in said(page)
    assert digest in said(page)
    assert "PeftModel.from_pretrained" in page.code[0].value
    assert "<td>$12.00</td>" in said(page)
    assert "<td>+20.0 %</td>" in said(page)


def test_what_an_ended_job_took_is_what_its_runs_took_and_not_the_wait_between_them(
    person: Callable[..., Person],
    training_file: Callable[..., Row],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    ended_at = datetime.now(UTC)
    job = insert_past_job(
        ana,
        training_file(actor=ana),
        actual_hours="2",
        estimated_hours="2",
        started_at=ended_at - timedelta(hours=7),
        ended_at=ended_at,
        progress={"step": 9},
        configuration={
            "hyperparameters": {},
            "overrides": {},
            "max_steps": None,
            "gpu_title": "H100",
        },
    )
    with transaction() as connection:
        job_queries.record(connection, job, "status", "Done", to_status=JobStatus.COMPLETED)

    page = open_page("job", ana, job)

    assert "· took 2 h 00 min ·" in said(page)
    assert figures(page)["Run time"] == "2 h 00 min"
    assert "<td>+0.0 %</td>" in said(page)


def test_an_adapter_that_has_gone_from_storage_is_not_offered(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RUNNING)
    move(job, JobStatus.COMPLETED, adapter_key=f"{job}/adapter.zip", adapter_sha256="0" * 64)

    page = open_page("job", ana, job)

    assert "no longer in this installation's storage" in page.error[0].value
    assert not adapters(page)


def test_the_quotes_of_a_job_can_be_had_again(
    person: Callable[..., Person],
    local_draft: Callable[..., drafts.OpenDraft],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    opened = local_draft(ana)
    number = quotes.issue(ana, opened).number
    drafts.discard(ana, opened.job_id)

    page = open_page("job", ana, opened.job_id)

    assert "This draft was discarded" in page.info[0].value
    assert number in said(page)
    assert len(page.get("download_button")) == 1


@pytest.mark.parametrize("address", ["", "' OR 1=1 --", str(uuid4()), "\u0000", "9" * 5000])
def test_an_address_that_names_no_job_leaks_nothing(
    person: Callable[..., Person], open_page: Callable[..., AppTest], address: str
) -> None:
    page = open_page("job", person(), address)

    assert not page.exception
    assert page.title[0].value == "No such job"
    assert NOT_THERE in said(page)


def test_the_jobs_of_others_look_like_no_job_except_to_managers(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    job = started_job(person(), JobStatus.RUNNING, name="Only Ana's")

    other = open_page("job", person(), job)
    unknown = open_page("job", person(), uuid4())
    assert said(other) == said(unknown)
    assert "Only Ana" not in said(other)

    assert "Only Ana" in said(open_page("job", person(role="manager"), job))


def test_a_draft_offers_the_wizard(
    person: Callable[..., Person],
    draft: Callable[..., drafts.OpenDraft],
    open_page: Callable[..., AppTest],
    switches: list[tuple[str, str | None]],
) -> None:
    ana = person()
    job = draft(ana).job_id

    page = open_page("job", ana, job)
    assert "This job is a draft" in page.info[0].value
    page.button[0].click().run()

    assert switches == [("preset", str(job))]


def test_the_page_survives_a_job_that_ends_while_it_is_open(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RUNNING)
    train(job, range(1, 10))
    page = open_page("job", ana, job)
    move(job, JobStatus.FAILED, failure_code="error", failure_message="It broke")

    page.run()

    assert not page.exception
    assert "It broke. It may have been a passing fault" in said(page)
    assert "Time left" not in figures(page)
    assert datetime.now(UTC).strftime("%d %b %Y") in said(page)
