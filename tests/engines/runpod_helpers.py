"""A RunPod engine over the fake's wire, both on one clock, and what a pod's trainer would print."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import httpx
from pydantic import SecretStr

from lib.domain.offers import Tier
from lib.engines.base import Observation, RunHandle, RunSpec
from lib.engines.errors import ProviderProblem, SubmitRefused
from lib.engines.runpod import RunPod
from lib.engines.runpod_client import RunPodClient
from lib.engines.runpod_pods import PodPlan
from lib.settings import SpotPolicy
from tests.engines.helpers import handle, spec
from tests.fake_runpod.client import FakeRunPod
from tests.fake_runpod.world import KEY, START

PREFIX = "desk"
UP = 66  # seconds until a pod runs
TOKEN = "callback-token-do-not-show"
DATA_URL = "https://storage.example.com/data?signature=do-not-show"
RESULTS_URL = "https://storage.example.com/results?signature=do-not-show"
PLAN = PodPlan(
    gpu_id="NVIDIA H100 PCIe",
    tier=Tier.ON_DEMAND,
    hourly_rate=Decimal("2.39"),
    image="registry.example.com/trainer:1",
    args="train",
    disk_gb=120,
    data_url=SecretStr(DATA_URL),
    results_url=SecretStr(RESULTS_URL),
    callback_url="https://desk.example.com/callbacks/run",
    callback_token=SecretStr(TOKEN),
    max_seconds=7200,
    max_dollars=Decimal("12.00"),
    dead_man_seconds=1800,
)
SPOT_PLAN = replace(PLAN, tier=Tier.SPOT, hourly_rate=Decimal("1.26"))


@dataclass
class FixedPlans:
    """Implements `PodPlanner`: the same plan for everybody."""

    chosen: PodPlan = PLAN

    def plan(self, run: RunSpec) -> PodPlan:
        return self.chosen


class Desk:
    """One worker's engine at the fake RunPod; `advance` moves both their clocks."""

    patience = 5.0  # seconds that an answer may take
    log_timeout = 0.15  # seconds of silence that end a page
    start_of_time = datetime.fromtimestamp(START, UTC)

    def __init__(self, runpod: FakeRunPod, *, spot: SpotPolicy = "off", **options: Any) -> None:
        self.runpod = runpod
        self.spot, self.options = spot, options
        self.plans = FixedPlans(PLAN if spot == "off" else SPOT_PLAN)
        self.now = self.start_of_time
        self.clients: list[RunPodClient] = []
        self.restart()

    def restart(self) -> None:
        """A new worker, which remembers nothing."""
        self.client = RunPodClient(
            SecretStr(KEY),
            api_url=self.runpod.address,
            graphql_url=self.runpod.graphql,
            timeout=httpx.Timeout(self.patience),
            log_timeout=httpx.Timeout(self.log_timeout),
            clock=lambda: self.now,
        )
        self.clients.append(self.client)
        self.engine = RunPod(
            self.client,
            self.plans,
            prefix=PREFIX,
            spot=self.spot,
            offers=tuple,
            clock=lambda: self.now,
            **self.options,
        )

    def advance(self, seconds: float) -> list[dict[str, Any]]:
        """Returns all pods that there ever were, as they are then."""
        self.now += timedelta(seconds=seconds)
        return self.runpod.change(now=self.now.timestamp())

    def run(self, job_id: UUID | None = None, attempt: int = 1) -> RunSpec:
        return spec("", job_id=job_id or uuid4(), attempt=attempt)

    def start(self, run: RunSpec | None = None) -> RunHandle:
        """An attempt whose submit went well."""
        run = run or self.run()
        return self.handle(run, self.engine.submit(run))

    def handle(self, run: RunSpec, pod_id: str | None) -> RunHandle:
        plan = self.plans.chosen
        found = handle(run, pod_id, rate=str(plan.hourly_rate), started_at=self.now)
        return replace(found, tier=plan.tier)

    def until(self, condition: Any, seconds: int = 1200, step: float = 6) -> Any:
        """Moves on until the condition gives something; a passing problem is nothing."""
        for _ in range(int(seconds / step)):
            try:
                if found := condition():
                    return found
            except ProviderProblem as problem:
                assert not isinstance(problem, SubmitRefused)
            self.advance(step)
        raise AssertionError("it did not happen in time")

    def say(self, pod_id: str, *events: dict[str, Any], **what: Any) -> None:
        """The pod's trainer prints these events; `what` as in `FakeRunPod.happen`."""
        self.runpod.happen(pod_id, lines=[json.dumps(event) for event in events], **what)

    def event(self, kind: str, seq: int, attempt: int = 1, **facts: Any) -> dict[str, Any]:
        at = (self.now + timedelta(milliseconds=seq)).isoformat(timespec="milliseconds")
        return {"seq": seq, "attempt": attempt, "at": at, "kind": kind, **facts}

    def observe(self, run: RunHandle, offset: int = 0) -> Observation:
        return self.engine.observe(run, offset)

    def asked(self, door: str) -> list[dict[str, Any]]:
        return [request for request in self.runpod.requests if request["door"] == door]


def running(desk: Desk) -> RunHandle:
    """A run whose pod is up."""
    run = desk.start()
    desk.advance(UP)
    return run


def over(seen: Observation) -> Observation | None:
    """What was seen, once the run is over."""
    return seen if seen.state not in ("provisioning", "starting", "running") else None
