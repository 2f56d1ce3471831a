"""What the fake RunPod knows: its key, its GPUs, its spot market, and the faults to come."""

import random
import time
from dataclasses import dataclass, field
from typing import Any

from tests.fake_runpod.machines import Machine
from tests.fake_runpod.pods import FakePod

START = 1_795_521_600.0  # 2026-11-24, 12:00 UTC
KEY = "rpa_FAKE_key_0123456789"


def gpu(
    id: str, name: str, memory: int, price: float, availability: str = "HIGH", **changes: Any
) -> dict[str, Any]:
    """One entry of the catalogue in the form of REST v2."""
    return {
        "id": id,
        "name": name,
        "pool": None,
        "manufacturer": "NVIDIA",
        "memory": memory,
        "secure": True,
        "community": False,
        "price": {"secure": price, "community": 0.0},
        "maxCount": {"secure": 8, "community": 0},
        "availability": availability,
        "dataCenters": [{"id": "EU-X-1", "name": "EU X 1", "availability": availability}],
        **changes,
    }


def catalogue() -> list[dict[str, Any]]:
    return [
        gpu("NVIDIA GeForce RTX 4090", "RTX 4090", 24, 0.44),
        gpu("NVIDIA H100 PCIe", "H100 PCIe", 80, 2.389, "MEDIUM"),
        gpu("NVIDIA H100 80GB HBM3", "H100 SXM", 80, 2.99, "LOW"),
        gpu("NVIDIA H200", "H200 SXM", 141, 3.99, "NONE"),
        gpu("NVIDIA A100 80GB PCIe", "A100 PCIe", 80, 1.64, "LOW"),
    ]


def spot_market() -> dict[str, dict[str, Any] | None]:
    """What GraphQL's `lowestPrice` says, by GPU id."""
    return {
        "NVIDIA H100 PCIe": {"minimumBidPrice": 1.2501, "stockStatus": "Low"},
        "NVIDIA A100 80GB PCIe": {"minimumBidPrice": 0.82, "stockStatus": "High"},
        "NVIDIA H200": {"minimumBidPrice": None, "stockStatus": None},
        "NVIDIA H100 80GB HBM3": None,
    }


@dataclass
class World:
    """All state. `faults` are used up one a request, by door.

    Doors: rest (catalogue), graphql (spot prices), create, list, get, logs, action, delete,
    billing; and of GraphQL rent, terminate, balance, spot_pods. A fault is an HTTP status or one of
    app.FAULTS, and replaces what was asked for; "done 500" does it first, and then fails.

    With `fault_rate` above 0 any other request fails too with that probability, in an order that
    `seed` fixes.
    """

    key: str = KEY
    gpus: list[dict[str, Any]] = field(default_factory=catalogue)
    spot: dict[str, dict[str, Any] | None] = field(default_factory=spot_market)
    faults: dict[str, list[str]] = field(default_factory=dict)
    fault_rate: float = 0.0
    fault_kinds: list[str] = field(default_factory=lambda: ["500", "429", "cut", "not json"])
    seed: int = 1
    requests: list[dict[str, Any]] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)  # of the specification, by either side

    now: float = START  # the only clock here, in seconds since the epoch
    boot_seconds: float = 20  # until a pod has a machine
    start_seconds: float = 60  # until its container is up
    stuck: int = 0  # so many of the next pods never get ready
    list_lag: float = 0  # so long new pods are missing from lists, and ended ones still in them
    late_404: float = 0  # so long a new pod is unknown by its id
    price_factor: float = 1.0  # what a new pod costs, against the catalogue
    bill_factor: float = 1.0  # what is billed, against what it cost
    balance: float = 250.0
    spot_open: bool = True  # whether this account gets spot pods
    spot_in_rest: bool = True  # whether REST lists them
    quota: int = 0  # requests a minute, 0 for no limit
    log_ends: bool = False  # a log's stream ends with what there is, so that nobody waits for more
    machines: bool = False  # pods are real processes, on the real clock (machines.py)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self.pods: dict[str, FakePod] = {}
        self._minute: list[float] = []
        self.containers: dict[str, Machine] = {}  # by pod

    def tick(self) -> None:
        """With machines, time passes by itself."""
        if self.machines:
            self.now = time.time()

    def add(self, pod: FakePod) -> None:
        self.pods[pod.id] = pod
        if self.machines:
            self.containers[pod.id] = Machine(pod)

    def terminate(self, pod: FakePod) -> None:
        pod.deleted_at = self.now
        self._end_container(pod.id)

    def stop(self, pod: FakePod) -> None:
        pod.end("EXITED", self.now)
        self._end_container(pod.id)

    def end_all(self) -> None:
        for pod_id in self.containers:
            self._end_container(pod_id)

    def _end_container(self, pod_id: str) -> None:
        if pod_id in self.containers:
            self.containers[pod_id].end()

    def asker(self, authorization: str, pod_id: str | None) -> str | None:
        """Whose key it is: "account", or a pod's id, which is let in to that pod alone."""
        if authorization == f"Bearer {self.key}":
            return "account"
        container = self.containers.get(pod_id or "")
        return pod_id if container and authorization == f"Bearer {container.key}" else None

    def next_fault(self, door: str) -> str | None:
        ordered = self.faults.get(door)
        if ordered:
            return ordered.pop(0)
        if self._random.random() < self.fault_rate:
            return self._random.choice(self.fault_kinds)
        return None

    def over_quota(self) -> bool:
        """Counts a request in; whether it is one too many for this minute."""
        self._minute = [at for at in self._minute if at > self.now - 60]
        self._minute.append(self.now)
        return 0 < self.quota < len(self._minute)
