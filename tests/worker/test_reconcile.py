"""From queued to the end: what the reconciler makes of every turn that a run can take."""

from dataclasses import replace
from decimal import Decimal
from threading import Event

import pytest

from lib import storage
from lib.db import measurements
from lib.db.connection import transaction
from lib.engines.errors import SubmitRefused
from lib.engines.names import run_name
from lib.worker import measuring
from lib.worker.reconcile import Reconciler
from tests.worker.fake_engine import Run
from tests.worker.helpers import (
    ask_to_cancel,
    attempts_of,
    events_of,
    job_row,
    let_leases_run_out,
    settled_cost,
    states_of,
)


@pytest.fixture
def worker(fake) -> Reconciler:
    return Reconciler()


@pytest.fixture
def running(worker, fake, queue):
    """A job in the middle of its first run: step 4 of 10, a checkpoint at step 3."""
    job_id = queue()
    worker.tick()
    [name] = fake.submitted
    fake.start(name)
    fake.step(name, 3)
    fake.checkpoint(name, 3)
    fake.step(name, 4)
    worker.tick()
    assert job_row(job_id).status == "running"
    return job_id


def raise_once(error):
    """Makes the next submit fail with the error."""
    waiting = [error]

    def hook(request):
        if request == "submit" and waiting:
            raise waiting.pop()

    return hook


def test_a_run_that_was_faster_than_the_worker_still_passes_every_state(worker, fake, queue):
    job_id = queue()
    worker.tick()
    [name] = fake.submitted
    fake.start(name)
    fake.step(name, 10)
    fake.complete(name)
    worker.tick()
    assert states_of(job_id)[1:] == ["queued", "provisioning", "starting", "running", "completed"]
    job = job_row(job_id)
    assert job.adapter_key == f"{job_id}/adapter.zip"
    assert (storage.runs_folder() / job.adapter_key).is_file()
    assert settled_cost(job_id) == Decimal("0.00")
    [attempt] = attempts_of(job_id)
    assert (attempt.outcome, attempt.ended_at is None) == ("completed", False)


def test_an_idle_worker_has_nothing_to_do(worker):
    assert worker.tick() is False


def test_with_one_place_jobs_run_one_by_one_in_the_order_they_were_queued(worker, fake, queue):
    fake.places, fake.finish_after = 1, 2
    queued = [queue() for _ in range(3)]
    while worker.tick():
        pass
    assert [fake.runs[name].spec.job_id for name in fake.submitted] == queued
    assert fake.most_at_once == 1


def test_an_interrupted_job_keeps_its_place_and_goes_on_from_its_checkpoint(
    worker, fake, queue, running
):
    fake.places = 1
    waiting = queue()
    fake.interrupt(fake.submitted[0])
    worker.tick()
    job = job_row(running)
    assert (job.status, job.checkpoint_recovery_count) == ("recovering", 1)
    assert job_row(waiting).status == "queued"
    message = events_of(running)[-1].message
    assert message == (
        "The run was interrupted after step 4; going on from step 3 (recovery 1 of 3)"
    )
    worker.tick()
    second = fake.submitted[1]
    assert fake.runs[second].spec.job_id == running
    fake.start(second, resumed_from=3)
    worker.tick()
    assert "Resumed from step 3" in [event.message for event in events_of(running)]
    assert [attempt.outcome for attempt in attempts_of(running)] == ["interrupted", None]


def test_after_three_recoveries_the_job_fails_and_says_so(worker, fake, queue):
    job_id = queue()
    for number in range(1, 5):
        worker.tick()
        fake.runs[fake.submitted[-1]].failure = (None, f"trouble {number}")
        fake.interrupt(fake.submitted[-1])
        worker.tick()
    worker.tick()
    job = job_row(job_id)
    assert (job.status, job.failure_code) == ("failed", "recoveries_exhausted")
    assert "3 further attempts" in job.failure_message
    assert "trouble 4" in job.failure_message
    assert job.checkpoint_recovery_count == 3
    assert len(fake.submitted) == 4


def test_a_failed_run_fails_its_job_with_the_trainers_words(worker, fake, running):
    fake.fail(fake.submitted[0], "out_of_memory", "The machine ran out of memory.")
    worker.tick()
    job = job_row(running)
    assert (job.status, job.failure_code) == ("failed", "out_of_memory")
    assert job.failure_message == "The machine ran out of memory."
    assert fake.list_owned() == []


def test_a_completed_run_without_an_adapter_has_failed(worker, fake, running):
    [name] = fake.submitted
    fake.complete(name)
    (storage.run_folder(running) / "adapter" / "adapter_model.safetensors").unlink()
    worker.tick()
    assert (job_row(running).status, job_row(running).failure_code) == ("failed", "adapter_missing")


def test_cost_is_summed_over_attempts_and_settled_at_the_end(worker, fake, queue):
    job_id = queue(rate="36.00")
    worker.tick()
    fake.runs[fake.submitted[0]].cost = Decimal("1.25")
    worker.tick()
    assert job_row(job_id).actual_cost == Decimal("1.25")
    fake.interrupt(fake.submitted[0])
    worker.tick()
    worker.tick()
    second = fake.submitted[1]
    fake.runs[second].cost = Decimal("0.50")
    worker.tick()
    assert job_row(job_id).actual_cost == Decimal("1.75")
    fake.runs[second].cost = Decimal("0.75")
    fake.complete(second)
    worker.tick()
    assert job_row(job_id).actual_cost == Decimal("2.00")
    assert settled_cost(job_id) == Decimal("2.00")


def test_a_run_that_started_although_submit_raised_is_adopted(worker, fake, queue):
    job_id = queue()
    fake.after = raise_once(TimeoutError("no answer"))
    worker.tick()
    assert attempts_of(job_id)[0].external_id is None
    worker.tick()
    [name] = fake.submitted
    assert attempts_of(job_id)[0].external_id == f"id of {name}"
    fake.complete(name)
    worker.tick()
    assert job_row(job_id).status == "completed"
    assert len(attempts_of(job_id)) == 1


def test_a_run_that_never_started_is_given_up_after_two_looks(worker, fake, queue):
    job_id = queue()
    fake.before = raise_once(TimeoutError("no answer"))
    worker.tick()
    worker.tick()
    assert job_row(job_id).status == "provisioning"
    worker.tick()
    assert job_row(job_id).status == "recovering"
    worker.tick()
    first, second = attempts_of(job_id)
    assert (first.outcome, second.outcome) == ("lost", None)
    assert fake.submitted == [second.external_name]
    assert job_row(job_id).checkpoint_recovery_count == 0


def test_a_refused_submit_fails_the_job_at_once(worker, fake, queue):
    job_id = queue()
    fake.before = raise_once(SubmitRefused("disk_full", "The disk is full."))
    worker.tick()
    job = job_row(job_id)
    assert (job.status, job.failure_message) == ("failed", "The disk is full.")
    assert attempts_of(job_id)[0].outcome == "refused"


def test_cancelling_a_running_job_ends_its_run_first(worker, fake, running):
    fake.deaf = 2
    ask_to_cancel(running)
    worker.tick()
    worker.tick()
    assert job_row(running).status == "running"
    worker.tick()
    assert job_row(running).status == "cancelled"
    assert fake.list_owned() == []
    assert settled_cost(running) == Decimal("0.00")


def test_cancelling_a_starting_job_ends_its_run(worker, fake, queue):
    job_id = queue()
    worker.tick()
    worker.tick()
    assert job_row(job_id).status == "starting"
    ask_to_cancel(job_id)
    worker.tick()
    assert (job_row(job_id).status, fake.list_owned()) == ("cancelled", [])


def test_cancelling_a_job_whose_submit_is_in_doubt_finds_its_run_first(worker, fake, queue):
    job_id = queue()
    fake.after = raise_once(TimeoutError("no answer"))
    worker.tick()
    ask_to_cancel(job_id)
    worker.tick()
    worker.tick()
    assert (job_row(job_id).status, fake.list_owned()) == ("cancelled", [])


def test_cancelling_a_recovering_or_queued_job_ends_it_at_once(worker, fake, queue, running):
    fake.places = 1
    waiting = queue()
    fake.interrupt(fake.submitted[0])
    worker.tick()
    assert (job_row(running).status, job_row(waiting).status) == ("recovering", "queued")
    ask_to_cancel(running)
    ask_to_cancel(waiting)
    worker.tick()
    assert (job_row(running).status, job_row(waiting).status) == ("cancelled", "cancelled")
    assert len(fake.submitted) == 1


def test_a_cancel_that_arrives_before_the_completion_is_written_wins(worker, fake, running):
    fake.complete(fake.submitted[0])
    fake.after = lambda request: request == "observe" and ask_to_cancel(running)
    worker.tick()
    worker.tick()
    assert states_of(running)[-2:] == ["running", "cancelled"]
    assert settled_cost(running) == Decimal("0.00")


def test_a_run_that_nobody_knows_of_is_ended_and_a_known_one_is_not(fake, running):
    [known] = fake.submitted
    orphan = run_name(running, 7)
    fake.runs[orphan] = Run(replace(fake.runs[known].spec, name=orphan, attempt=7))
    assert set(fake.list_owned()) == {known, orphan}
    Reconciler().tick()
    assert fake.list_owned() == [known]


def test_an_error_about_one_job_neither_stops_the_others_nor_is_final(worker, fake, queue):
    troubled, sound = queue(), queue()
    worker.tick()
    observe = fake.observe

    def surprising(run, offset):
        if run.job_id == troubled:
            raise RuntimeError("surprise")
        return observe(run, offset)

    fake.observe = surprising
    worker.tick()
    assert (job_row(troubled).status, job_row(sound).status) == ("provisioning", "starting")
    fake.observe = observe
    worker.tick()
    assert job_row(troubled).status == "provisioning"  # it is left alone for a while
    let_leases_run_out()
    worker.tick()
    assert job_row(troubled).status == "starting"


def test_a_measurement_waits_for_the_run_and_the_next_job_waits_for_the_measurement(
    worker, fake, queue, running, monkeypatch
):
    fake.places = 2
    with transaction() as connection:
        measurements.ask(connection, "key", "local", {"storage_key": "x", "hyperparameters": {}})
    later = queue()
    measured = []
    monkeypatch.setattr(
        measuring, "run_measurement", lambda *_, **__: measured.append(fake.list_owned()) or {}
    )
    stop = Event()
    assert measuring.tick(stop) is False
    worker.tick()
    assert job_row(later).status == "queued"
    fake.complete(fake.submitted[0])
    worker.tick()
    assert measuring.tick(stop) is True
    assert measured == [[]]
    worker.tick()
    assert job_row(later).status == "provisioning"
