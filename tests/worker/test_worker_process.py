"""The worker as a process: it comes and goes with the app, and trainers outlive it."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil
import pytest
from sqlalchemy import select

from lib import storage
from lib.db.connection import reading
from lib.db.tables import workers
from lib.settings import PROJECT
from lib.worker.process import start_worker, stop_worker
from tests.engines.helpers import eventually
from tests.worker.helpers import attempts_of, events_of, job_row, let_leases_run_out

TRAINING = {"plan": "started step step step step completed", "pause": 0.3}


@pytest.fixture
def app():
    """Starts workers as the app does; those that are left are ended after the test."""
    started = []

    def start():
        started.append(start_worker())
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def known_workers() -> set[int]:
    with reading() as connection:
        return set(connection.scalars(select(workers.c.pid)))


def training_pid(job_id, step: int) -> int:
    """The process id of the job's run, once it has trained so many steps."""
    eventually(lambda: job_row(job_id).progress.get("step", 0) >= step, 30)
    eventually(lambda: attempts_of(job_id)[-1].external_id, 30)  # a second run's comes later
    return int(attempts_of(job_id)[-1].external_id.split(":")[0])


def test_a_worker_signs_on_and_leaves_within_seconds_when_the_app_stops_it(app):
    worker = app()
    eventually(lambda: worker.pid in known_workers(), 30)
    began = time.monotonic()
    stop_worker(worker)
    assert worker.returncode == 0
    assert time.monotonic() - began < 6
    assert worker.pid not in known_workers()


def test_a_worker_ends_when_its_app_is_killed(tmp_path):
    code = (
        "import time; from lib.worker.process import start_worker;"
        "print(start_worker().pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE) as app:
        worker = psutil.Process(int(app.stdout.readline()))
        eventually(lambda: worker.pid in known_workers(), 30)
        app.kill()
        app.wait()
        with suppress(psutil.NoSuchProcess):
            worker.wait(10)
    assert not psutil.pid_exists(worker.pid)


def test_a_run_goes_on_while_its_worker_is_dead_and_the_next_worker_takes_it_up(
    app, standin, queue
):
    job_id = queue(hyperparameters=TRAINING)
    first = app()
    pid = training_pid(job_id, 1)
    first.kill()
    first.wait()
    assert psutil.pid_exists(pid)
    finish_adapter(job_id)
    let_leases_run_out()
    app()
    eventually(lambda: job_row(job_id).status == "completed", 30)
    assert [attempt.outcome for attempt in attempts_of(job_id)] == ["completed"]
    assert job_row(job_id).progress["step"] == 4


def test_a_run_that_died_with_its_worker_is_started_again_by_the_next(app, standin, queue):
    job_id = queue(hyperparameters={**TRAINING, "pause": 1})
    first = app()
    pid = training_pid(job_id, 1)
    first.kill()
    os.kill(pid, signal.SIGKILL)
    first.wait()
    let_leases_run_out()
    app()
    eventually(lambda: len(attempts_of(job_id)) == 2, 30)
    assert attempts_of(job_id)[0].outcome == "interrupted"
    assert job_row(job_id).checkpoint_recovery_count == 1
    assert "The run was interrupted after step" in " ".join(
        event.message for event in events_of(job_id)
    )
    os.kill(training_pid(job_id, 1), signal.SIGKILL)


def test_a_worker_without_a_database_waits_with_one_line_and_can_be_stopped(configure):
    configure(DATABASE_URL="postgresql://nobody@127.0.0.1:9/nothing")
    worker = subprocess.Popen(
        [sys.executable, "-m", "lib.worker"], cwd=PROJECT, stderr=subprocess.PIPE, text=True
    )
    line = worker.stderr.readline()
    time.sleep(1)
    worker.send_signal(signal.SIGTERM)
    rest = worker.communicate(timeout=10)[1]
    assert "waiting for the database" in line
    assert (rest, worker.returncode) == ("", 0)


def finish_adapter(job_id):
    """What the trainer would have written."""
    folder = storage.run_folder(job_id) / "adapter"
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
