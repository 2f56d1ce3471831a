"""A running app on a data folder of its own, and the browser that looks at it."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Page, sync_playwright

PROJECT = Path(__file__).resolve().parents[1]
CHROMIUM_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def in_a_process(module: str, *arguments: object, **environment: str) -> Any:
    """What `python -m module` prints as JSON: on a database of its own, which is removed after."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # as root, the embedded server runs as another user
        inherited = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
        done = subprocess.run(
            [sys.executable, "-m", module, *map(str, arguments)],
            cwd=PROJECT,
            env={**inherited, "DATA_DIR": folder, **environment},
            check=True,
            stdout=subprocess.PIPE,
        )
    return json.loads(done.stdout)


@contextmanager
def serving(
    script: Path, data_dir: Path, ready: str, **environment: str
) -> Iterator[tuple[str, float]]:
    """`streamlit run script` until `ready` answers: its address, and the seconds it took."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(script), "--server.port", str(port)],
        cwd=PROJECT,
        env={**os.environ, "DATA_DIR": str(data_dir), **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(address + ready, process)
        yield address, time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(20)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode}")
        try:
            if httpx.get(address, timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"{address} did not answer within a minute")


@contextmanager
def browser_page() -> Iterator[Page]:
    """One tab of a headless Chromium."""
    with sync_playwright() as playwright:
        system = Path("/usr/bin/chromium")
        browser = playwright.chromium.launch(
            executable_path=str(system) if system.exists() else None, args=CHROMIUM_OPTIONS
        )
        try:
            yield browser.new_page(viewport={"width": 1280, "height": 800})
        finally:
            browser.close()
