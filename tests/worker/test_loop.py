"""The loops: what they say when the database is away, and that several of them get along."""

import logging
from threading import Event, Thread

import pytest

from lib.db.connection import DatabaseUnavailable
from lib.worker import loop
from lib.worker.loop import Worker, run_until
from tests.worker.helpers import attempts_of, job_row


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    for name in ("BUSY_SECONDS", "IDLE_SECONDS", "RETRY_SECONDS"):
        monkeypatch.setattr(loop, name, 0.05)


def repeat(errors, caplog):
    """Lets a loop meet the errors, one a tick, and then one good tick; what it logged."""
    stop, left = Event(), list(errors)

    def tick():
        if left:
            raise left.pop(0)
        stop.set()
        return True

    with caplog.at_level(logging.INFO, logger="lib"):
        Worker(stop)._repeat("jobs", tick)
    return [record.getMessage() for record in caplog.records]


def test_a_database_that_goes_away_is_mentioned_once_and_so_is_its_return(caplog):
    lines = repeat([DatabaseUnavailable("gone")] * 3, caplog)
    assert lines == [
        "jobs: the database is away, waiting for it",
        "jobs: the database is back",
    ]


def test_an_error_that_nobody_foresaw_is_one_line_and_not_the_end(caplog):
    [line] = repeat([ValueError("two\nlines")], caplog)
    assert line.startswith("jobs: ValueError: two lines (")
    assert "\n" not in line


def test_a_command_line_that_waits_for_a_job_works_beside_a_worker(fake, queue):
    fake.finish_after = 2
    job_id, stop = queue(), Event()
    beside = Thread(target=Worker(stop).run)
    beside.start()
    run_until(job_id)
    assert job_row(job_id).status == "completed"
    assert (len(fake.submitted), len(attempts_of(job_id))) == (1, 1)
    stop.set()
    beside.join(10)
    assert not beside.is_alive()
