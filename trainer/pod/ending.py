"""How a pod goes: the signal that its machine is wanted back, and the request to be ended."""

import os
import select
import signal
import time
from collections.abc import Callable
from urllib.parse import quote

from trainer.interruption import SIGNALS
from trainer.pod.uploads import note
from trainer.pod.web import Unanswered, send


class Eviction:
    """Whether the container was told to go. A pipe rather than an Event: the handler may run while
    the main thread is anywhere, and a lock that it holds would never be released.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._readable, self._writable = os.pipe()
        self.signal: str | None = None
        self.at = 0.0

    def listen(self) -> None:
        """Takes over SIGTERM and SIGINT; process 1 of a container gets neither by default."""
        for number in SIGNALS:
            signal.signal(number, self.receive)

    def receive(self, number: int, frame: object = None) -> None:
        if self.signal is None:
            self.at = self._clock()
            self.signal = signal.Signals(number).name
            os.write(self._writable, b"!")

    @property
    def came(self) -> bool:
        return self.signal is not None

    def wait(self, seconds: float) -> bool:
        """Waits for it; whether it has come by then."""
        select.select([self._readable], [], [], seconds)
        return self.came


def linger(
    eviction: Eviction,
    seconds: float,
    ask_again: float,
    *,
    api_url: str,
    pod_id: str | None,
    api_key: str | None,
) -> None:
    """Leaves time to read the last words, then asks RunPod to end this pod until it does.

    A container that exits is started again and billed on, so this returns only when the container
    is told to go, or where there is no pod.
    """
    if pod_id is None or api_key is None:
        return
    if eviction.wait(seconds):
        return
    while True:
        note(f"asked RunPod to end this pod: {_ask(api_url, pod_id, api_key)}")
        if eviction.wait(ask_again):
            return


def _ask(api_url: str, pod_id: str, api_key: str) -> str:
    url = f"{api_url.rstrip('/')}/v2/pods/{quote(pod_id, safe='')}"
    try:
        with send("DELETE", url, headers={"Authorization": f"Bearer {api_key}"}) as answer:
            return f"HTTP {answer.status}"
    except Unanswered as problem:
        return f"no answer ({problem})"
