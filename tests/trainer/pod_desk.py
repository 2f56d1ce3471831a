"""The desk's side of a pod's wire (docs/pods.md), in memory, with faults on order."""

import hashlib
import io
import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.trainer.runs import PRESETS, conversations
from trainer.pod import settings
from trainer.pod.attempt import Pod
from trainer.pod.ending import Eviction
from trainer.pod.limits import Pace

TOKEN = "the callback's key"
#: Pauses of a pod in a test.
PACE = Pace(look=0.05, first_pause=0.05, longest_pause=0.2, fetch=10, end=0.3, ask_again=0.1)
ROWS = "".join(json.dumps(row) + "\n" for row in conversations()).encode()
CUT, SLOW, SPOIL = "cut", "slow", "spoil"


class Desk(ThreadingHTTPServer):
    """`faults["PUT /store"]` holds what happens to the next requests of that kind, one each: a
    status, CUT (the connection), SLOW or SPOIL (the content). While `away`, all get a 503.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.data = ROWS
        self.faults: dict[str, list[Any]] = defaultdict(list)
        self.away = False
        self.stored: dict[str, dict[str, Any]] = {}  # what is acknowledged, newest last
        self.uploaded: dict[str, bytes] = {}
        self.asked: list[tuple[str, str, Mapping[str, str], bytes]] = []
        self.on_upload: Callable[[str], None] = lambda name: None

    def requests(self, kind: str) -> list[tuple[str, str, Mapping[str, str], bytes]]:
        """All that came as `METHOD /first-part-of-the-path`."""
        return [one for one in self.asked if f"{one[0]} {one[1]}".startswith(kind)]

    def put_away(self, name: str, content: bytes, step: int | None = None, **lies: Any) -> None:
        """Stores something as if a pod had brought it."""
        sha256 = hashlib.sha256(content).hexdigest()
        facts = {"name": name, "step": step, "bytes": len(content), "sha256": sha256}
        self.stored[name], self.uploaded[name] = facts | lies, content

    def steps(self) -> list[int]:
        return sorted(result["step"] for result in self.stored.values() if result["step"])


class Handler(BaseHTTPRequestHandler):
    server: Desk

    def do_GET(self) -> None:
        self._answer(b"")

    do_DELETE = do_GET

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["content-length"])))

    do_PUT = do_POST

    def _answer(self, body: bytes) -> None:
        desk = self.server
        path = urlsplit(self.path).path
        headers = {name.lower(): value for name, value in self.headers.items()}
        desk.asked.append((self.command, self.path, headers, body))
        waiting = desk.faults[f"{self.command} /{path.split('/')[1]}"]
        fault = 503 if desk.away else waiting.pop(0) if waiting else None
        if isinstance(fault, int):
            return self._send(fault)
        if fault == SLOW:
            time.sleep(0.5)
        name = path.removeprefix("/store/")
        if path == "/data":
            content = desk.data[:-1] + b"!" if fault == SPOIL else desk.data
            return self._send(200, content, cut=fault == CUT)
        if path == "/results":
            return self._list() if self.command == "GET" else self._take(json.loads(body))
        if path.startswith("/store/") and self.command == "PUT":
            desk.on_upload(name)
            if fault != CUT:
                desk.uploaded[name] = body[:-1] + b"!" if fault == SPOIL else body
            return self._send(200, cut=fault == CUT)
        if path.startswith("/store/"):
            content = desk.uploaded[name]
            return self._send(200, content[:-1] + b"!" if fault == SPOIL else content, fault == CUT)
        return self._send(204)

    def _list(self) -> None:
        desk = self.server
        results = [
            {**facts, "url": f"{desk.url}/store/{name}?signature=secret"}
            for name, facts in desk.stored.items()
            if facts["step"] is not None
        ]
        results.sort(key=lambda facts: -facts["step"])
        self._send(200, json.dumps({"results": results}).encode())

    def _take(self, facts: dict[str, Any]) -> None:
        desk, name = self.server, facts["name"]
        wanted = {"name": name, "step": facts.get("step")} | {
            key: facts[key] for key in ("bytes", "sha256")
        }
        if facts.get("done"):
            content = desk.uploaded.get(name, b"")
            if (len(content), hashlib.sha256(content).hexdigest()) != (
                facts["bytes"],
                facts["sha256"],
            ):
                return self._send(409)
            desk.stored[name] = wanted
            return self._send(200, b'{"stored": true}')
        order = {
            "url": f"{desk.url}/store/{name}?signature=secret",
            "headers": {"x-signed": "yes"},
            "stored": desk.stored.get(name) == wanted,
        }
        return self._send(200, json.dumps(order).encode())

    def _send(self, status: int, content: bytes = b"", cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if cut else content)
        if cut:
            self.close_connection = True

    def log_message(self, *arguments: object) -> None:
        """Nothing on the console."""


def environment(desk: Desk, folder: Path, **changes: Any) -> dict[str, str]:
    """A pod's variables. `config={...}` changes fields of LORA_CONFIG."""
    config = {
        "base_model": "tiny",
        "hyperparameters": PRESETS["balanced"] | {"num_train_epochs": 15},
        "sequences_sha256": hashlib.sha256(ROWS).hexdigest(),
        "checkpoint_every_steps": 4,
        "threads": 1,
    } | changes.pop("config", {})
    variables = {
        "LORA_RUN": "run-1",
        "LORA_JOB_ID": "3f0c9a52-4f0e-4a52-8f0b-7a4c7a1f2d11",
        "LORA_ATTEMPT": 1,
        "LORA_DATA_URL": f"{desk.url}/data?signature=secret",
        "LORA_RESULTS_URL": f"{desk.url}/results?token=secret",
        "LORA_CALLBACK_URL": f"{desk.url}/callback",
        "LORA_CALLBACK_TOKEN": TOKEN,
        "LORA_HOURLY_RATE": "2.49",
        "LORA_MAX_SECONDS": 3600,
        "LORA_MAX_DOLLARS": "10",
        "LORA_DEAD_MAN_SECONDS": 600,
        "LORA_LINGER_SECONDS": 1,
        "LORA_CONFIG": json.dumps(config),
        "LORA_ORDERED_AT": datetime.now(UTC).isoformat(),
        "LORA_FOLDER": folder,
    } | changes
    return {name: str(value) for name, value in variables.items() if value is not None}


class Life:
    """A pod in a thread of this process; its trainer is a process of its own.

    `skip` seconds ahead makes its clock jump, so that nobody has to wait for a limit.
    """

    def __init__(self, desk: Desk, folder: Path, pace: Pace = PACE, **changes: Any) -> None:
        variables = environment(desk, folder, **changes)
        self._ahead = 0.0
        self._out = io.BytesIO()
        self.eviction = Eviction(self._clock)
        pod = Pod(
            settings.read(variables),
            os.environ | variables,
            self.eviction,
            pace=pace,
            out=self._out,
            clock=self._clock,
        )
        self.code: int | None = None
        self._thread = threading.Thread(target=self._run, args=(pod,))
        self._thread.start()

    def skip(self, seconds: float) -> None:
        self._ahead += seconds

    def end(self) -> list[dict[str, Any]]:
        """Waits for it to end; what it has printed."""
        self._thread.join(60)
        assert not self._thread.is_alive(), "the pod does not end"
        return self.printed()

    def printed(self, kind: str | None = None) -> list[dict[str, Any]]:
        lines = self._out.getvalue().splitlines(keepends=True)
        events = [json.loads(line) for line in lines if line.endswith(b"\n")]
        return [event for event in events if kind in (None, event["kind"])]

    def wait_for(self, kind: str, step: int = 0) -> dict[str, Any]:
        """The first event of a kind, from a step on."""
        found: list[dict[str, Any]] = []

        def is_there() -> bool:
            found[:] = [event for event in self.printed(kind) if event.get("step", 0) >= step]
            return bool(found)

        wait_until(lambda: is_there() or not self._thread.is_alive())
        assert is_there(), self.printed()
        return found[0]

    def _run(self, pod: Pod) -> None:
        self.code = pod.run()

    def _clock(self) -> float:
        return time.monotonic() + self._ahead


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < deadline, "it never comes to that"
        time.sleep(0.02)
