"""A fake pod: what it was ordered as, and what it is at any time of the world's clock."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

ACTIONS = {
    "PROVISIONING": ["stop", "terminate"],
    "STARTING": ["stop", "terminate"],
    "RUNNING": ["stop", "restart", "terminate"],
    "EXITED": ["start", "terminate"],
    "ERROR": ["start", "terminate"],
}
WORKING = ("PROVISIONING", "STARTING", "RUNNING")


def rfc3339(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


@dataclass
class FakePod:
    """Times are of the world's clock. `over` is EXITED or ERROR, from `over_at` on."""

    id: str
    order: dict[str, Any]  # the body of REST's create
    cost: float
    created_at: float
    has_machine_at: float
    up_at: float
    spot: bool = False
    over: str | None = None
    over_at: float | None = None
    deleted_at: float | None = None
    change: str | None = None  # GraphQL's lastStatusChange
    log: list[tuple[float, str]] = field(default_factory=list)

    def status(self, now: float) -> str:
        if self.over is not None and self.over_at is not None and now >= self.over_at:
            return self.over
        if now < self.has_machine_at:
            return "PROVISIONING"
        return "STARTING" if now < self.up_at else "RUNNING"

    def end(self, status: str, at: float, change: str | None = None) -> None:
        self.over, self.over_at, self.change = status, at, change

    def is_known(self, now: float, lag: float) -> bool:
        return now >= self.created_at + lag and self.deleted_at is None

    def is_listed(self, now: float, lag: float) -> bool:
        if now < self.created_at + lag:
            return False
        return self.deleted_at is None or now < self.deleted_at + lag

    def billed_hours(self, start: float, end: float) -> float:
        """Hours at work inside a window."""
        ends = [moment for moment in (self.over_at, self.deleted_at) if moment is not None]
        return max(0.0, min([end, *ends]) - max(start, self.created_at)) / 3600

    def rest(self, now: float) -> dict[str, Any]:
        """The pod in the form of REST v2."""
        status = self.status(now)
        up = status == "RUNNING"
        return {
            "id": self.id,
            "name": self.order["name"],
            "image": self.order["image"],
            "args": self.order.get("args", ""),
            "disk": self.order.get("disk", 20),
            "ports": self.order.get("ports", []),
            "env": self.order.get("env", {}),
            "registry": self.order.get("registry"),
            "status": status,
            "actions": ACTIONS[status],
            "mounts": self.order.get("mounts", {}),
            "gpu": {"id": self.order["gpu"]["id"], "count": self.order["gpu"].get("count", 1)},
            "cloud": self.order.get("cloud", "SECURE"),
            "dataCenterId": "EU-X-1" if now >= self.has_machine_at else None,
            "cudaVersion": "12.8" if up else None,
            "ssh": {"proxy": None, "direct": None},
            "template": None,
            "cost": self.cost if status in WORKING else 0.0,
            "locked": False,
            "globalNetworking": {"enabled": False},
            "runtime": {"uptime": int(now - self.up_at)} if up else None,
            "createdAt": rfc3339(self.created_at),
            "startedAt": rfc3339(self.up_at) if up else None,
        }

    def graphql(self, now: float) -> dict[str, Any]:
        status = self.status(now)
        return {
            "id": self.id,
            "name": self.order["name"],
            "costPerHr": self.cost,
            "desiredStatus": "RUNNING" if status in WORKING else "EXITED",
            "lastStatusChange": self.change,
            "runtime": {"uptimeInSeconds": int(now - self.up_at)} if status == "RUNNING" else None,
        }
