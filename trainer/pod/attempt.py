"""One attempt on a machine of its own, from its first request to its last word."""

import sys
import time
import traceback
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, BinaryIO

from trainer import checkpoints
from trainer.checkpoints import write_atomically
from trainer.errors import Code, TrainerError, explain
from trainer.pod import exchange
from trainer.pod.archive import folder_archive
from trainer.pod.arrival import ATTEMPT_ENDED, Arrival, Evicted, GivenUp, persist
from trainer.pod.ending import Eviction, linger
from trainer.pod.exchange import Deadline
from trainer.pod.limits import Pace, Watch, Why, seconds_left
from trainer.pod.process import TrainerProcess
from trainer.pod.settings import NOT_FOR_THE_TRAINER, Settings
from trainer.pod.uploads import Uploads, note
from trainer.pod.web import Refused, Unanswered
from trainer.pod.words import Words, exit_code


class Pod:
    """One attempt on a machine of its own.

    Args:
        environment: what the trainer gets, but for the addresses and the key.
        eviction: tells that the machine is wanted back.
        out: where events are printed.
        clock: steady seconds. `now`: the time of day.
    """

    def __init__(
        self,
        settings: Settings,
        environment: Mapping[str, str],
        eviction: Eviction,
        *,
        pace: Pace | None = None,
        out: BinaryIO | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings, self._eviction = settings, eviction
        self._environment = {
            name: value for name, value in environment.items() if name not in NOT_FOR_THE_TRAINER
        }
        self._pace = pace or Pace()
        self._clock, self._now = clock, now
        self._run_dir = settings.run_dir
        self._words = Words(settings, out or sys.stdout.buffer)
        self._withdrawn = False

    def run(self) -> int:
        """Returns the exit code; on RunPod only once the container is told to go."""
        settings = self._settings
        last = self._words.said_before() or self._attempt()
        linger(
            self._eviction,
            0 if self._withdrawn else settings.linger_seconds,
            self._pace.ask_again,
            api_url=settings.api_url,
            pod_id=settings.pod_id,
            api_key=settings.api_key,
        )
        return exit_code(last)

    def _attempt(self) -> Mapping[str, Any]:
        """The attempt from its beginning to its last word, which is returned."""
        uploads = Uploads(self._settings.results_url, self._run_dir / "checkpoints", self._pace)
        self._words.begin()
        try:
            left = self._time_left()
            arrival = Arrival(self._settings, self._eviction, self._pace, self._clock)
            arrival.fetch_data(left)
            if (step := self._step()) > 0:  # from an earlier life of this container
                uploads.offer(step)
            arrival.restore(left)
            self._train(left, uploads)
        except GivenUp as end:
            self._withdrawn = end.reason == ATTEMPT_ENDED
            self._words.say("stopped", step=self._step(), reason=end.reason, message=str(end))
        except Evicted:
            self._words.say("interrupted", step=self._step(), signal=self._eviction.signal)
        except Exception as error:  # noqa: BLE001  every failure becomes an event
            failure = explain(error)
            if failure.code == Code.ERROR:
                traceback.print_exc()
            self._words.fail(failure)
        self._bring_home(uploads)
        self._withdrawn = self._withdrawn or uploads.withdrawn
        last = self._words.conclude()
        if self._eviction.came:  # the checkpoint may still make it
            uploads.settle(self._settings.linger_seconds)
        uploads.close()
        return last

    def _time_left(self) -> Deadline:
        settings = self._settings
        left = seconds_left(
            settings.max_seconds, settings.ordered_at, self._now(), self._run_dir / ".ordered"
        )
        if left <= 0:
            raise GivenUp("max_seconds", "The time was over before the training could begin.")
        return Deadline(left, self._clock)

    def _train(self, left: Deadline, uploads: Uploads) -> None:
        """Runs the trainer to its end, and sees to it that there is a last word."""
        config = self._run_dir / "config.json"
        seconds = max(1.0, left.left())
        write_atomically(
            config, exchange.to_json({**self._settings.values, "max_seconds": seconds})
        )
        process = TrainerProcess(config, self._environment, self._clock)
        watch = Watch(self._clock() + seconds, self._settings.dead_man_seconds, self._pace)
        heard_at = self._clock()
        while process.code is None:
            if self._relay(uploads):
                heard_at = self._clock()
            number = watch.decide(
                self._clock(),
                max(heard_at, process.printed_at),
                evicted=self._eviction.came,
                withdrawn=uploads.withdrawn,
            )
            if number is not None:
                process.signal(number)
            if self._eviction.came:
                uploads.hurry()
                time.sleep(self._pace.look)
            else:
                self._eviction.wait(self._pace.look)
        self._relay(uploads)
        self._have_a_last_word(process, watch.why)

    def _relay(self, uploads: Uploads) -> bool:
        """Whether the trainer has said anything."""
        events = self._words.relay()
        for event in events:
            if event["kind"] == "checkpoint":
                uploads.offer(event["step"])
        return bool(events)

    def _have_a_last_word(self, process: TrainerProcess, why: Why | None) -> None:
        tail = process.tail()
        if tail:
            note(f"the trainer's output ended with:\n{tail}")
        said = self._words.last
        if said is not None and said["kind"] in ("completed", "stopped"):
            return
        if why is Why.LIMIT:
            self._words.say("stopped", step=self._step(), reason="max_seconds")
        elif why is Why.STUCK:
            self._words.fail(_stuck(self._settings.dead_man_seconds))
        elif said is None and why is not None:
            self._words.say(
                "interrupted", step=self._step(), signal=self._eviction.signal or "SIGTERM"
            )
        elif said is None:
            self._words.fail(_ended(process.code, tail))

    def _bring_home(self, uploads: Uploads) -> None:
        """Has stored what the last word speaks of, before it is said."""
        assert self._words.last is not None
        kind = self._words.last["kind"]
        if kind == "completed":
            uploads.close()
            self._store_adapter()
            return
        began = self._clock()
        patience = self._settings.linger_seconds if kind == "stopped" else self._pace.settle
        while not uploads.settle(self._pace.look):
            until = began + patience
            if self._eviction.came:
                uploads.hurry()
                until = min(until, self._eviction.at + self._pace.evicted)
            if self._clock() >= until:
                return

    def _store_adapter(self) -> None:
        within = Deadline(self._settings.linger_seconds, self._clock)
        url = self._settings.results_url
        try:
            with folder_archive(self._run_dir / "adapter", "adapter") as archive:
                persist(
                    "the adapter",
                    lambda: exchange.store(url, "adapter.tar", archive),
                    within,
                    self._pace,
                    time.sleep,  # also when evicted: as long as the machine lets us
                )
        except (Refused, Unanswered, OSError) as problem:
            self._words.fail(_not_stored(problem))
            return
        note("the adapter is stored")

    def _step(self) -> int:
        return next(iter(checkpoints.sealed_steps(self._run_dir / "checkpoints")), 0)


def _stuck(seconds: float) -> TrainerError:
    return TrainerError(
        Code.STUCK,
        f"The training gave no sign of life for {seconds:.0f} seconds, so it was ended. Start it "
        "again: it carries on from its last checkpoint.",
    )


def _ended(code: int | None, tail: str) -> TrainerError:
    """The trainer could not say why itself: what it printed may tell."""
    known = explain(RuntimeError(tail))
    if known.code != Code.ERROR:
        return known
    return TrainerError(
        Code.TRAINER_ENDED,
        "The training program ended without a word. Often its machine was short of memory.",
        f"exit code {code}: {' '.join(tail.split())[-400:]}",
    )


def _not_stored(problem: Exception) -> TrainerError:
    return TrainerError(
        Code.RESULTS_NOT_STORED,
        "The training is complete, but its adapter could not be handed over. Start it again: it "
        "carries on from its last stored checkpoint.",
        str(problem) or type(problem).__name__,
    )
