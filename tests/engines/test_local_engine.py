"""Runs on this machine, with a stand-in for the trainer that fails at an exact moment."""

import errno
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from lib import storage
from lib.engines import local as local_module
from lib.engines import trainer_process
from lib.engines.base import RunState
from lib.engines.errors import SubmitRefused
from lib.engines.local import LocalEngine
from tests.engines.helpers import eventually, handle, spec


def state_of(engine, run, external_id, offset=0):
    return engine.observe(handle(run, external_id), offset).state


def wait_for(engine, run, external_id, state):
    eventually(lambda: state_of(engine, run, external_id) is state)


def test_a_run_is_starting_then_running_then_completed_and_every_event_comes_once(local):
    run = spec("started step step step step completed", pause=0.1)
    external_id = local.submit(run)
    states, kinds, offset = [], [], 0

    def over():
        nonlocal offset
        seen = local.observe(handle(run, external_id), offset)
        offset = seen.offset
        states.append(seen.state)
        kinds.extend(event["kind"] for event in seen.events)
        return seen.state is RunState.COMPLETED

    eventually(over)
    assert list(dict.fromkeys(states)) == [
        RunState.STARTING,
        RunState.RUNNING,
        RunState.COMPLETED,
    ]
    assert kinds == ["started", *["step"] * 4, "completed"]


def test_a_run_stays_running_when_nothing_new_has_been_written(local):
    run = spec("started step hang")
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.RUNNING)
    offset = local.observe(handle(run, external_id), 0).offset
    seen = local.observe(handle(run, external_id), offset)
    assert (seen.state, seen.events, seen.offset) == (RunState.RUNNING, (), offset)


def test_a_killed_run_is_interrupted_and_tells_what_it_said_last(local):
    run = spec("started step die")
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.INTERRUPTED)
    assert "about to die" in local.observe(handle(run, external_id), 0).failure_message


def test_a_trainer_that_cannot_even_start_has_failed_with_its_own_words(local):
    run = spec("crash")
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.FAILED)
    seen = local.observe(handle(run, external_id), 0)
    assert seen.failure_code == "trainer_ended"
    assert "No module named 'torch'" in seen.failure_message


def test_a_failed_event_gives_its_code_and_message(local):
    run = spec("started failed")
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.FAILED)
    seen = local.observe(handle(run, external_id), 0)
    assert (seen.failure_code, seen.failure_message) == ("bad_data", "The data is bad.")


def test_a_dead_run_that_nobody_has_waited_for_counts_as_dead(local):
    run = spec("started step hang")
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.RUNNING)
    process = psutil.Process(int(external_id.split(":")[0]))
    process.kill()
    eventually(lambda: process.status() == psutil.STATUS_ZOMBIE)
    other = LocalEngine()  # it has no child to wait for
    assert state_of(other, run, external_id) is RunState.INTERRUPTED
    assert process.status() == psutil.STATUS_ZOMBIE
    assert other.terminate(handle(run, external_id))


def test_another_process_with_the_runs_process_id_is_not_taken_for_it(local):
    run = spec("started step die")
    wait_for(local, run, local.submit(run), RunState.INTERRUPTED)
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        reused = handle(
            run, f"{stranger.pid}:{psutil.Process(stranger.pid).create_time() - 60:.2f}"
        )
        assert local.observe(reused, 0).state is RunState.INTERRUPTED
        assert local.terminate(reused)
        assert stranger.poll() is None
        stranger.kill()


def test_an_attempt_of_which_there_is_no_trace_is_gone(local):
    assert state_of(local, spec("started"), None) is RunState.GONE


def test_only_events_of_the_same_attempt_count(local):
    first = spec("started step failed")
    wait_for(local, first, local.submit(first), RunState.FAILED)
    second = spec("hang", job_id=first.job_id, attempt=2)
    external_id = local.submit(second)
    seen = local.observe(handle(second, external_id), 0)
    assert (seen.state, seen.events) == (RunState.STARTING, ())


def test_terminate_lets_the_trainer_save_and_says_true_once_it_is_gone(local):
    run = spec("started step hang")
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.RUNNING)
    assert not local.terminate(handle(run, external_id))
    eventually(lambda: local.terminate(handle(run, external_id)))
    seen = local.observe(handle(run, external_id), 0)
    assert seen.state is RunState.INTERRUPTED
    assert seen.events[-1]["signal"] == "SIGTERM"
    assert local.terminate(handle(run, external_id))


def test_a_trainer_that_ignores_sigterm_is_killed_after_the_grace(local, monkeypatch):
    monkeypatch.setattr(local_module, "GRACE_SECONDS", 0.3)
    run = spec("started step hang", stubborn=True)
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.RUNNING)
    asked = datetime.now(UTC)
    eventually(lambda: local.terminate(handle(run, external_id)))
    assert datetime.now(UTC) - asked >= timedelta(seconds=0.3)


def test_a_run_outlives_its_starter_and_is_found_by_name(local):
    run = spec("started step hang")
    external_id = local.submit(run)
    pid = int(external_id.split(":")[0])
    assert os.getpgid(pid) == pid == os.getsid(pid)
    assert LocalEngine().find(run.name) == external_id
    assert LocalEngine().list_owned() == [run.name]


def test_a_run_that_has_ended_is_still_found_by_what_it_wrote(local):
    run = spec("started step completed")
    wait_for(local, run, local.submit(run), RunState.COMPLETED)
    eventually(lambda: local.terminate(handle(run, None)))
    found = LocalEngine().find(run.name)
    assert found is not None
    assert state_of(LocalEngine(), run, found) is RunState.COMPLETED


def test_unknown_and_foreign_names_are_not_found(local):
    assert local.find(spec("started").name) is None
    assert local.find("pod-of-somebody-else") is None


def test_runs_of_another_installation_are_not_listed(local, tmp_path, configure):
    local.submit(spec("hang"))
    configure(DATA_DIR=tmp_path / "elsewhere")
    assert LocalEngine().list_owned() == []


def test_an_attempt_is_never_started_twice(local):
    run = spec("hang")
    external_id = local.submit(run)
    with pytest.raises(SubmitRefused):
        LocalEngine().submit(run)
    assert LocalEngine().find(run.name) == external_id


def test_a_late_submit_is_refused_when_a_later_attempt_has_been_started(local):
    later = spec("hang", attempt=2)
    local.submit(later)
    earlier = spec("hang", job_id=later.job_id, attempt=1)
    with pytest.raises(SubmitRefused, match="later attempt"):
        local.submit(earlier)
    assert local.find(earlier.name) is None


def test_a_missing_python_is_said_plainly(local, configure):
    configure(TRAINER_PYTHON="/nowhere/python")
    with pytest.raises(SubmitRefused, match="TRAINER_PYTHON") as refusal:
        local.submit(spec("started"))
    assert refusal.value.code == "trainer_missing"


def test_a_full_disk_is_said_plainly(local, monkeypatch):
    def full(path, values):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(trainer_process, "write_config", full)
    with pytest.raises(SubmitRefused, match="disk is full") as refusal:
        local.submit(spec("started"))
    assert refusal.value.code == "disk_full"


def test_cost_is_the_rate_for_the_time_until_now_while_the_run_lives(local):
    run = spec("started step hang")
    external_id = local.submit(run)
    now = datetime.now(UTC)
    priced = handle(run, external_id, "12.00", now - timedelta(minutes=5))
    assert local.cost(priced, now) == Decimal("1.00")
    assert local.cost(handle(run, external_id, "12.00", None), now) == Decimal("0.00")


def test_a_run_that_ended_while_nobody_looked_stops_costing_at_its_last_event(local):
    run = spec("started step die")
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.INTERRUPTED)
    written = storage.run_folder(run.job_id) / "events.jsonl"
    ended = datetime.fromtimestamp(written.stat().st_mtime, UTC)
    priced = handle(run, external_id, "12.00", ended - timedelta(minutes=5))
    assert local.cost(priced, ended + timedelta(hours=9)) == Decimal("1.00")


def test_the_offer_and_the_capacity_come_from_the_settings(local, configure):
    configure(LOCAL_HOURLY_RATE="1.25", LOCAL_PARALLEL_RUNS=3)
    [offer] = local.offers()
    assert (offer.engine, offer.hourly_rate) == ("local", Decimal("1.25"))
    assert local.capacity() == 3


def test_a_run_is_nicer_than_the_app(local):
    external_id = local.submit(spec("hang"))
    process = psutil.Process(int(external_id.split(":")[0]))
    assert process.nice() > psutil.Process().nice()
    session = Path(f"/proc/{process.pid}/autogroup")
    if session.exists():  # Linux shares the processor among sessions first
        assert int(session.read_text().split()[-1]) == trainer_process.SESSION_NICENESS


def test_a_python_that_is_a_script_which_stays_is_followed_and_ended_as_one(
    local, standin, configure, tmp_path
):
    wrapper = tmp_path / "wrapper"
    wrapper.write_text(f'#!/bin/sh\n"{tmp_path}/standin-python" "$@"\nexit $?\n')
    wrapper.chmod(0o755)
    configure(TRAINER_PYTHON=wrapper)
    run = spec("started step hang", stubborn=True)
    external_id = local.submit(run)
    wait_for(local, run, external_id, RunState.RUNNING)
    assert LocalEngine().find(run.name) == external_id
    trainer = psutil.Process(int(external_id.split(":")[0])).children()[0]
    trainer.kill()
    wait_for(local, run, external_id, RunState.INTERRUPTED)
    assert local.terminate(handle(run, external_id))


def test_the_trainer_is_told_which_sequences_it_has_to_find(local):
    run = spec("started completed")
    local.submit(run)
    config = json.loads((storage.run_folder(run.job_id) / "config-1.json").read_bytes())
    assert config["sequences_sha256"] == run.sequences_sha256
