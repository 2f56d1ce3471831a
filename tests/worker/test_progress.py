"""What the page shows of a run, from the trainer's events."""

import pytest

from lib.db import jobs
from lib.db.connection import reading, transaction
from lib.worker import progress
from tests.worker.helpers import events_of, job_row

STARTED = {
    "kind": "started",
    "steps_total": 10,
    "device": "cpu",
    "trainable_parameters": 8192,
    "base_model": "tiny",
    "resumed_from_step": None,
}


def step(number: int, *, speed: float = 50.0, loss: float = 2.0, attempt: int = 1) -> dict:
    return {
        "kind": "step",
        "attempt": attempt,
        "at": "2026-11-24T12:00:00.000+00:00",
        "step": number,
        "steps_total": 10,
        "epoch": number / 10,
        "loss": loss,
        "learning_rate": 0.0001,
        "tokens_seen": 100 * number,
        "tokens_per_second": speed,
        "elapsed_seconds": 2.0 * number,
    }


def test_progress_tells_how_far_it_is_and_how_long_it_will_take():
    shown = progress.fold({}, [STARTED, step(1, loss=3.0), step(4, loss=2.5)])
    assert shown["percent"] == 40.0
    assert (shown["first_loss"], shown["loss"]) == (3.0, 2.5)
    assert shown["eta_seconds"] == 600 / 50
    assert (shown["device"], shown["base_model"]) == ("cpu", "tiny")


def test_one_slow_step_does_not_upset_the_time_left():
    steady = progress.fold({}, [STARTED, step(1), step(2)])
    shown = progress.fold(steady, [step(3, speed=1.0)])
    assert 700 / 50 < shown["eta_seconds"] < 700 / 25


def test_events_taken_one_by_one_give_what_they_give_together():
    events = [STARTED, step(1), step(2, speed=80.0), {"kind": "checkpoint", "step": 2}]
    one_by_one: dict = {}
    for event in events:
        one_by_one = progress.fold(one_by_one, [event])
    assert one_by_one == progress.fold({}, events)
    assert one_by_one["checkpoint_step"] == 2


def test_after_a_resume_the_first_loss_stays_and_the_speed_is_measured_anew():
    before = progress.fold({}, [STARTED, step(1, loss=3.0), step(2, speed=500.0)])
    resumed = progress.fold(before, [{**STARTED, "resumed_from_step": 2}])
    assert resumed["eta_seconds"] is None
    shown = progress.fold(resumed, [step(3, speed=10.0)])
    assert (shown["first_loss"], shown["tokens_per_second"]) == (3.0, 10.0)
    assert shown["resumed_from_step"] == 2


@pytest.fixture
def written(queue):
    job_id = queue()

    def write(*events):
        with transaction() as connection:
            progress.record(connection, job_id, job_row(job_id).progress, events)

    write.job_id = job_id
    return write


def test_a_step_that_is_trained_again_replaces_the_earlier_row(written):
    written(STARTED, step(1), step(2, loss=2.5))
    written(step(2, loss=2.4, attempt=2))
    written(step(2, loss=9.9, attempt=1))  # an older attempt never replaces a newer one
    with reading() as connection:
        rows = jobs.metrics(connection, written.job_id)
    assert [(row.step, row.attempt, float(row.loss)) for row in rows] == [(1, 1, 2.0), (2, 2, 2.4)]


def test_a_number_that_no_column_holds_is_left_out_and_stops_nothing(written):
    written(STARTED, step(1, loss=1e30, speed=1e300))
    with reading() as connection:
        [row] = jobs.metrics(connection, written.job_id)
    assert (row.loss, row.tokens_per_second, row.tokens_seen) == (None, None, 100)


def test_only_notable_events_make_a_line_for_people(written):
    before = len(events_of(written.job_id))
    resumed = {**STARTED, "resumed_from_step": 3}
    written(resumed, step(4), step(5), {"kind": "checkpoint", "step": 5})
    lines = [(event.kind, event.message) for event in events_of(written.job_id)[before:]]
    assert lines == [
        ("resumed", "Resumed from step 3"),
        ("checkpoint", "Checkpoint saved at step 5"),
    ]


def test_the_trainers_technical_detail_is_kept_for_an_engineer(written):
    failed = {"kind": "failed", "code": "error", "message": "It broke."}
    written(failed | {"detail": "KeyError: 'x'"}, failed | {"detail": ""})
    kept = [line.message for line in events_of(written.job_id) if line.kind == "technical"]
    assert kept == ["Technical detail: KeyError: 'x'"]
