"""Rented runs with nothing made up but RunPod: real pods' processes train and bring their adapters.

Each pod is the image's own command on an empty disk, the desk listens on a real port, the worker
and the database are the real ones. Whatever happens on the way, the adapter is bit for bit that of
a run on this machine which nothing happened to.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from importlib import import_module
from pathlib import Path

import pytest

from lib import engines, storage
from lib.datafiles import import_pass
from lib.datafiles.sample import write_sample
from lib.db import jobs, run_results, system_status
from lib.db.connection import reading
from lib.domain import recovery
from lib.domain.draft import change
from lib.domain.offers import ON_DEMAND_KEY, RUNPOD_ENGINE, SPOT_KEY
from lib.domain.presets import hyperparameters
from lib.engines import runpod_ending, runpod_judge
from lib.engines.clock import steady_now
from lib.services import drafts, offers, pod_exchange, starting
from lib.services.assessment import assess
from lib.services.continuation import continue_job
from lib.services.training_files import import_training_file
from lib.settings import PROJECT
from lib.worker import loop
from tests.conftest import enrich
from tests.fake_runpod.world import catalogue
from tests.rented.desk import Desk, wait_until, worker_at_work, worker_process
from tests.rented.world import attempts, check_the_books, job_rows, open_engine
from tests.worker.helpers import events_of, let_leases_run_out, states_of

EPOCHS, STEPS = 3, 39
OVERRIDES = {"num_train_epochs": EPOCHS}
H100 = "NVIDIA H100 PCIe"
CAP = Decimal("0.10")
LINGER_SECONDS = 2
runpod_engine = import_module("lib.engines.runpod")  # a function has its name as well


@dataclass
class Unbroken:
    """The run on this machine that all others are compared with."""

    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def adapter(self) -> dict[str, bytes]:
        assert self.process.wait(120) == 0
        adapter = self.folder / "run" / "adapter"
        files = (path for path in adapter.rglob("*") if path.is_file())
        return {path.relative_to(adapter).as_posix(): path.read_bytes() for path in files}

    @property
    def startup_seconds(self) -> float:
        """From its beginning to its first step."""
        assert self.process.wait(120) == 0
        lines = (self.folder / "run" / "events.jsonl").read_text().splitlines()
        first = next(event for event in map(json.loads, lines) if event["kind"] == "step")
        return first["elapsed_seconds"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    path = tmp_path_factory.mktemp("sample") / "workshop.json"
    write_sample(path, conversations=52, seed=7)
    return path


@pytest.fixture(scope="module")
def unbroken(sample, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    _, written = import_pass(sample, folder / "sequences.jsonl", name="workshop")
    config = {
        "contract": 1,
        "job_id": "unbroken",
        "attempt": 1,
        "run_dir": str(folder / "run"),
        "sequences": str(folder / "sequences.jsonl"),
        "sequences_sha256": written.sha256,
        "base_model": "tiny",
        "model_cache": str(folder / "models"),
        "hyperparameters": hyperparameters("conservative", OVERRIDES).to_dict(),
    }
    (folder / "run").mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "trainer", "train", str(folder / "config.json")]
    process = subprocess.Popen(command, cwd=PROJECT)
    yield Unbroken(folder, process)
    process.kill()
    process.wait()


class Story:
    """What a test sees and does: jobs are started as people do it, pods as RunPod does to them."""

    def __init__(self, actor, file, runpod, desk):
        self.actor, self.file, self.runpod, self.desk = actor, file, runpod, desk

    def start(self, offer_key=ON_DEMAND_KEY, cap=None):
        job_id = drafts.create(self.actor, self.file.id)
        return self.press_start(
            job_id,
            preset="conservative",
            offer_key=offer_key,
            overrides=OVERRIDES,
            spending_cap=cap,
        )

    def press_start(self, job_id, **changes):
        offers.refresh(self.actor)
        opened = drafts.load(self.actor, job_id)
        opened = drafts.save(self.actor, opened, change(opened.draft, drafts.today(), **changes))
        starting.start(self.actor, job_id, assess(opened).digest)
        return job_id

    def wait_for(self, job_id, condition):
        """Until `condition(job)`."""
        wait_until(lambda: condition(job_rows([job_id])[0]), lambda: self.told(job_id))

    def wait_for_checkpoint(self, job_id, after=0):
        """Until one of a later step than `after` is at home, and returns its step."""

        def step():
            with reading() as connection:
                return pod_exchange.stored_step(connection, job_id) or 0

        wait_until(lambda: step() > after, lambda: self.told(job_id))
        return step()

    def wait_for_end(self, job_id):
        self.wait_for(job_id, lambda job: job.ended_at is not None)

    def pod(self, number):
        """The pod of that number, once there is one that trains."""
        wait_until(lambda: len(self.runpod.pods) > number, lambda: self.runpod.pods)
        return self.runpod.pods[number]

    def events(self, number, kind=None):
        """What the pod's trainer has printed."""
        lines = [line for line in self.runpod.log(self.pod(number)["id"]) if line[:1] == "{"]
        return [event for event in map(json.loads, lines) if kind in (None, event["kind"])]

    def printed(self, number, text):
        return any(text in line for line in self.runpod.log(self.pod(number)["id"]))

    def price_an_hour(self, dollars):
        gpus = catalogue()
        for gpu in gpus:
            if gpu["id"] == H100:
                gpu["price"]["secure"] = float(round(dollars, 2))
        self.runpod.change(gpus=gpus)

    def wait_for_time_limit(self, number):
        """Until the pod has had all the time that its order gave it."""
        told = self.pod(number)["env"]
        limit = timedelta(seconds=int(told["LORA_MAX_SECONDS"]) + 0.2)
        wait_until(lambda: steady_now() > datetime.fromisoformat(told["LORA_ORDERED_AT"]) + limit)

    def told(self, job_id):
        pods = self.runpod.pods
        logs = [self.runpod.log(pod["id"])[-8:] for pod in pods]
        said = [event.message for event in events_of(job_id)]
        return f"{said} {[pod['status'] for pod in pods]} {logs} {self.desk.answers[-9:]}"

    def check_completed(self, job_id, unbroken):
        """At home and whole, like the unbroken run's; nothing is left, and the books are right."""
        [job] = job_rows([job_id])
        assert job.status == "completed", self.told(job_id)
        archive = storage.runs_folder() / job.adapter_key
        assert hashlib.sha256(archive.read_bytes()).hexdigest() == job.adapter_sha256
        with zipfile.ZipFile(archive) as packed:
            found = {name: packed.read(name) for name in packed.namelist()}
        found["README.md"] = found["README.md"].replace(str(job_id).encode(), b"unbroken")
        assert found == unbroken.adapter
        self.check_nothing_left(job_id)

    def check_nothing_left(self, job_id):
        assert self.runpod.live == []
        assert self.runpod.violations == []
        assert len(self.runpod.asked_to_create) == len(self.runpod.pods)
        check_the_books([job_id])


@pytest.fixture
def story(installation, configure, monkeypatch, tmp_path, person, sample, runpod):
    """An installation that rents pods of this machine; what it waits for comes sooner."""
    monkeypatch.setattr(runpod_engine, "LIST_AGE", runpod_engine.LIST_AGE / 25)
    monkeypatch.setattr(runpod_engine, "LOG_EVERY", runpod_engine.LOG_EVERY / 25)
    monkeypatch.setattr(runpod_engine, "HINTED_EVERY", runpod_engine.HINTED_EVERY / 25)
    monkeypatch.setattr(runpod_engine, "GONE_AFTER", runpod_engine.GONE_AFTER / 30)
    for module in (runpod_engine, runpod_ending):
        monkeypatch.setattr(module, "YOUNG", module.YOUNG / 120)
    monkeypatch.setattr(runpod_judge, "LOG_SETTLES", runpod_judge.LOG_SETTLES / 10)
    monkeypatch.setattr(recovery, "AFTER_LOSS", recovery.AFTER_LOSS / 10)
    monkeypatch.setattr(loop, "BUSY_SECONDS", loop.BUSY_SECONDS / 5)
    desk = Desk()
    configure(
        DATA_DIR=tmp_path,
        PUBLIC_URL=desk.address,
        TRAINER_IMAGE="registry.example.com/trainer:1",
        RENTED_BASE_MODEL="tiny",
        RENTED_QUANTIZATION="none",
    )
    use_engine(monkeypatch)
    runpod.be(machines=True, boot_seconds=0.2, start_seconds=0.3)
    actor = person(limit="100000.00")
    row, _ = import_training_file(actor, sample, sample.name)
    try:
        yield Story(actor, enrich(row), runpod, desk)
    finally:
        desk.close()
        engines.engine.cache_clear()
        runpod.be()


def use_engine(monkeypatch, **options):
    """RunPod's engine of this process from now on."""
    engine = open_engine(steady_now, **options)
    monkeypatch.setitem(engines._ENGINES, RUNPOD_ENGINE, lambda: engine)
    engines.engine.cache_clear()


def test_a_job_is_trained_on_a_pod_though_its_worker_is_killed_on_the_way(story, unbroken):
    with worker_process() as process:
        job_id = story.start()
        story.wait_for_checkpoint(job_id)
        story.runpod.happen(story.pod(0)["id"], freeze=True)
        story.wait_for(job_id, lambda job: job.status == "running")
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    story.runpod.happen(story.pod(0)["id"], freeze=False)
    let_leases_run_out()
    with worker_at_work():
        story.wait_for_end(job_id)
        story.check_completed(job_id, unbroken)
    assert [row.outcome for row in attempts(job_id)] == ["completed"]
    assert states_of(job_id)[1:] == [
        *("queued", "provisioning", "starting", "running", "completed"),
    ]
    with reading() as connection:
        steps = [(row.step, row.attempt) for row in jobs.metrics(connection, job_id)]
        stored = [row.name for row in run_results.of_job(connection, job_id)]
        refused = system_status.callbacks_refused(connection, recovery.LAUNCH_PATIENCE)
    assert steps == [(step, 1) for step in range(1, STEPS + 1)]
    assert "adapter.tar" in stored and len(stored) == 3  # and two checkpoints
    assert refused == []
    called = story.desk.statuses("/callbacks/")
    assert set(called) == {204} and len(called) >= len(story.events(0)) - 2


def test_an_evicted_run_goes_on_from_its_checkpoint_on_an_empty_disk(story, unbroken):
    with worker_at_work():
        job_id = story.start(SPOT_KEY)
        first = story.wait_for_checkpoint(job_id)
        story.runpod.happen(story.pod(0)["id"], evict="notice")
        story.pod(1)
        second = story.wait_for_checkpoint(job_id, after=story.wait_for_checkpoint(job_id))
        story.runpod.happen(story.pod(1)["id"], evict="none")
        story.wait_for_end(job_id)
        story.check_completed(job_id, unbroken)
    [warned] = story.events(0, "interrupted")
    assert story.events(1, "interrupted") == []
    resumed = [story.events(number, "started")[0]["resumed_from_step"] for number in (1, 2)]
    assert resumed[0] == warned["step"] >= first
    assert resumed[1] >= second > resumed[0]
    assert [row.outcome for row in attempts(job_id)] == ["interrupted", "interrupted", "completed"]
    with reading() as connection:
        steps = [row.step for row in jobs.metrics(connection, job_id)]
    assert steps == list(range(1, STEPS + 1))


def test_a_pod_ends_its_run_at_the_cap_though_nobody_watches_and_it_is_continued(story, unbroken):
    story.price_an_hour(CAP * 3600 / Decimal(3 + 1.5 * unbroken.startup_seconds))
    with worker_at_work():
        capped = story.start(cap=CAP)
        story.wait_for_checkpoint(capped)
        story.runpod.happen(story.pod(0)["id"], freeze=True)  # a slow machine
    story.wait_for_time_limit(0)
    story.runpod.happen(story.pod(0)["id"], freeze=False)
    wait_until(lambda: story.events(0, "stopped"), lambda: story.told(capped))
    [stopped] = story.events(0, "stopped")
    assert (stopped["reason"], len(story.runpod.live)) == ("max_seconds", 1)
    with worker_at_work():
        story.wait_for_end(capped)
        [job] = job_rows([capped])
        assert (job.status, job.failure_code) == ("failed", "cap_reached"), story.told(capped)
        with reading() as connection:
            assert pod_exchange.stored_step(connection, capped) == stopped["step"] < STEPS
        story.check_nothing_left(capped)
        job_id = story.press_start(continue_job(story.actor, capped, Decimal("5.00")))
        story.wait_for_end(job_id)
        story.check_completed(job_id, unbroken)
    assert story.events(1, "started")[0]["resumed_from_step"] == stopped["step"]


def test_a_pod_keeps_its_adapter_while_the_desk_is_away_and_ends_itself_in_the_end(
    story, unbroken, monkeypatch
):
    use_engine(monkeypatch, linger_seconds=LINGER_SECONDS)
    with worker_at_work():
        job_id = story.start()
        story.wait_for_checkpoint(job_id)
        story.runpod.happen(story.pod(0)["id"], freeze=True)
    story.desk.close()
    story.runpod.happen(story.pod(0)["id"], freeze=False)
    wait_until(lambda: story.printed(0, "the adapter: ConnectionRefusedError"))
    assert story.events(0, "completed") == []
    story.desk.open()
    wait_until(lambda: story.runpod.live == [], lambda: story.told(job_id))
    assert story.events(0, "completed")
    pod = story.pod(0)
    [deleted] = [asked for asked in story.runpod.requests if asked["door"] == "delete"]
    assert deleted["asker"] == pod["id"]
    [job] = job_rows([job_id])
    assert job.status == "running"
    with worker_at_work():
        story.wait_for_end(job_id)
        story.check_completed(job_id, unbroken)
