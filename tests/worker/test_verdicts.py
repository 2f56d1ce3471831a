"""What has become of a run is written down before anything of it is ended, and holds."""

from datetime import timedelta
from decimal import Decimal

import pytest

from lib.db import jobs, work
from lib.db.connection import transaction
from lib.services.system_status import facts
from lib.worker import leases
from lib.worker.reconcile import Reconciler
from tests.worker.helpers import (
    ask_to_cancel,
    attempts_of,
    job_row,
    let_leases_run_out,
    settled_cost,
    told_of,
)


class Killed(BaseException):
    """The worker is gone, as by kill -9."""


@pytest.fixture
def worker(fake, clock):
    return Reconciler(clock)


@pytest.fixture
def running(worker, fake, queue):
    job_id = queue(rate="36.00")
    worker.tick()
    [name] = fake.submitted
    fake.start(name)
    fake.step(name, 3)
    fake.checkpoint(name, 3)
    worker.tick()
    assert job_row(job_id).status == "running"
    return job_id


def forget_the_run(fake):
    """Its machine was ended, and everything that it said went with it."""
    fake.runs.clear()
    fake.events.clear()


def test_a_completed_run_is_complete_although_the_worker_died_while_ending_it(
    worker, fake, running
):
    [name] = fake.submitted
    fake.complete(name)

    def die(request):
        if request == "terminate":
            forget_the_run(fake)
            raise Killed

    fake.after = die
    with pytest.raises(Killed):
        worker.tick()
    fake.after = lambda request: None
    let_leases_run_out()
    assert job_row(running).status == "running"
    Reconciler().tick()
    assert job_row(running).status == "completed"
    assert [attempt.outcome for attempt in attempts_of(running)] == ["completed"]


def test_without_its_verdict_the_same_run_would_count_as_gone(worker, fake, running):
    """The twin: what is written down is what makes the difference."""
    fake.complete(fake.submitted[0])
    forget_the_run(fake)
    worker.tick()
    assert job_row(running).status == "recovering"
    assert attempts_of(running)[0].outcome == "gone"


def test_a_run_is_ended_before_its_attempt_is(worker, fake, running):
    fake.deaf = 2
    fake.fail(fake.submitted[0], "out_of_memory", "The machine ran out of memory.")
    worker.tick()
    [attempt] = attempts_of(running)
    assert (attempt.verdict["outcome"], attempt.ended_at) == ("failed", None)
    assert job_row(running).status == "running"
    worker.tick()
    worker.tick()
    assert job_row(running).failure_code == "out_of_memory"
    assert fake.list_owned() == []


def test_a_run_that_cannot_be_ended_is_told_to_the_admins_once(
    worker, fake, running, clock, person
):
    admin, owner = person(role="admin"), person(role="owner")
    fake.deaf = 100
    fake.fail(fake.submitted[0], "error", "Trouble.")
    worker.tick()
    clock.now += timedelta(minutes=14)
    worker.tick()
    assert told_of(running)[-1].kind != "run_not_ended"
    clock.now += timedelta(minutes=1)
    worker.tick()
    clock.now += timedelta(minutes=5)
    worker.tick()
    told = [row for row in told_of(running) if row.kind == "run_not_ended"]
    assert {row.user_id for row in told} >= {admin.id, owner.id}
    assert len(told) == len({row.user_id for row in told})
    assert fake.submitted[0] in told[0].detail
    assert facts().not_ended == 0
    with transaction() as connection:
        work.write_attempt(
            connection,
            attempts_of(running)[0].id,
            verdict_at=leases.utc_now() - timedelta(minutes=16),
        )
    assert facts().not_ended == 1


def test_a_cancelled_run_that_cannot_be_ended_is_told_of_too(worker, fake, running, clock, person):
    person(role="admin")
    fake.deaf = 100
    ask_to_cancel(running)
    clock.now += timedelta(minutes=16)
    worker.tick()
    assert "run_not_ended" in [row.kind for row in told_of(running)]


def cap(job_id, dollars):
    with transaction() as connection:
        jobs.write(connection, job_id, spending_cap=Decimal(dollars))


def test_at_its_cap_a_run_is_ended_and_the_job_says_so(worker, fake, running):
    [name] = fake.submitted
    cap(running, "2.00")
    fake.runs[name].cost = Decimal("1.99")
    worker.tick()
    assert job_row(running).status == "running"
    fake.runs[name].cost = Decimal("2.00")
    worker.tick()
    job = job_row(running)
    assert (job.status, job.failure_code) == ("failed", "cap_reached")
    assert "step 3" in job.failure_message
    assert attempts_of(running)[0].outcome == "capped"
    assert (fake.list_owned(), settled_cost(running)) == ([], Decimal("2.00"))


def test_at_eighty_percent_of_the_cap_its_owner_is_warned_once(worker, fake, running):
    [name] = fake.submitted
    cap(running, "2.00")
    for cost in ("1.59", "1.60", "1.80"):
        fake.runs[name].cost = Decimal(cost)
        worker.tick()
    assert [row.kind for row in told_of(running)].count("job_cap_near") == 1


def test_a_run_that_kept_its_time_limit_by_itself_has_reached_the_cap(worker, fake, running):
    [name] = fake.submitted
    cap(running, "2.00")
    fake.runs[name].failure = ("max_seconds", None)
    fake.interrupt(name)
    worker.tick()
    assert job_row(running).failure_code == "cap_reached"


def test_with_less_than_a_second_left_nothing_is_started_again(worker, fake, queue, clock):
    job_id = queue(rate="3600.00")
    cap(job_id, "2.50")
    worker.tick()
    [name] = fake.submitted
    fake.runs[name].cost = Decimal("2.00")
    fake.interrupt(name)
    worker.tick()
    clock.now += timedelta(minutes=1)
    worker.tick()
    assert (fake.submitted, job_row(job_id).failure_code) == ([name], "cap_reached")


def test_what_is_left_of_the_cap_is_the_next_attempts_time_limit(worker, fake, queue, clock):
    job_id = queue(rate="36.00")
    cap(job_id, "2.00")
    worker.tick()
    [first] = fake.submitted
    assert fake.runs[first].spec.max_seconds == 200
    fake.runs[first].cost = Decimal("0.50")
    fake.interrupt(first)
    worker.tick()
    clock.now += timedelta(minutes=1)
    worker.tick()
    assert fake.runs[fake.submitted[1]].spec.max_seconds == 150
