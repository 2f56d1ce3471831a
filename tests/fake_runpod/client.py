"""How a test starts the fake RunPod, steers it, and sees what it was asked."""

import subprocess
import sys
from typing import Any

import httpx
import psutil

from lib.settings import PROJECT


class FakeRunPod:
    """The running process; `with` ends it."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.fake_runpod"],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.address = self._process.stdout.readline().strip()  # it listens by now
        self.graphql = f"{self.address}/graphql"
        self._http = httpx.Client(base_url=self.address, trust_env=False, timeout=10)

    def __enter__(self) -> "FakeRunPod":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.kill()  # whatever it is hanging in
        self._process.wait(10)

    def be(self, **world: Any) -> None:
        """Puts the world back to its beginning, with these fields of `World` changed."""
        self._http.put("/_world", json=world).raise_for_status()

    @property
    def process(self) -> psutil.Process:
        return psutil.Process(self._process.pid)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What it was asked since `be`, in order."""
        return self._http.get("/_requests").json()

    def change(self, **world: Any) -> list[dict[str, Any]]:
        """Changes these fields of `World` and leaves all else as it is; returns `pods`."""
        return self._http.patch("/_world", json=world).raise_for_status().json()["pods"]

    def happen(self, pod_id: str, **what: Any) -> None:
        """`lines=[...]` are printed; `status="EXITED"` ends it, `seconds=5` later, and
        `change="Outbid: …"` says why. To its machine: `evict="notice"` or "none", `freeze=True`.
        """
        self._http.post(f"/_pods/{pod_id}", json=what).raise_for_status()

    def fill(self, names: list[str], gpu_id: str) -> None:
        """Creates a pod of each name behind the wire."""
        self._http.post("/_pods", json={"names": names, "gpu": gpu_id}).raise_for_status()

    def log(self, pod_id: str) -> list[str]:
        """All lines that its container has printed."""
        return self._http.get(f"/_pods/{pod_id}/log").raise_for_status().json()

    @property
    def pods(self) -> list[dict[str, Any]]:
        """All pods that there ever were, as they really are; `deleted` where they have ended."""
        return self._http.get("/_state").json()["pods"]

    @property
    def live(self) -> list[str]:
        """The names of the pods that are really there."""
        return sorted(pod["name"] for pod in self.pods if not pod["deleted"])

    @property
    def asked_to_create(self) -> list[dict[str, Any]]:
        """The orders of pods since `be`, on demand and on spot."""
        return [request for request in self.requests if request["door"] in ("create", "rent")]

    @property
    def violations(self) -> list[str]:
        """Where a request or an answer was not as RunPod specifies it."""
        return self._http.get("/_state").json()["violations"]
