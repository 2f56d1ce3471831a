"""RunPod as an engine, over the wire: what it sees of a run, and what it makes of it."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from lib.engines.base import RunState
from tests.engines.runpod_helpers import over, running


def test_a_pod_without_a_machine_is_provisioning_and_then_it_starts(desk):
    run = desk.start()
    states = []
    for _ in range(12):
        states.append(str(desk.observe(run).state))
        desk.advance(6)
    assert states[:10] == ["provisioning"] * 10
    assert states[-1] == "starting"


def test_events_come_from_the_log_each_once_and_the_offset_goes_on(desk):
    run = running(desk)
    desk.say(run.external_id, desk.event("started", 1, steps_total=10), desk.event("step", 2))
    first = desk.until(lambda: (s := desk.observe(run)).events and s)
    assert [event["kind"] for event in first.events] == ["started", "step"]
    assert first.state is RunState.RUNNING
    assert desk.observe(run, first.offset).events == ()
    desk.say(run.external_id, desk.event("step", 3))
    second = desk.until(lambda: (s := desk.observe(run, first.offset)).events and s)
    assert [event["seq"] for event in second.events] == [3]


def test_a_new_worker_reads_the_log_again_and_repeats_nothing(desk):
    run = running(desk)
    desk.say(run.external_id, *(desk.event("step", number) for number in range(1, 6)))
    offset = desk.until(lambda: (s := desk.observe(run)).events and s).offset
    desk.say(run.external_id, desk.event("step", 6))
    desk.restart()
    seen = desk.until(lambda: (s := desk.observe(run, offset)).events and s)
    assert [event["seq"] for event in seen.events] == [6]


def test_what_was_not_written_down_is_told_again(desk):
    run = running(desk)
    desk.say(run.external_id, desk.event("step", 1))
    first = desk.until(lambda: (s := desk.observe(run)).events and s)
    assert desk.until(lambda: (s := desk.observe(run)).events and s).events == first.events


NO_ROOM = {"code": "out_of_memory", "message": "No room."}


@pytest.mark.parametrize(
    ("kind", "facts", "state", "code", "message"),
    [
        ("completed", {}, "completed", None, None),
        ("failed", NO_ROOM, "failed", "out_of_memory", "No room."),
        ("failed", {}, "failed", "error", "The trainer failed and gave no reason."),
        ("interrupted", {"signal": "SIGTERM"}, "interrupted", None, None),
        ("stopped", {"reason": "max_seconds"}, "interrupted", "max_seconds", None),
    ],
)
def test_the_trainers_last_word_decides(desk, kind, facts, state, code, message):
    run = running(desk)
    desk.say(run.external_id, desk.event("step", 1), desk.event(kind, 2, **facts))
    seen = desk.until(lambda: over(desk.observe(run)))
    assert (seen.state, seen.failure_code, seen.failure_message) == (state, code, message)
    assert [event["kind"] for event in seen.events] == ["step", kind]


def test_no_log_waits_for_a_run_that_was_read_or_has_ended(desk):
    read, ended, run = running(desk), running(desk), running(desk)
    desk.advance(8)
    for hinted in (True, False):
        for other in (read, ended):  # the second one does not get its turn any more
            desk.observe(replace(other, hinted=hinted))
    desk.engine.terminate(ended)
    desk.say(run.external_id, desk.event("step", 1))
    desk.advance(8)
    assert desk.observe(replace(run, hinted=True)).events
    assert desk.observe(run).events


def test_the_last_word_is_kept_when_the_pod_and_its_log_are_gone(desk):
    run = running(desk)
    desk.say(run.external_id, desk.event("completed", 1))
    desk.until(lambda: over(desk.observe(run)))
    desk.until(lambda: desk.engine.terminate(run))
    seen = desk.observe(run)
    assert (seen.state, len(seen.events)) == (RunState.COMPLETED, 1)
    assert desk.observe(run, seen.offset).events == ()


@pytest.mark.parametrize("notice", [True, False])
def test_an_eviction_is_an_interruption_with_notice_or_without(desk, notice):
    run = running(desk)
    words = [desk.event("interrupted", 2, step=7)] if notice else []
    desk.say(run.external_id, desk.event("step", 1), *words, status="EXITED", seconds=5)
    seen = desk.until(lambda: over(desk.observe(run)))
    assert seen.state is RunState.INTERRUPTED
    assert [event["kind"] for event in seen.events] == ["step", "interrupted"][: 1 + notice]


def test_last_words_that_are_late_are_waited_for(desk):
    run = running(desk)
    desk.runpod.happen(run.external_id, status="EXITED")
    assert desk.observe(run).state is RunState.STARTING
    desk.say(run.external_id, desk.event("completed", 1))
    desk.advance(6)
    assert desk.observe(run).state is RunState.COMPLETED


def test_a_pod_that_is_over_is_judged_in_the_end_even_without_its_log(desk):
    run = running(desk)
    desk.runpod.happen(run.external_id, status="EXITED")
    desk.runpod.change(faults={"logs": ["500"] * 200})
    begun = desk.now
    assert desk.until(lambda: over(desk.observe(run))).state is RunState.INTERRUPTED
    assert timedelta(minutes=5) <= desk.now - begun <= timedelta(minutes=6)


def test_a_machine_that_never_gets_ready_is_given_back(desk):
    desk.runpod.be(stuck=1)
    run, begun = desk.start(), desk.now
    seen = desk.until(lambda: over(desk.observe(run)))
    assert (seen.state, seen.failure_code) == (RunState.INTERRUPTED, "machine_not_ready")
    assert timedelta(minutes=15) <= desk.now - begun <= timedelta(minutes=16)


def test_a_container_that_runs_and_never_says_a_word_is_given_back(desk):
    run = running(desk)
    desk.runpod.happen(run.external_id, lines=["Traceback (most recent call last):"])
    desk.advance(600)
    assert desk.observe(run).state is RunState.STARTING
    desk.advance(200)
    assert desk.until(lambda: over(desk.observe(run))).failure_code == "machine_not_ready"


def test_a_container_that_cannot_start_says_so(desk):
    run = desk.start()
    desk.advance(30)
    desk.runpod.happen(run.external_id, status="ERROR")
    assert desk.until(lambda: over(desk.observe(run))).failure_code == "pod_error"


def test_a_new_pod_that_no_list_shows_yet_is_not_gone(desk):
    desk.runpod.be(list_lag=100, late_404=100)
    run = desk.start()
    for _ in range(30):
        assert desk.observe(run).state in (RunState.PROVISIONING, RunState.STARTING)
        desk.advance(6)
    assert desk.observe(run).state is RunState.STARTING


def test_a_new_pod_that_no_list_shows_yet_costs_money(desk):
    desk.runpod.be(list_lag=100)
    run = desk.start()
    for _ in range(3):
        desk.advance(30)
        desk.observe(run)
    assert desk.engine.cost(run, desk.now) == Decimal("0.06")  # of 90 seconds


def test_a_pod_that_vanished_is_gone_after_a_while_and_after_asking_by_its_id(desk):
    run = running(desk)
    desk.advance(120)
    desk.runpod.happen(run.external_id, status="TERMINATED")
    assert desk.observe(run).state is RunState.PROVISIONING
    begun = desk.now
    assert desk.until(lambda: over(desk.observe(run))).state is RunState.GONE
    assert desk.now - begun >= timedelta(seconds=30)
    assert len(desk.asked("get")) == 1


def test_a_list_that_forgets_a_pod_does_not_end_it(desk):
    """By its id the pod is known all the time."""
    run = running(desk)
    desk.advance(120)
    desk.runpod.change(list_lag=400)
    for _ in range(30):
        assert desk.observe(run).state in (RunState.PROVISIONING, RunState.STARTING)
        desk.advance(6)
