"""The rehearsal of an interruption: a real trainer is ended, recovers, and learns the same."""

import json
import time
import zipfile
from uuid import UUID

import psutil
import pytest

from lib import engines, storage
from lib.db import users
from lib.db.connection import reading
from lib.domain.people import Person, Role
from lib.services import rehearsal
from lib.services.errors import Refusal
from lib.worker.reconcile import Reconciler
from tests.worker.helpers import attempts_of, events_of, job_row, states_of


@pytest.fixture(autouse=True)
def fresh_engine():
    engines.engine.cache_clear()


def creator_of(job_id: UUID) -> Person:
    with reading() as connection:
        row = users.by_id(connection, job_row(job_id).created_by)
    return Person(row.id, row.email, row.name, Role(row.role))


def tick_until(worker: Reconciler, condition, seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        worker.tick()
        time.sleep(0.05)


def ended(job_id: UUID) -> bool:
    return job_row(job_id).status in ("completed", "failed")


def weights(job_id: UUID) -> bytes:
    with zipfile.ZipFile(storage.runs_folder() / job_row(job_id).adapter_key) as adapter:
        return adapter.read("adapter_model.safetensors")


def test_an_interrupted_run_recovers_and_ends_with_the_same_bits(queue):
    unbroken, interrupted = queue(epochs=12), queue(epochs=12)
    worker = Reconciler()
    tick_until(worker, lambda: ended(unbroken))
    tick_until(worker, lambda: job_row(interrupted).progress.get("step", 0) >= 3)
    pid = int(attempts_of(interrupted)[0].external_id.split(":")[0])

    rehearsal.interrupt(creator_of(interrupted), interrupted)
    with pytest.raises(Refusal, match="asked for already"):
        rehearsal.interrupt(creator_of(interrupted), interrupted)
    assert psutil.pid_exists(pid)  # the app's own process signals nobody

    tick_until(worker, lambda: len(attempts_of(interrupted)) == 2)
    first = attempts_of(interrupted)[0]
    assert first.outcome == "interrupted"
    log = (storage.run_folder(interrupted) / "events.jsonl").read_text().splitlines()
    (told,) = [one for one in map(json.loads, log) if one["kind"] == "interrupted"]
    assert told["signal"] == "SIGTERM"

    tick_until(worker, lambda: ended(interrupted))
    job = job_row(interrupted)
    assert (job.status, job.checkpoint_recovery_count) == ("completed", 1), job.failure_message
    assert states_of(interrupted)[4:6] == ["running", "recovering"]
    kinds = [event.kind for event in events_of(interrupted)]
    assert kinds.index("rehearsal") < kinds.index("interrupted") < kinds.index("resumed")
    assert weights(interrupted) == weights(unbroken)


def test_a_run_that_does_not_listen_is_killed_five_seconds_later(queue, standin, monkeypatch):
    plan = {"plan": "started step hang", "stubborn": True}
    job_id = queue(hyperparameters=plan)
    worker = Reconciler()
    tick_until(worker, lambda: job_row(job_id).status == "running")
    (attempt,) = attempts_of(job_id)
    process = psutil.Process(int(attempt.external_id.split(":")[0]))

    rehearsal.interrupt(creator_of(job_id), job_id)
    asked = time.monotonic()
    tick_until(worker, lambda: job_row(job_id).status == "recovering", 20)
    assert 5 <= time.monotonic() - asked < 8
    assert not process.is_running()
    assert attempts_of(job_id)[0].outcome == "interrupted"


def test_a_run_that_may_recover_no_more_is_not_put_at_risk(queue, fake):
    job_id, worker = queue(), Reconciler()
    for number in range(1, 5):
        name = f"lora-{job_id}-{number}"
        tick_until(worker, lambda name=name: name in fake.runs, 5)
        fake.start(name)
        fake.step(name, number)
        worker.tick()
        assert job_row(job_id).status == "running"
        if number < 4:
            rehearsal.interrupt(creator_of(job_id), job_id)
    with pytest.raises(Refusal, match="one more interruption would end the job"):
        rehearsal.interrupt(creator_of(job_id), job_id)
    assert fake.runs[name].exists


def test_what_does_not_train_is_not_interrupted(queue, fake):
    job_id = queue()
    with pytest.raises(Refusal, match="no run yet"):
        rehearsal.interrupt(creator_of(job_id), job_id)
    Reconciler().tick()
    with pytest.raises(Refusal, match="Only a run that is training"):
        rehearsal.interrupt(creator_of(job_id), job_id)
