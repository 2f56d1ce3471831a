"""How a test starts the fake RunPod, steers it, and sees what it was asked."""

import subprocess
import sys
from typing import Any

import httpx

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
    def requests(self) -> list[dict[str, Any]]:
        """What it was asked since `be`, in order."""
        return self._http.get("/_requests").json()
