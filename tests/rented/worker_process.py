"""A worker in a process of its own that works when it is told to, and can be killed at any point.

A point is just before or after a commit, or a request to RunPod. It is named after the function of
the worker in which it lies, so that a test can say where the process died. At a point it can also
stop itself (SIGSTOP), for somebody to let it go on later.
"""

import os
import signal
import threading
import traceback
from collections.abc import Mapping
from datetime import datetime, timedelta
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from sqlalchemy import event

from lib import engines
from lib.db import connection as db
from lib.db import jobs, work
from lib.domain.offers import RUNPOD_ENGINE
from lib.engines.runpod import RunPod
from lib.settings import settings
from lib.worker import leases
from lib.worker.reconcile import Reconciler
from tests.rented.world import open_engine

STOPS = "stops"
#: Between the last look at its lease and its order no worker can be held up without sending it
#: late; nobody stops there.
ORDERING = ("after a commit in leases.is_held", "before POST in launching._submit")

_processes = get_context("forkserver")
_processes.set_forkserver_preload(["tests.rented.worker_process"])


class WorkerProcess:
    """`kill_at`: the number of the point at which it dies; 0: never. `heedless`: it writes
    without asking whether it still holds the job.

    `points` are the names of those it has passed, in order.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        kill_at: int = 0,
        lease: timedelta = leases.LEASE,
        heedless: bool = False,
    ) -> None:
        self.points: list[str] = []
        self._here, there = _processes.Pipe()
        self.process = _processes.Process(
            target=_serve, args=(there, dict(environment), kill_at, lease, heedless), daemon=True
        )
        self.process.start()
        there.close()

    def tick(self, now: datetime, stop_at: int | str = 0) -> bool:
        """One look at all jobs at that time; False where it has died over it.

        `stop_at`: the point of this look at which it notes STOPS and stops, by number or by name;
        0: nowhere.
        """
        try:
            self._here.send((now, stop_at))
            while isinstance(answer := self._here.recv(), str):
                self.points.append(answer)
        except (EOFError, ConnectionError):
            self.process.join()
            return False
        if answer is not True:
            raise AssertionError(f"the worker broke: {answer}")
        return True

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self._here.close()


class _Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now


def _serve(
    told: Connection, environment: dict[str, str], kill_at: int, lease: timedelta, heedless: bool
) -> None:
    os.environ.update(environment)
    settings.cache_clear()
    leases.LEASE = lease
    if heedless:
        work.held_job = lambda connection, job_id, _token: jobs.lock(connection, job_id)
    clock, points = _Clock(), _Points(told, kill_at)
    clock.now, points.stop_at = told.recv()
    engine = open_engine(clock)  # type: ignore[arg-type]
    _watch(engine, points)
    engines._ENGINES = {RUNPOD_ENGINE: lambda: engine}
    worker = Reconciler(clock, retry=timedelta())
    while True:
        worker.tick()
        told.send(True)
        try:
            clock.now, points.stop_at = told.recv()
        except EOFError:
            return


def _watch(engine: RunPod, points: "_Points") -> None:
    database = db.database()
    event.listen(database, "commit", lambda _connection: points.reach("before a commit"))
    event.listen(database.pool, "checkin", lambda *_: points.reach("after a commit"))
    hooks = engine._client._http.event_hooks
    hooks["request"].append(lambda request: points.reach(f"before {request.method}"))
    hooks["response"].append(lambda answer: points.reach(f"after {answer.request.method}"))
    engine._client._http.event_hooks = hooks


class _Points:
    def __init__(self, told: Connection, kill_at: int) -> None:
        self._told, self._kill_at, self._number = told, kill_at, 0
        self._one_by_one = threading.Lock()  # a lease is kept by a thread of its own
        self.stop_at: int | str = 0

    def reach(self, what: str) -> None:
        with self._one_by_one:
            point = f"{what} in {_where()}"
            self._number += 1
            self._told.send(point)
            if self._number == self._kill_at:
                os.kill(os.getpid(), signal.SIGKILL)
            if self._is_to_stop(point):
                self.stop_at = 0
                self._told.send(STOPS)
                os.kill(os.getpid(), signal.SIGSTOP)

    def _is_to_stop(self, point: str) -> bool:
        if isinstance(self.stop_at, str):
            return point == self.stop_at
        self.stop_at = max(self.stop_at - 1, -1)  # 0 is the one; below it there is none any more
        if self.stop_at == 0 and point in ORDERING:
            self.stop_at = 1  # the next one
            return False
        return self.stop_at == 0


def _where() -> str:
    """The innermost function of the worker that is at work."""
    frames: list[Any] = traceback.extract_stack()
    ours = [
        frame
        for frame in frames
        if "/lib/worker/" in frame.filename and frame.name != "writing"  # of whoever writes
    ]
    return f"{Path(ours[-1].filename).stem}.{ours[-1].name}" if ours else "start"
