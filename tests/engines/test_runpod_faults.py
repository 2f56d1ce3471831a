"""Whatever goes wrong, in whatever order: one live pod a job at most, none after the end.

A small worker, true to the protocol of engines, drives a job of up to four attempts over the wire
while faults come from a seed. It is killed now and then, and its successor remembers nothing but
what the database would: the attempt's name, id and offset. A failing seed is in the test's name.
"""

import random
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest

from lib.engines.base import RunHandle, RunState
from lib.engines.errors import ProviderProblem, SubmitRefused
from lib.engines.names import parse_run_name
from tests.effort import times

FAULTS = [
    *("500", "done 500", "502", "done 502", "done cut", "done not json", "cut", "not json"),
    *("429", "402", "403", "capacity", "other form", "redirect", "done redirect"),
]
ATTEMPTS = 4
NOT_YET = object()
LINGER = {"status": "EXITED", "seconds": 300}  # a pod that is done waits to be read
ENDS = {
    "completed": LINGER,
    "failed": LINGER,
    "evicted": {"status": "EXITED"},
    "vanished": {"status": "TERMINATED"},
}
OVER = {RunState.COMPLETED, RunState.FAILED, RunState.INTERRUPTED, RunState.GONE}


class SmallWorker:
    """Does with one job what the real worker does; `chance` decides what goes wrong when."""

    def __init__(self, desk, seed: int) -> None:
        self.desk, self.chance = desk, random.Random(seed)
        self.job_id = uuid4()
        self.outcomes: list[str] = []
        self.cost = Decimal(0)
        desk.runpod.be(
            seed=seed,
            fault_rate=self.chance.choice([0.0, 0.1, 0.3]),
            fault_kinds=FAULTS,
            list_lag=self.chance.choice([0, 10, 60, 100]),
            late_404=self.chance.choice([0, 10, 60]),
            stuck=self.chance.choice([0, 0, 0, 1]),
            price_factor=self.chance.choice([1.0, 1.0, 1.0, 1.4]),
            spot_in_rest=self.chance.choice([True, False]),
            spot_open=self.chance.random() < 0.8,
        )

    def work(self) -> str:
        """Runs the job to its end, and returns how that was."""
        for attempt in range(1, ATTEMPTS + 1):
            outcome = self.try_once(attempt)
            self.outcomes.append(outcome)
            if outcome in ("completed", "failed", "refused"):
                return outcome
        return "given up"

    def try_once(self, attempt: int) -> str:
        run = self.desk.run(self.job_id, attempt)
        intended_at = self.desk.now
        pod_id = None
        try:
            pod_id = self.desk.engine.submit(run)
        except SubmitRefused:
            return "refused"
        except ProviderProblem:
            self.pause()
        if self.chance.random() < 0.2:  # killed before the id was written down
            pod_id = None
        if pod_id is None:
            pod_id = self.patiently(lambda: self.desk.engine.find(run.name))
        if pod_id is None:
            return "lost"
        handle = replace(self.desk.handle(run, pod_id), started_at=intended_at)
        state = self.follow(handle)
        self.patiently(lambda: self.desk.engine.terminate(handle) or NOT_YET)
        assert f"desk.{run.name}" not in self.desk.runpod.live
        self.cost += self.desk.engine.cost(handle, self.desk.now)
        return str(state)

    def follow(self, handle: RunHandle) -> RunState:
        """Observes until the run is over, while its trainer trains and its machine may go."""
        offset, seq, over = 0, 0, False
        life = self.chance.choice(["completed", "completed", "failed", "evicted", "vanished"])
        ends_after = self.chance.randint(10, 40)
        for tick in range(400):
            (pod,) = [pod for pod in self.pause() if pod["id"] == handle.external_id]
            if pod["status"] == "RUNNING" and not pod["deleted"] and not over:
                seq += 1
                over = tick >= ends_after
                kind = life if over and life in ("completed", "failed") else "step"
                event = self.desk.event(kind, seq, handle.attempt)
                self.desk.say(pod["id"], event, **(ENDS[life] if over else {}))
            with suppress(ProviderProblem):
                seen = self.desk.engine.observe(handle, offset)
                if seen.state in OVER:
                    self.check(seen.state, life, pod)
                    return seen.state
                offset = seen.offset
        raise AssertionError("the run never ended")

    def check(self, state: RunState, life: str, pod: dict) -> None:
        """A verdict has to have a cause."""
        if state is RunState.COMPLETED:
            assert life == "completed"
        if state is RunState.GONE:
            assert pod["deleted"]

    def patiently(self, ask):
        """Asks until there is an answer; a problem is none. Raises where none comes in 20 min."""
        for _ in range(200):
            with suppress(ProviderProblem):
                answer = ask()
                if answer is not NOT_YET:
                    return answer
            self.pause()
        raise AssertionError("there was no answer in 20 minutes")

    def pause(self) -> list[dict]:
        """Six seconds, in which the worker may be killed; all pods that there ever were."""
        pods = self.desk.advance(6)
        if self.chance.random() < 0.01:
            self.desk.restart()
        assert sum(not pod["deleted"] for pod in pods) <= 1  # of the whole job
        return pods

    def sweep(self) -> None:
        """Ends what is still there and nobody knows of, as the worker does from time to time."""
        for _ in range(60):
            with suppress(ProviderProblem):
                for name in self.desk.engine.list_owned():
                    run = RunHandle(name, *parse_run_name(name), None, Decimal(0), None)
                    self.desk.engine.terminate(run)
            self.desk.advance(6)


@pytest.mark.parametrize("seed", range(times(15)))
def test_whatever_happens_there_is_one_pod_at_most_and_none_in_the_end(open_desk, seed):
    desk = open_desk(spot="auto" if seed % 3 == 0 else "off")
    desk.log_timeout = 0.1
    desk.restart()
    worker = SmallWorker(desk, seed)
    outcome = worker.work()
    names = [pod["name"] for pod in desk.runpod.pods]
    assert len(names) == len(set(names)) <= ATTEMPTS
    orders = [request for door in ("create", "rent") for request in desk.asked(door)]
    assert len(orders) <= len(worker.outcomes)
    desk.runpod.change(fault_rate=0.0)
    worker.sweep()
    assert desk.runpod.live == []
    assert all(pod["spot"] == (desk.spot != "off") for pod in desk.runpod.pods)
    hours = (desk.now - desk.start_of_time).total_seconds() / 3600
    assert Decimal(0) <= worker.cost <= Decimal("2.39") * Decimal(hours) + 1
    assert outcome in ("completed", "failed", "refused", "given up")


def test_the_worlds_faults_are_the_same_for_the_same_seed(open_desk):
    def story():
        desk = open_desk()
        worker = SmallWorker(desk, 4)
        worker.work()
        return worker.outcomes, [request["door"] for request in desk.runpod.requests]

    assert story() == story()


def test_the_faults_do_bite(runpod):
    """Without them the tests above would show nothing."""
    runpod.be(fault_rate=1.0, fault_kinds=["500"])
    key = {"Authorization": "Bearer rpa_FAKE_key_0123456789"}
    answer = httpx.get(f"{runpod.address}/v2/pods", headers=key, trust_env=False)
    assert answer.status_code == 500
