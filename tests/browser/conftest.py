"""A whole app in a process of its own, on a data folder of its own, and a real browser."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, sync_playwright

from bench.server import CHROMIUM_OPTIONS, PROJECT


class App:
    """`streamlit run app.py`, which can be killed and started again on the same data."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        return {
            **{
                key: value
                for key, value in os.environ.items()
                if key not in {"DATABASE_URL", "IMPORT_DIR"}
            },
            "DATA_DIR": str(self.data_dir),
        }

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self.port)],
            cwd=PROJECT,
            env=self.environment(),
            stdout=(self.data_dir / "app.log").open("ab"),
            stderr=subprocess.STDOUT,
        )
        for _ in range(300):
            try:
                if httpx.get(f"{self.address}/readyz", timeout=2).is_success:
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, (self.data_dir / "app.log").read_text()
            time.sleep(0.2)
        raise TimeoutError((self.data_dir / "app.log").read_text())

    def kill(self) -> None:
        """As a power cut would: nothing is told."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)

    def trainers(self) -> list[psutil.Process]:
        """The training processes that work below this app's data folder."""
        return [
            process
            for process in psutil.process_iter(["cmdline"])
            if "trainer" in (line := process.info["cmdline"] or [])
            and "train" in line
            and any(str(self.data_dir) in part for part in line)
        ]


@pytest.fixture
def app(open_folder: Path) -> Iterator[App]:
    """A running app in which nobody has been set up yet."""
    running = App(open_folder)
    running.start()
    yield running
    print((open_folder / "app.log").read_text())  # pytest shows it where the test failed
    running.stop()
    for process in running.trainers():
        process.kill()


@pytest.fixture
def browser(chromium: str | None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield launched
        launched.close()
