"""Stopping early: a signal from whoever owns the machine, or the run's own time limit."""

import os
import signal
import time

import psutil

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Interrupted(BaseException):
    """A signal arrived before there was anything to save."""


class StopRequest:
    """Whether the run should save and stop.

    A signal ends the program at once while it starts up. After `defer` it only leaves a note, which
    the training reads after each piece of work; what is done by then is finished.

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

    @property
    def broke_start_up(self) -> bool:
        """Whether a signal arrived before `defer`. Then any exception is a consequence of it: one
        that is raised in the middle of an import comes out of it as something else."""
        return self.signal is not None and not self._deferred

    def defer(self) -> None:
        """From now on, a signal waits for the training to ask for it."""
        self._deferred = True

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
