"""What has to arrive at a pod before its trainer can begin: the data and the newest checkpoint."""

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from trainer import checkpoints
from trainer.errors import Code, TrainerError
from trainer.pod import exchange
from trainer.pod.archive import Unusable
from trainer.pod.ending import Eviction
from trainer.pod.exchange import Deadline, WrongHash
from trainer.pod.limits import Pace
from trainer.pod.settings import Settings
from trainer.pod.uploads import note
from trainer.pod.web import Refused, Unanswered

HASH_TRIES = 3
SLOWEST = 2_000_000  # bytes a second that a checkpoint may take at least
ATTEMPT_ENDED = "attempt_ended"
Result = TypeVar("Result")


class Evicted(Exception):
    """The container was told to go before its trainer had begun."""


class GivenUp(Exception):
    """There is nothing to train with here, and another attempt may have it: event `stopped`."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Arrival:
    """Each step raises GivenUp where it cannot be, Evicted, or TrainerError."""

    def __init__(
        self,
        settings: Settings,
        eviction: Eviction,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._eviction = settings, eviction
        self._pace, self._clock = pace, clock

    def fetch_data(self, left: Deadline) -> None:
        """The sequences, with the hash that was ordered. `left`: what the attempt has of time."""
        settings = self._settings
        within = Deadline(min(self._pace.fetch, left.left()), self._clock)
        sha256 = settings.values.get("sequences_sha256")
        wrong = 0

        def fetch() -> None:
            nonlocal wrong
            try:
                exchange.fetch_data(settings.data_url, settings.sequences, sha256, within)
            except WrongHash:
                wrong += 1
                if wrong == HASH_TRIES:
                    raise _data_changed() from None
                raise

        try:
            self._persist("the data", fetch, within)
        except Refused as refusal:
            message = "The address of the training data has expired or was withdrawn"
            raise GivenUp("data_expired", f"{message} ({refusal}).") from None
        except Unanswered as problem:
            message = "The training data could not be fetched"
            raise GivenUp("data_unreachable", f"{message} ({problem}).") from None

    def restore(self, left: Deadline) -> None:
        """The newest stored checkpoint that is right, unless an earlier life left one here."""
        settings = self._settings
        url, folder = settings.results_url, settings.run_dir / "checkpoints"
        if checkpoints.newest(folder)[0] is not None:
            return
        within = Deadline(min(self._pace.fetch, left.left()), self._clock)
        try:
            stored = self._persist(
                "the list of results",
                lambda: exchange.stored_checkpoints(url, settings.pod_id),
                within,
            )
            for entry in stored:
                seconds = self._pace.fetch + entry["bytes"] / SLOWEST
                within = Deadline(min(seconds, left.left()), self._clock)
                if self._restore_one(entry, within):
                    return
        except Refused as refusal:
            ended = refusal.status == exchange.WITHDRAWN
            reason = ATTEMPT_ENDED if ended else "results_refused"
            message = f"The desk takes no results of this attempt ({refusal})."
            raise GivenUp(reason, message) from None
        except Unanswered as problem:
            message = f"The place for the results could not be reached ({problem})."
            raise GivenUp("results_unreachable", message) from None

    def _restore_one(self, entry: Mapping[str, Any], within: Deadline) -> bool:
        """Whether this stored checkpoint could be taken."""
        name, run_dir = entry["name"], self._settings.run_dir
        try:
            self._persist(name, lambda: exchange.restore(entry, run_dir, within), within)
        except (Unusable, Refused) as problem:
            note(f"{name} is passed over ({problem})")
            return False
        note(f"goes on from {name}")
        return True

    def _persist(self, what: str, act: Callable[[], Result], within: Deadline) -> Result:
        return persist(what, act, within, self._pace, self._rest)

    def _rest(self, seconds: float) -> None:
        if self._eviction.wait(seconds):
            raise Evicted


def persist(
    what: str,
    act: Callable[[], Result],
    within: Deadline,
    pace: Pace,
    rest: Callable[[float], None],
) -> Result:
    """Does it again, at growing intervals, until it is answered. Unanswered when time is up."""
    pause = pace.first_pause
    while True:
        try:
            return act()
        except Unanswered as problem:
            note(f"{what}: {problem}")
            left = within.left()
            if not left:
                raise
        rest(min(pause, left))
        pause = min(pause * 2, pace.longest_pause)


def _data_changed() -> TrainerError:
    return TrainerError(
        Code.DATA_CHANGED,
        "The training data that arrived is not what was ordered. Start the job again; if it "
        "happens once more, import the file anew.",
        f"another SHA-256, {HASH_TRIES} times",
    )
