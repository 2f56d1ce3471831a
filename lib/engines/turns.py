"""Taking turns: something dear is done now and then, for whoever has waited longest."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

PATIENCE = timedelta(seconds=60)  # who has not asked for so long is not waited for


class Turns:
    """One turn every `every`. Safe to share between threads."""

    def __init__(self, every: timedelta, clock: Callable[[], datetime]) -> None:
        self._every, self._clock = every, clock
        self._queue: OrderedDict[str, datetime] = OrderedDict()  # each with when it last asked
        self._next = clock()
        self._lock = threading.Lock()

    def take(self, name: str) -> bool:
        """Whether it is the asker's turn; taking it puts them at the end of the queue."""
        with self._lock:
            now = self._clock()
            self._queue[name] = now
            if now < self._next:
                return False
            while now - self._queue[first := next(iter(self._queue))] > PATIENCE:
                del self._queue[first]
            if first != name:
                return False
            self._queue.move_to_end(name)
            self._next = now + self._every
            return True
