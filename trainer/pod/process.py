"""The trainer as a pod's child: a process group of its own, and whether it shows signs of life."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

TAIL_BYTES = 4000
PROJECT = Path(__file__).parents[2]  # whose package `trainer` this is


class TrainerProcess:
    """Runs `python -m trainer train CONFIG`. What it prints is read and its end kept, not shown:
    a progress bar would fill the log that the desk reads its events from.
    """

    def __init__(
        self,
        config: Path,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self.printed_at = clock()
        self._tail = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "trainer", "train", str(config)],
            cwd=PROJECT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self.pid = self._process.pid
        self._reader = threading.Thread(target=self._read, name="trainer-output", daemon=True)
        self._reader.start()

    @property
    def code(self) -> int | None:
        """The exit code; None while it runs, minus the signal's number where one ended it."""
        return self._process.poll()

    def signal(self, number: signal.Signals) -> None:
        """To the trainer and whatever it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def tail(self) -> str:
        """The end of what it printed."""
        self._reader.join(1)
        return self._tail.decode(errors="replace").replace("\r", "\n")

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while chunk := os.read(output.fileno(), 65536):
                self.printed_at = self._clock()
                self._tail = (self._tail + chunk)[-TAIL_BYTES:]
