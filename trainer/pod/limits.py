"""The limits that a pod keeps by itself, so that they hold when nobody watches it."""

import signal
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

CLOCKS_APART = timedelta(hours=1)  # beyond this, one of two clocks is wrong


@dataclass(frozen=True)
class Pace:
    """How long a pod waits for what, in seconds."""

    look: float = 0.2  # between two looks at the trainer
    first_pause: float = 1.0  # before something is tried again; doubled each time
    longest_pause: float = 60.0
    fetch: float = 600.0  # for the data and a checkpoint to be had
    save: float = 120.0  # for the trainer to stop at the limit
    end: float = 60.0  # between SIGTERM and SIGKILL
    evicted: float = 4.0  # from SIGTERM on, to bring the checkpoint away before the last word
    settle: float = 60.0  # for uploads under way when the trainer has failed
    ask_again: float = 60.0  # between two requests to be ended


class Why(StrEnum):
    """Why a pod ends its trainer."""

    EVICTED = "evicted"
    WITHDRAWN = "withdrawn"
    LIMIT = "limit"
    STUCK = "stuck"


class Watch:
    """Decides when the trainer gets which signal. Times are seconds of one steady clock.

    Args:
        limit_at: when the trainer has to stop by itself.
        silence: so long without a sign of life, it never does anything any more.
    """

    def __init__(self, limit_at: float, silence: float, pace: Pace) -> None:
        self._limit_at, self._silence, self._pace = limit_at, silence, pace
        self._asked_at: float | None = None
        self._killed = False
        self.why: Why | None = None

    def decide(
        self, now: float, alive_at: float, *, evicted: bool, withdrawn: bool
    ) -> signal.Signals | None:
        """The signal to be sent now: SIGTERM once, and SIGKILL once where that did not do."""
        if self._asked_at is None:
            self.why = self._reason(now, alive_at, evicted, withdrawn)
            if self.why is None:
                return None
            self._asked_at = now
            return signal.SIGTERM
        if not self._killed and now - self._asked_at >= self._pace.end:
            self._killed = True
            return signal.SIGKILL
        return None

    def _reason(self, now: float, alive_at: float, evicted: bool, withdrawn: bool) -> Why | None:
        if evicted:
            return Why.EVICTED
        if withdrawn:
            return Why.WITHDRAWN
        if now >= self._limit_at + self._pace.save:
            return Why.LIMIT
        return Why.STUCK if now - alive_at >= self._silence else None


def seconds_left(
    max_seconds: float, ordered_at: datetime | None, now: datetime, mark: Path
) -> float:
    """What is left of an attempt's time, which counts from the order of its pod.

    The moment is kept in `mark`, so that a container that restarts does not begin anew. Raises
    OSError where it cannot be.
    """
    began = _kept(mark)
    if began is None:
        plausible = ordered_at is not None and abs(now - ordered_at) <= CLOCKS_APART
        began = ordered_at if plausible and ordered_at is not None else now
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(began.isoformat())
    return max_seconds - max(0.0, (now - began).total_seconds())


def _kept(mark: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(mark.read_text()).astimezone(UTC)
    except (OSError, ValueError):
        return None
