"""A queued job's place and expected start, from the rows of the jobs before it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from lib.db import jobs, work
from lib.db.connection import transaction
from lib.domain.states import JobStatus
from lib.services import queue
from tests.pages.conftest import move


@pytest.fixture
def started(installation, configure, person, local_draft):
    """`started(cost="2.00")`: a queued job that is estimated to take as many hours."""
    from lib.services import starting
    from lib.services.assessment import assess

    configure(LOCAL_HOURLY_RATE="1.00")
    actor = person()

    def start(hours: str = "2.00"):
        opened = local_draft(actor, cost=hours)
        starting.start(actor, opened.job_id, assess(opened).digest)
        return opened.job_id

    start.actor = actor
    return start


def in_hours(place) -> float:
    return (place.expected_at - datetime.now(UTC)).total_seconds() / 3600


def test_the_first_starts_now(started) -> None:
    job_id = started()
    place = queue.place(started.actor, job_id)
    assert (place.place, place.running, place.places) == (1, 0, 1)
    assert in_hours(place) == pytest.approx(0, abs=0.01)


def test_a_job_waits_for_the_run_and_for_all_that_were_queued_before(started, configure) -> None:
    first, second, third = started("2.00"), started("3.00"), started("1.00")
    move(first, JobStatus.PROVISIONING, JobStatus.STARTING, JobStatus.RUNNING)
    with transaction() as connection:
        jobs.write(connection, first, started_at=datetime.now(UTC) - timedelta(minutes=30))
    assert queue.place(started.actor, first) is None
    assert in_hours(queue.place(started.actor, second)) == pytest.approx(1.5, abs=0.01)
    place = queue.place(started.actor, third)
    assert (place.place, place.running) == (2, 1)
    assert in_hours(place) == pytest.approx(4.5, abs=0.01)
    configure(LOCAL_PARALLEL_RUNS=2)
    assert in_hours(queue.place(started.actor, third)) == pytest.approx(1.5, abs=0.01)


def test_what_the_run_says_of_itself_counts_more_than_its_estimate(started) -> None:
    first, second = started("2.00"), started("3.00")
    move(first, JobStatus.PROVISIONING, JobStatus.STARTING, JobStatus.RUNNING)
    with transaction() as connection:
        jobs.write(connection, first, progress={"step": 1, "eta_seconds": 7200})
        work.write_metrics(
            connection,
            [
                {
                    "job_id": first,
                    "step": 1,
                    "attempt": 1,
                    "at": datetime.now(UTC) - timedelta(hours=1),
                    "loss": Decimal(2),
                }
            ],
        )
    assert in_hours(queue.place(started.actor, second)) == pytest.approx(1, abs=0.01)


def test_a_job_whose_end_was_asked_for_holds_nobody_up(started) -> None:
    first, second = started("2.00"), started("3.00")
    with transaction() as connection:
        jobs.write(connection, first, cancel_requested_at=datetime.now(UTC))
    assert queue.place(started.actor, second).place == 1
