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
        """Whether it is the asker's turn; who has had it waits no longer, until they ask again."""
        with self._lock:
            now = self._clock()
            self._queue[name] = now
            if now < self._next:
                return False
            while now - self._queue[first := next(iter(self._queue))] > PATIENCE:
                del self._queue[first]
            if first != name:
                return False
            del self._queue[name]
            self._next = now + self._every
            return True

    def forget(self, name: str) -> None:
        """Who needs no turn any more is not waited for."""
        with self._lock:
            self._queue.pop(name, None)
