"""A job that trained while the backup was made is trained to its end after the restore."""

import shutil
import signal
import time

import psutil

from lib import engines, storage
from lib.db import jobs
from lib.db.connection import reading
from lib.services import backups
from lib.worker.reconcile import Reconciler
from tests.services.test_backups import wipe
from tests.worker.helpers import attempts_of, events_of, job_row, let_leases_run_out


def test_it_starts_again_and_completes(queue, database, installation, data_dir, tmp_path_factory):
    engines.engine.cache_clear()
    job_id, worker = queue(epochs=8), Reconciler()

    def tick_until(condition):
        deadline = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < deadline, events_of(job_id)
            worker.tick()
            time.sleep(0.05)

    tick_until(lambda: job_row(job_id).progress.get("step", 0) >= 6)
    made = backups.make(tmp_path_factory.mktemp("safe"))
    process = psutil.Process(int(attempts_of(job_id)[0].external_id.split(":")[0]))
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    shutil.rmtree(storage.runs_folder())
    wipe(database, installation)

    backups.restore(made.folder)
    let_leases_run_out()
    engines.engine.cache_clear()
    worker = Reconciler()
    tick_until(lambda: job_row(job_id).status in ("completed", "failed"))
    job = job_row(job_id)
    assert job.status == "completed", job.failure_message
    assert [attempt.outcome for attempt in attempts_of(job_id)] == ["gone", "completed"]
    assert job.progress["percent"] == 100
    with reading() as connection:
        metrics = jobs.metrics(connection, job_id)
    assert {row.attempt for row in metrics} == {2}, "what the new attempt reported was missed"
    assert (storage.runs_folder() / job.adapter_key).exists()
