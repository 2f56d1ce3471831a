"""A desk on this machine as pods reach it, which can go away and come back; and its worker."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from streamlit.web.server.starlette.starlette_app import create_streamlit_middleware

from lib.http.routes import ROUTES
from lib.settings import PROJECT
from lib.worker.loop import Worker

PATIENCE = 120.0  # on a machine with much else to do


class Desk:
    """The desk's routes on a port of their own. `answers`: path and status of each so far."""

    def __init__(self) -> None:
        self.answers: list[tuple[str, int]] = []
        self._port = 0
        self.open()
        self.address = f"http://127.0.0.1:{self._port}"

    def open(self) -> None:
        routes = Starlette(routes=list(ROUTES), middleware=list(create_streamlit_middleware()))
        config = uvicorn.Config(
            self._noting(routes),
            host="127.0.0.1",
            port=self._port,
            log_level="critical",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        wait_until(lambda: self._server.started)
        self._port = self._server.servers[0].sockets[0].getsockname()[1]

    def close(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def statuses(self, under: str) -> list[int]:
        return [status for path, status in self.answers if path.startswith(under)]

    def _noting(self, app: Any) -> Callable[..., Any]:
        async def noting(scope: Any, receive: Any, send: Any) -> None:
            async def sent(message: Any) -> None:
                if message["type"] == "http.response.start":
                    self.answers.append((scope["path"], message["status"]))
                await send(message)

            await app(scope, receive, sent)

        return noting


@contextmanager
def worker_at_work() -> Iterator[None]:
    """A whole worker in this process, until the block ends; runs go on without it."""
    worker = Worker()
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.stop.set()
        thread.join()


@contextmanager
def worker_process() -> Iterator[subprocess.Popen[bytes]]:
    """`python -m lib.worker`, as the app starts it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "lib.worker", "--with-parent"], cwd=PROJECT, stdin=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def wait_until(condition: Callable[[], object], told: Callable[[], object] = lambda: "") -> None:
    """`told` says what there is instead, when it has taken too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, told()
        time.sleep(0.05)
