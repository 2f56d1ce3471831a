"""Stopping early: a signal from whoever owns the machine, or the run's own time limit."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(BaseException):
    """A signal arrived before there was anything to save."""


class StopRequest:
    """Whether the run should save and stop.

    A signal ends the program at once while it starts up. Inside `deferred` it only leaves a note,
    which the training reads after each piece of work.

    Args:
        max_seconds: the time limit, counted from the start of this process; None for no limit.
    """

    def __init__(self, max_seconds: float | None) -> None:
        self._max_seconds = max_seconds
        self._deferred = False
        self.signal: str | None = None

    def listen(self) -> None:
        """Takes over SIGTERM and SIGINT."""
        for number in SIGNALS:
            signal.signal(number, self._receive)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """While inside, signals wait for the training to ask for them."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False

    @property
    def reason(self) -> str | None:
        """Why to stop now, as a checkpoint's reason: "signal", "limit", or None to go on."""
        if self.signal is not None:
            return "signal"
        if self._max_seconds is not None and seconds_since_start() >= self._max_seconds:
            return "limit"
        return None

    def _receive(self, number: int, frame: object) -> None:
        self.signal = signal.Signals(number).name
        if not self._deferred:
            raise Interrupted


def seconds_since_start() -> float:
    """Seconds since this process was created, imports and all."""
    return time.monotonic() - _BORN


_BORN = time.monotonic() - (time.time() - psutil.Process(os.getpid()).create_time())
