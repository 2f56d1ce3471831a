"""What the fake RunPod knows: its key, its GPUs, its spot market, and the faults to come."""

import random
from dataclasses import dataclass, field
from typing import Any

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
    """All state. `faults` are used up one a request, by door ("rest" or "graphql").

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

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def next_fault(self, door: str) -> str | None:
        ordered = self.faults.get(door)
        if ordered:
            return ordered.pop(0)
        if self._random.random() < self.fault_rate:
            return self._random.choice(self.fault_kinds)
        return None
