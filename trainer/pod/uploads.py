"""Brings each sealed checkpoint away while the training goes on, from a thread of its own."""

import json
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from trainer.checkpoints import SEAL
from trainer.pod.archive import Abandoned, Archive, Vanished
from trainer.pod.exchange import WITHDRAWN, store
from trainer.pod.limits import Pace
from trainer.pod.web import Refused, Unanswered


class Uploads:
    """Uploads the newest checkpoint on offer; an older one that is still waiting is left out.

    One that is under way is finished first, unless there is hurry. Nothing here can fail a run:
    what cannot be stored is tried again until there is a newer one.
    """

    def __init__(self, results_url: str, checkpoints: Path, pace: Pace) -> None:
        self._url, self._folder, self._pace = results_url, checkpoints, pace
        self._changed = threading.Condition()
        self._waiting: int | None = None
        self._working = self._hurry = self._closed = False
        self.withdrawn = False  # the desk says that the attempt has ended
        self._thread = threading.Thread(target=self._work, name="uploads", daemon=True)
        self._thread.start()

    def offer(self, step: int) -> None:
        """Checkpoint `step` has been sealed."""
        with self._changed:
            if not self._closed:
                self._waiting = step
                self._changed.notify_all()

    def settle(self, seconds: float) -> bool:
        """Waits until nothing is left to be uploaded; whether it came to that in time."""
        with self._changed:
            return self._changed.wait_for(self._is_idle, seconds)

    def hurry(self) -> None:
        """From now on, an older checkpoint gives way to a newer one at once."""
        self._hurry = True

    def close(self) -> None:
        """Gives up what is left."""
        with self._changed:
            self._closed, self._waiting = True, None
            self._changed.notify_all()

    def _is_idle(self) -> bool:
        return self._closed or (self._waiting is None and not self._working)

    def _work(self) -> None:
        pause = self._pace.first_pause
        while (step := self._next()) is not None:
            again = self._upload(step)
            with self._changed:
                self._working = False
                if again and self._waiting is None and not self._closed:
                    self._waiting = step
                self._changed.notify_all()
                if again:
                    newer = lambda tried=step: self._closed or self._waiting != tried  # noqa: E731
                    self._changed.wait_for(newer, pause)
            pause = min(pause * 2, self._pace.longest_pause) if again else self._pace.first_pause

    def _next(self) -> int | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._waiting is not None)
            step, self._waiting = self._waiting, None
            self._working = step is not None
            return step

    def _upload(self, step: int) -> bool:
        """Whether it has to be tried again."""
        try:
            with checkpoint_archive(self._folder, step, self._is_given_up) as archive:
                store(self._url, f"checkpoint-{step}.tar", archive, step)
        except (Vanished, Abandoned):  # a newer one is there, or is all that counts now
            return False
        except Refused as refusal:
            note(f"checkpoint {step} was refused ({refusal})")
            self.withdrawn = self.withdrawn or refusal.status == WITHDRAWN
            return False
        except (Unanswered, OSError, ValueError) as problem:
            note(f"checkpoint {step} could not be stored yet ({problem})")
            return True
        note(f"checkpoint {step} is stored")
        return False

    def _is_given_up(self) -> bool:
        return self._closed or (self._hurry and self._waiting is not None)


def checkpoint_archive(
    folder: Path, step: int, given_up: Callable[[], bool] = lambda: False
) -> Archive:
    """A sealed checkpoint as its seal lists it. Raises Vanished where it is no longer whole."""
    inside = f"step-{step}"
    try:
        names = list(json.loads((folder / inside / SEAL).read_bytes())["files"])
    except (FileNotFoundError, NotADirectoryError):
        raise Vanished(inside) from None
    return Archive(folder / inside, [*names, SEAL], inside, given_up)


def note(text: str) -> None:
    """A line for engineers in the container's log; no event, and never an address."""
    print(f"pod: {text}", file=sys.stderr, flush=True)
