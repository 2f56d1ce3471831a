"""One worker's look at very many rented jobs that go on, beside the same with a tenth of them.

RunPod is the tests' stand-in, a process of its own; each pod is really ordered from it.
"""

import json
import logging
import os
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bench.budgets import make_draft
from bench.server import in_a_process
from lib.db import connection as db
from lib.domain.offers import Tier
from lib.services import accounts
from lib.worker.leases import utc_now
from lib.worker.loop import BUSY_SECONDS
from lib.worker.reconcile import Reconciler
from tests.fake_runpod.client import FakeRunPod
from tests.fake_runpod.world import KEY
from tests.rented.world import queue_job

FEW, JOBS = 100, 1_000
WATCHED_SECONDS = 60
TARGET = 10  # seconds for a look at all of them
REQUESTS_AN_HOUR = 3_000  # that RunPod allows, about
_PASSWORD = "nine paper bicycles"


@dataclass(frozen=True)
class Watched:
    """Each of the `ticks` looks at all `jobs`; `requests` of all ticks by kind. In seconds."""

    jobs: int
    launched: float
    ticks: list[float]
    requests: dict[str, int]
    seconds: float

    @property
    def median(self) -> float:
        return statistics.median(self.ticks)

    @property
    def requests_an_hour(self) -> float:
        return 3600 * sum(self.requests.values()) / self.seconds


def run() -> list[Watched]:
    """First few jobs, then many; each in a database and a process of their own."""
    return [Watched(**in_a_process("bench.reconciling", jobs)) for jobs in (FEW, JOBS)]


def _measure(jobs: int) -> dict[str, Any]:
    """Launches the jobs, then looks at them again and again, with the pauses of the worker's loop.

    The first look after the launch is not counted: it takes each job to its next state.
    """
    logging.disable(logging.INFO)
    with FakeRunPod() as runpod:
        os.environ |= connected_to(runpod)
        runpod.be(now=time.time(), boot_seconds=0, start_seconds=0, log_ends=True)
        _queue(jobs)
        worker = Reconciler()
        launched = _timed(worker)
        if len(runpod.live) != jobs:
            raise RuntimeError(f"{len(runpod.live)} pods for {jobs} jobs")
        _timed(worker)
        before, ticks, began = len(runpod.requests), list[float](), time.perf_counter()
        while (seconds := time.perf_counter() - began) < WATCHED_SECONDS:
            ticks.append(_timed(worker))
            time.sleep(BUSY_SECONDS)
        requests = Counter(request["door"] for request in runpod.requests[before:])
    return {
        "jobs": jobs,
        "launched": launched,
        "ticks": ticks,
        "requests": requests,
        "seconds": seconds,
    }


def connected_to(runpod: FakeRunPod) -> dict[str, str]:
    """The environment of an installation that rents there."""
    return {
        "RUNPOD_API_KEY": KEY,
        "RUNPOD_API_URL": runpod.address,
        "RUNPOD_GRAPHQL_URL": runpod.graphql,
        "TRAINER_IMAGE": "registry.example.com/trainer:1",
        "RENTED_BASE_MODEL": "tiny",
        "PUBLIC_URL": "http://desk.example.com",
    }


def _queue(jobs: int) -> None:
    db.migrate()
    owner = accounts.create_owner("Bench", "bench@example.com", _PASSWORD, Decimal(10**9))
    file = make_draft(owner).file
    for _ in range(jobs):
        queue_job(owner, file, Tier.ON_DEMAND, utc_now())


def _timed(worker: Reconciler) -> float:
    began = time.perf_counter()
    worker.tick()
    return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]))))
