"""When a waiting job may be expected to start, from what the jobs before it still take."""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ahead:
    """What stands between a waiting job and its start.

    `places` is how many runs the engine takes at once; None: it has no limit. `running` are the
    seconds that each run on the engine is expected to take yet, `waiting` those that each job which
    is queued before takes from its start, in the order of the queue. None: not known.
    """

    places: int | None
    running: Sequence[float | None]
    waiting: Sequence[float | None]

    @property
    def place(self) -> int:
        """The job's own place among those that wait, from 1."""
        return len(self.waiting) + 1


def seconds_until_start(ahead: Ahead) -> float | None:
    """The expected seconds until the job starts; None where that hangs on something unknown.

    Whoever has waited longest gets the place that is free first, as the worker does it. An engine
    may have more runs than places for a while, when its limit was lowered: places are then free
    once enough of them have ended.
    """
    if ahead.places is None:
        return 0.0
    if ahead.places > len(ahead.running) + len(ahead.waiting):
        return 0.0
    known = [seconds for seconds in (*ahead.running, *ahead.waiting) if seconds is not None]
    if len(known) < len(ahead.running) + len(ahead.waiting):
        return None
    remaining = sorted(seconds for seconds in ahead.running if seconds is not None)
    surplus = max(0, len(remaining) - ahead.places)
    # A run that ends while there are too many leaves no place behind.
    free = remaining[surplus:] + [0.0] * max(0, ahead.places - len(remaining))
    heapq.heapify(free)
    for seconds in ahead.waiting:
        heapq.heappush(free, heapq.heappop(free) + (seconds or 0.0))
    return free[0]
