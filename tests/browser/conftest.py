"""A whole app in a process of its own, on a data folder of its own, and a real browser."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

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

    def prepare(self, script: str) -> str:
        """Runs a script beside the app, after one that has made `owner` and `row`, a usable file
        of 200 conversations; what it prints.
        """
        done = subprocess.run(
            [sys.executable, "-c", f"{_OWNER_AND_FILE}{script}\ndispose()", str(self.data_dir)],
            cwd=PROJECT,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

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


@pytest.fixture(scope="module")
def chromium_at_work(chromium: str | None) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_OPTIONS)
        yield launched
        launched.close()


@pytest.fixture
def browser(chromium_at_work: Browser) -> Iterator[Browser]:
    """The module's browser; what a test leaves open in it is closed."""
    yield chromium_at_work
    for context in chromium_at_work.contexts:
        context.close()


_PASSWORD = "four words nobody guesses"
_OWNER_AND_FILE = f"""
import sys
import time
from decimal import Decimal
from pathlib import Path
from lib.datafiles.sample import write_sample
from lib.db.connection import dispose
from lib.services import accounts, training_files

owner = accounts.create_owner("Ada", "ada@example.com", {_PASSWORD!r}, Decimal("5000.00"))
sample = Path(sys.argv[1]) / "workshop.json"
write_sample(sample, conversations=200)
row, _ = training_files.import_training_file(owner, sample, sample.name)
while training_files.why_not(training_files.get(row.id)):  # until the app's worker has counted it
    time.sleep(0.2)
row = training_files.get(row.id)
"""


def open_signed_in(app: App, browser: Browser, path: str, **options: Any) -> Page:
    """A page of the app, opened by the owner; `options` are those of `browser.new_page`."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, **options)
    page.set_default_timeout(60_000)
    expect.set_options(timeout=30_000)
    page.goto(f"{app.address}{path}")
    sign_in(page)
    return page


def sign_in(page: Page) -> None:
    """As the owner whom `App.prepare` sets up."""
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(_PASSWORD)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def wizard_page(app: App, browser: Browser) -> Callable[[str], Page]:
    """`wizard_page("gpu")`: a step of the wizard over a draft on a file of 200 conversations."""

    def open_step(name: str) -> Page:
        made = app.prepare("from lib.services import drafts\nprint(drafts.create(owner, row.id))")
        return open_signed_in(app, browser, f"/{name}?job={made.split()[-1]}")

    return open_step
