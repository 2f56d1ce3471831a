"""The worker: five loops side by side, so that no long task holds up the progress of a run."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from threading import Event
from uuid import UUID, uuid4

from lib.db import jobs, work
from lib.db.connection import DatabaseUnavailable, migrate, reading, transaction
from lib.domain.states import TERMINAL
from lib.worker import enrichment, mailing, measuring
from lib.worker.periodic import Periodic
from lib.worker.reconcile import Reconciler
from lib.worker.wording import describe

BUSY_SECONDS, IDLE_SECONDS, RETRY_SECONDS = 0.5, 1.5, 3.0
HEARTBEAT_SECONDS = 5.0
FORGET_WORKERS_AFTER = timedelta(hours=1)
EXIT_SECONDS = 4.0  # for the ticks under way to finish

log = logging.getLogger(__name__)


class Worker:
    """The loops of one process. `stop` ends them; running trainers go on without them."""

    def __init__(self, stop: Event | None = None) -> None:
        self.stop = stop or Event()
        self._id = uuid4()
        self._next_heartbeat = time.monotonic()
        self._reconciler = Reconciler()
        self._periodic = Periodic()
        self._loops: dict[str, Callable[[], bool]] = {
            "jobs": self._jobs,
            "measurements": lambda: measuring.tick(self.stop),
            "files": lambda: enrichment.tick(self.stop),
            "mail": lambda: mailing.tick(self.stop),
            "periodic tasks": lambda: self._periodic.tick(self.stop),
        }

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Works until `stop` is set, or `until`, asked every half second, says so."""
        if not self._await_database():
            return
        log.info("worker %s is at work", os.getpid())
        threads = [
            threading.Thread(target=self._repeat, args=loop, name=loop[0], daemon=True)
            for loop in self._loops.items()
        ]
        for thread in threads:
            thread.start()
        try:
            while not self.stop.wait(BUSY_SECONDS if until else None):
                if until is not None and until():
                    break
        finally:
            self.stop.set()
            deadline = time.monotonic() + EXIT_SECONDS
            for thread in threads:
                thread.join(max(0.0, deadline - time.monotonic()))
            self._sign_off()

    def _await_database(self) -> bool:
        """Waits for the database, and brings its schema up to date; False if told to stop."""
        reported = False
        while not self.stop.is_set():
            try:
                migrate()
                return True
            except DatabaseUnavailable as error:
                if not reported:
                    log.warning("waiting for the database: %s", describe(error))
                reported = True
            self.stop.wait(RETRY_SECONDS)
        return False

    def _repeat(self, name: str, tick: Callable[[], bool]) -> None:
        away = False
        while not self.stop.is_set():
            try:
                pause = BUSY_SECONDS if tick() else IDLE_SECONDS
                if away:
                    log.info("%s: the database is back", name)
                away = False
            except DatabaseUnavailable:
                if not away:
                    log.warning("%s: the database is away, waiting for it", name)
                away, pause = True, RETRY_SECONDS
            except Exception as error:  # noqa: BLE001  a loop must never end by itself
                log.error("%s: %s", name, describe(error))
                pause = RETRY_SECONDS
            self.stop.wait(pause)

    def _jobs(self) -> bool:
        if time.monotonic() >= self._next_heartbeat:
            with transaction() as connection:
                host = socket.gethostname()
                work.worker_seen(connection, self._id, host, os.getpid(), FORGET_WORKERS_AFTER)
            self._next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS
        return self._reconciler.tick()

    def _sign_off(self) -> None:
        try:
            with transaction() as connection:
                work.remove_worker(connection, self._id)
        except DatabaseUnavailable:
            log.warning("worker %s ends without the database", os.getpid())


def run_until(job_id: UUID) -> None:
    """Works in this process until the job has ended; right beside other workers too."""

    def ended() -> bool:
        with reading() as connection:
            job = jobs.by_id(connection, job_id)
        return job is None or job.status in TERMINAL

    Worker().run(until=ended)
