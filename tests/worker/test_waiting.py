"""A job for which nothing could be started waits, and asks again; it neither fails nor doubts."""

from datetime import timedelta

import pytest

from lib.engines.errors import NoCapacity, RateLimited, Undecided, Unreachable
from lib.worker.reconcile import Reconciler
from tests.worker.helpers import (
    ask_to_cancel,
    attempts_of,
    events_of,
    job_row,
    settled_cost,
    told_of,
)

NOTHING_FREE = NoCapacity("RunPod has no H100 free.")


@pytest.fixture
def worker(fake, clock):
    return Reconciler(clock)


def refuse(fake, problem):
    """Every submit fails with the problem until `fake.before` is something else."""

    def hook(request):
        if request == "submit":
            fake.submitted.append("refused")
            raise problem

    fake.before = hook


def free(fake):
    fake.before = lambda request: None


def test_where_no_machine_is_free_the_job_waits_and_then_starts(worker, fake, queue, clock):
    job_id = queue()
    refuse(fake, NOTHING_FREE)
    worker.tick()
    assert job_row(job_id).status == "provisioning"
    [attempt] = attempts_of(job_id)
    assert (attempt.outcome, attempt.retry_at - attempt.ended_at) == (
        "no_capacity",
        timedelta(seconds=15),
    )
    worker.tick()  # it is too early
    assert len(fake.submitted) == 1
    free(fake)
    clock.now += timedelta(seconds=15)
    worker.tick()
    second = attempts_of(job_id)[1]
    assert (second.outcome, second.external_id) == (None, f"id of {second.external_name}")
    fake.start(second.external_name)
    fake.complete(second.external_name)
    worker.tick()
    assert job_row(job_id).status == "completed"


def test_the_waiting_is_told_of_once(worker, fake, queue, clock):
    job_id = queue()
    refuse(fake, NOTHING_FREE)
    for _ in range(4):
        worker.tick()
        clock.now += timedelta(minutes=10)
    assert len(attempts_of(job_id)) == 4
    told = [event.message for event in events_of(job_id) if event.kind == "waiting"]
    assert told == ["RunPod has no H100 free. It is tried again and again."]
    assert "job_interrupted" not in [row.kind for row in told_of(job_id)]


def test_after_hours_in_vain_the_job_fails_and_has_cost_nothing(worker, fake, queue, clock):
    job_id = queue(rate="2.49")
    refuse(fake, NOTHING_FREE)
    for _ in range(60):
        worker.tick()
        clock.now += timedelta(minutes=10)
    job = job_row(job_id)
    assert (job.status, job.failure_code) == ("failed", "no_capacity")
    assert "Nothing was spent" in job.failure_message
    assert settled_cost(job_id) == 0


def test_an_interrupted_job_that_finds_no_machine_gives_up_sooner(worker, fake, queue, clock):
    job_id = queue()
    worker.tick()
    fake.start(fake.submitted[0])
    fake.step(fake.submitted[0], 3)
    worker.tick()
    fake.interrupt(fake.submitted[0])
    worker.tick()
    began = clock.now
    refuse(fake, NOTHING_FREE)
    while job_row(job_id).status != "failed":
        clock.now += timedelta(seconds=30)
        worker.tick()
        assert clock.now - began < timedelta(hours=1)
    assert clock.now - began > timedelta(minutes=30)
    assert job_row(job_id).failure_code == "no_capacity"
    assert "checkpoints are kept" in job_row(job_id).failure_message


@pytest.mark.parametrize("problem", [Unreachable("No answer."), RateLimited(timedelta(), "Slow.")])
def test_a_provider_that_cannot_be_asked_is_no_doubt(worker, fake, queue, clock, problem):
    job_id = queue()
    refuse(fake, problem)
    worker.tick()
    [attempt] = attempts_of(job_id)
    assert (attempt.outcome, job_row(job_id).status) == ("not_sent", "provisioning")
    free(fake)
    clock.now += timedelta(seconds=15)
    worker.tick()
    assert attempts_of(job_id)[1].external_id is not None


def test_a_provider_that_wants_to_be_left_alone_is(worker, fake, queue, clock):
    job_id = queue()
    refuse(fake, RateLimited(timedelta(minutes=3), "Slow."))
    worker.tick()
    clock.now += timedelta(minutes=2, seconds=59)
    worker.tick()
    assert len(attempts_of(job_id)) == 1
    clock.now += timedelta(seconds=1)
    worker.tick()
    assert len(attempts_of(job_id)) == 2


def test_a_waiting_job_is_cancelled_at_once(worker, fake, queue):
    job_id = queue()
    refuse(fake, NOTHING_FREE)
    worker.tick()
    ask_to_cancel(job_id)
    worker.tick()
    assert job_row(job_id).status == "cancelled"


def test_an_answer_that_comes_too_early_is_asked_for_again(worker, fake, queue, clock):
    """Whether the run exists cannot be told yet, and nothing is decided until it can."""
    job_id = queue()

    def hook(request):
        if request == "submit":
            raise TimeoutError("no answer")
        if request == "find":
            raise Undecided("too early")

    fake.before = hook
    worker.tick()
    for _ in range(5):
        clock.now += timedelta(seconds=30)
        worker.tick()
    [attempt] = attempts_of(job_id)
    assert (attempt.outcome, attempt.external_id) == (None, None)
    free(fake)
    worker.tick()
    clock.now += timedelta(seconds=5)
    worker.tick()
    assert attempts_of(job_id)[0].outcome == "lost"
    assert job_row(job_id).status == "recovering"
