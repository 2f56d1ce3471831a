"""Whoever a job belongs to is told of each turn that it takes, once, as the worker writes it."""

from decimal import Decimal
from threading import Event

import pytest
from sqlalchemy import event, select

from lib.db import budgets, jobs
from lib.db.connection import database as pool
from lib.db.connection import reading, transaction
from lib.db.tables import notifications, outbox, periodic_tasks
from lib.domain.failures import in_a_mail
from lib.engines.errors import SubmitRefused
from lib.worker.periodic import Periodic
from lib.worker.reconcile import Reconciler
from tests.worker.helpers import (
    ask_to_cancel,
    job_row,
    told_of,
)


@pytest.fixture
def worker(fake) -> Reconciler:
    return Reconciler()


@pytest.fixture
def running(worker, fake, queue):
    """A job in the middle of its first run."""
    job_id = queue()
    worker.tick()
    fake.start(fake.submitted[0])
    fake.step(fake.submitted[0], 3)
    worker.tick()
    return job_id


def kinds(job_id) -> list[str]:
    return [notice.kind for notice in told_of(job_id)]


def mailed() -> list[str]:
    with reading() as connection:
        return list(connection.scalars(select(outbox.c.subject).order_by(outbox.c.created_at)))


def test_a_run_is_told_at_its_start_and_its_end(worker, fake, queue):
    job_id = queue()
    worker.tick()
    assert told_of(job_id) == []  # the engine was asked, and nothing runs yet
    fake.start(fake.submitted[0])
    worker.tick()
    [started] = told_of(job_id)
    assert (started.kind, started.title) == ("job_started", "Training started for Job")
    assert started.user_id == job_row(job_id).created_by
    assert started.read_at is None
    fake.step(fake.submitted[0], 10)
    worker.tick()
    fake.complete(fake.submitted[0])
    worker.tick()
    worker.tick()
    assert kinds(job_id) == ["job_started", "job_completed"]
    assert told_of(job_id)[1].detail == (
        "Completed after 10 steps. The run cost $0.00; the adapter is ready to download."
    )
    assert mailed() == ["Training completed for Job"]


def test_a_run_that_was_faster_than_the_worker_is_told_of_all_the_same(worker, fake, queue):
    job_id = queue()
    worker.tick()
    fake.start(fake.submitted[0])
    fake.complete(fake.submitted[0])
    worker.tick()
    assert kinds(job_id) == ["job_started", "job_completed"]


def test_each_interruption_and_each_recovery_is_told(worker, fake, running):
    for number in (1, 2):
        fake.checkpoint(fake.submitted[-1], 2 + number)
        fake.interrupt(fake.submitted[-1])
        worker.tick()
        worker.tick()
        fake.start(fake.submitted[-1], resumed_from=2 + number)
        worker.tick()
        fake.step(fake.submitted[-1], 4 + number)
        worker.tick()
    assert kinds(running) == [
        "job_started",
        *("job_interrupted", "job_recovered"),
        *("job_interrupted", "job_recovered"),
    ]
    interrupted, recovered = told_of(running)[1:3]
    assert interrupted.detail == (
        "The run was interrupted after step 3; going on from step 3 (recovery 1 of 3)."
    )
    assert recovered.detail == "After an interruption it went on from step 3."
    assert mailed() == []


def test_a_first_attempt_that_came_to_nothing_leaves_the_start_to_the_second(worker, fake, queue):
    job_id = queue()
    worker.tick()
    fake.runs.pop(fake.submitted[0])  # gone before the trainer said a word
    worker.tick()
    worker.tick()
    fake.start(fake.submitted[1])
    worker.tick()
    assert kinds(job_id) == ["job_interrupted", "job_started"]
    fake.step(fake.submitted[1], 1)
    worker.tick()
    assert kinds(job_id)[2:] == ["job_recovered"]
    assert "from the beginning" in told_of(job_id)[2].detail


def test_a_failure_is_told_and_mailed_in_the_words_of_its_page(worker, fake, running):
    why = "The machine ran out of memory. Choose a lower rank and start again."
    fake.runs[fake.submitted[0]].cost = Decimal("1.25")
    fake.fail(fake.submitted[0], "out_of_memory", why)
    worker.tick()
    assert kinds(running) == ["job_started", "job_failed"]
    detail = told_of(running)[1].detail
    assert detail == f"{in_a_mail('out_of_memory', why)} The run cost $1.25."
    assert mailed() == ["Training failed for Job"]


def test_a_job_that_was_given_up_or_refused_has_failed(worker, fake, queue):
    given_up = queue()
    for _ in range(4):
        worker.tick()
        fake.interrupt(fake.submitted[-1])
        worker.tick()
    worker.tick()
    assert kinds(given_up).count("job_failed") == 1
    assert "3 further attempts" in told_of(given_up)[-1].detail

    def refuse(request):
        if request == "submit":
            raise SubmitRefused("disk_full", "The disk is full.")

    fake.before = refuse
    refused = queue()
    worker.tick()
    assert kinds(refused) == ["job_failed"]


def test_who_cancels_is_not_told_of_it(worker, fake, running):
    ask_to_cancel(running)
    worker.tick()
    assert job_row(running).status == "cancelled"
    assert kinds(running) == ["job_started"]


def test_a_worker_that_dies_before_the_commit_has_told_nothing_and_the_next_tells_once(
    worker, fake, running
):
    """The notification lives and dies with the transaction of what it tells."""

    def die(_connection, _cursor, statement, *_):
        if statement.startswith("UPDATE budget_reservations"):
            raise RuntimeError("killed between the notification and the commit")

    fake.fail(fake.submitted[0], "error", "It broke.")
    event.listen(pool(), "before_cursor_execute", die)
    try:
        worker.tick()
    finally:
        event.remove(pool(), "before_cursor_execute", die)
    assert (job_row(running).status, kinds(running)) == ("running", ["job_started"])
    assert mailed() == []
    with transaction() as connection:  # the pause after an error that nobody foresaw is over
        jobs.write(connection, running, lease_expires_at=None)
    Reconciler().tick()
    assert kinds(running) == ["job_started", "job_failed"]
    assert mailed() == ["Training failed for Job"]


def test_a_run_that_costs_more_than_was_reserved_tells_of_the_budget(worker, fake, running):
    user_id = job_row(running).created_by
    run = fake.runs[fake.submitted[0]]

    def alerts() -> list[str]:
        with reading() as connection:
            row = notifications.c
            return list(
                connection.scalars(
                    select(row.kind).where(row.user_id == user_id, row.job_id.is_(None))
                )
            )

    for cost, told in (
        ("9.00", []),
        ("399.00", []),
        ("400.00", ["budget_alert"]),
        ("410.00", ["budget_alert"]),
        ("455.00", ["budget_alert", "budget_critical"]),
    ):
        run.cost = Decimal(cost)
        worker.tick()
        assert alerts() == told, cost
    with transaction() as connection:
        assert budgets.snapshot(connection, user_id, job_row(running).budget_month).spent == 455


def test_old_notifications_are_a_task_of_the_worker(data_dir):
    loop = Periodic()
    while loop.tick(Event()):
        pass
    with reading() as connection:
        row = periodic_tasks.c
        found = connection.execute(
            select(row.finished_at, row.error).where(row.name == "old notifications")
        ).one()
    assert found.finished_at is not None
    assert found.error is None
