"""Periodic tasks: once however many workers there are, caught up after a pause, errors kept."""

import time
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event, Thread

import pytest
from sqlalchemy import select, text, update

from lib.db import periodic as queries
from lib.db.connection import DatabaseUnavailable, reading, transaction
from lib.db.tables import periodic_tasks
from lib.worker import leases
from lib.worker.loop import Worker
from lib.worker.periodic import RETRY, TASKS, Periodic, PeriodicTask

DAY = timedelta(days=1)


def row(name="sweep"):
    with reading() as connection:
        return connection.execute(
            select(periodic_tasks, (periodic_tasks.c.due_at - text("now()")).label("due_in")).where(
                periodic_tasks.c.name == name
            )
        ).one()


def make_due(name="sweep"):
    with transaction() as connection:
        connection.execute(
            update(periodic_tasks)
            .where(periodic_tasks.c.name == name)
            .values(due_at=datetime.now(UTC) - timedelta(days=3))
        )


@pytest.fixture
def runs():
    """How often the task of `by_workers` ran."""
    return []


def by_workers(runs, count=4):
    """Several workers of one installation tick at the same moment, twice each."""
    together, errors = Barrier(count), []

    def run():
        runs.append(None)
        time.sleep(0.3)  # long enough for the others to look

    def work():
        worker = Periodic([PeriodicTask("sweep", DAY, run)])
        try:
            together.wait()
            for _ in range(2):
                worker.tick(Event())
        except BaseException as error:
            errors.append(error)
            raise

    threads = [Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []


def test_a_due_task_runs_once_with_several_workers(runs):
    by_workers(runs)
    assert len(runs) == 1
    make_due()
    by_workers(runs)
    assert len(runs) == 2


def test_without_the_lease_the_workers_would_all_run_it(runs, monkeypatch):
    """Shows that the test above can fail."""

    def unleased(connection, names, _token, _lease):
        return connection.execute(
            select(periodic_tasks.c.name).where(
                periodic_tasks.c.name.in_(names), periodic_tasks.c.due_at <= datetime.now(UTC)
            )
        ).scalar_one_or_none()

    monkeypatch.setattr(queries, "lease_due", unleased)
    by_workers(runs)
    assert len(runs) > 1


def test_a_new_task_is_due_at_once_and_then_after_its_pause(runs):
    worker = Periodic([PeriodicTask("sweep", DAY, lambda: runs.append(None))])
    assert worker.tick(Event())
    assert not worker.tick(Event())
    assert len(runs) == 1
    assert row().error is None
    assert timedelta(hours=23, minutes=59) < row().due_in <= DAY


def test_a_desk_that_was_switched_off_catches_up_once(runs):
    worker = Periodic([PeriodicTask("sweep", DAY, lambda: runs.append(None))])
    worker.tick(Event())
    make_due()
    while worker.tick(Event()):
        pass
    assert len(runs) == 2


def test_an_error_is_kept_on_the_row_and_tried_again_soon_until_it_is_gone():
    broken = [True]

    def run():
        if broken:
            raise ValueError("RunPod did not answer in time.")

    worker = Periodic([PeriodicTask("sweep", DAY, run)])
    worker.tick(Event())
    assert row().error == "RunPod did not answer in time."
    assert row().due_in <= RETRY
    assert row().lease_token is None
    broken.clear()
    make_due()
    worker.tick(Event())
    assert row().error is None


def test_one_broken_task_does_not_hold_up_another(runs):
    tasks = [
        PeriodicTask("broken", DAY, lambda: 1 / 0),
        PeriodicTask("sweep", DAY, lambda: runs.append(None)),
    ]
    worker = Periodic(tasks)
    while worker.tick(Event()):
        pass
    assert len(runs) == 1
    assert row("broken").error == "division by zero"


def test_a_task_of_a_worker_that_died_is_taken_over_once_its_lease_has_run_out(runs):
    worker = Periodic([PeriodicTask("sweep", DAY, lambda: runs.append(None))])
    worker.tick(Event())
    make_due()
    with transaction() as connection:
        connection.execute(
            update(periodic_tasks).values(lease_expires_at=datetime.now(UTC) + leases.LEASE)
        )
    assert not worker.tick(Event())
    with transaction() as connection:
        connection.execute(
            update(periodic_tasks).values(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
    assert worker.tick(Event())
    assert len(runs) == 2


def test_a_worker_that_lost_its_lease_does_not_overwrite_how_it_ended():
    def lose():
        with transaction() as connection:
            connection.execute(update(periodic_tasks).values(lease_token=None, error="other's"))

    Periodic([PeriodicTask("sweep", DAY, lose)]).tick(Event())
    assert row().error == "other's"
    assert row().finished_at is None


def test_a_database_that_goes_away_in_the_middle_is_the_loops_business():
    def run():
        raise DatabaseUnavailable("gone")

    with pytest.raises(DatabaseUnavailable):
        Periodic([PeriodicTask("sweep", DAY, run)]).tick(Event())


def test_the_worker_runs_the_registered_tasks():
    worker = Worker(Event())
    registered = {task.name for task in TASKS}
    thread = Thread(target=worker.run)
    thread.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with reading() as connection:
            finished = set(
                connection.scalars(
                    select(periodic_tasks.c.name).where(periodic_tasks.c.finished_at.is_not(None))
                )
            )
        if finished == registered:
            break
        time.sleep(0.1)
    worker.stop.set()
    thread.join(10)
    assert finished == registered
