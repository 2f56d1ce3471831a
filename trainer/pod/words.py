"""What a pod prints: its trainer's events as they happen, and the last word when all is settled."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, BinaryIO

from trainer.checkpoints import write_atomically
from trainer.errors import INPUT_CODES, TrainerError
from trainer.events import EventLog, compose
from trainer.pod.settings import Settings
from trainer.webhook import Webhook

#: After one of these nothing more is to come from an attempt.
LAST_WORDS = frozenset({"completed", "stopped", "interrupted", "failed"})
COMPLETED, FAILED, BAD_INPUT, STOPPED_EARLY = 0, 1, 2, 3


class Words:
    """The events of one attempt on their way to the log of the container.

    What an earlier life of this container has written counts as printed. A last word is held back
    until `conclude`: whoever reads it ends the pod, and what is not stored then is lost.
    """

    def __init__(self, settings: Settings, out: BinaryIO) -> None:
        self._path = settings.run_dir / "events.jsonl"
        self._mark = settings.run_dir / ".over"
        self._attempt = settings.attempt
        self._settings = settings
        self._out = out
        self._offset = self._path.stat().st_size if self._path.exists() else 0
        self.last: dict[str, Any] | None = None

    def relay(self) -> list[dict[str, Any]]:
        """Prints what is new, whole lines of this attempt only, and returns it."""
        found = []
        for line in self._new_lines():
            event = _event(line)
            if event is None or event["attempt"] != self._attempt:
                continue
            found.append(event)
            if event["kind"] in LAST_WORDS:
                self.last = event
            else:
                self._print(line)
        return found

    def begin(self) -> None:
        """The first word, long before a model is loaded: this machine works. In the log alone."""
        print_event(compose(self._attempt, "arrived", seq=0), self._out)

    def say(self, kind: str, **facts: Any) -> None:
        """Makes a word of the pod's own the last one. Only while no trainer is at work."""
        try:
            log = EventLog(self._path, self._attempt)
        except OSError:  # there is no disk to speak of; the log of the container is elsewhere
            self.last = compose(self._attempt, kind, **facts)
            return
        self.last = log.next(kind, **facts)
        with suppress(OSError):
            log.write(kind, **facts)
        with suppress(OSError):
            log.close()

    def fail(self, failure: TrainerError) -> None:
        self.say("failed", code=failure.code, message=failure.message, detail=failure.detail)

    def conclude(self) -> dict[str, Any]:
        """Writes down that this attempt is over, then says so, to the desk as well."""
        assert self.last is not None, "an attempt ends with a word"
        line = json.dumps(self.last, ensure_ascii=False).encode() + b"\n"
        with suppress(OSError):
            write_atomically(self._mark, line)
        self._print(line)
        hint = self._settings
        webhook = Webhook(hint.callback_url, hint.callback_token, hint.job_id)
        webhook.send(self.last)
        webhook.close()
        return self.last

    def said_before(self) -> dict[str, Any] | None:
        """The last word of an earlier life of this container, which is printed once more."""
        try:
            line = self._mark.read_bytes()
        except OSError:
            return None
        event = _event(line)
        if event is None or event["attempt"] != self._attempt or event["kind"] not in LAST_WORDS:
            return None
        self._print(line)
        return event

    def _new_lines(self) -> Iterator[bytes]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._offset += len(line)
                yield line

    def _print(self, line: bytes) -> None:
        _print(line, self._out)


def print_event(event: Mapping[str, Any], out: BinaryIO) -> None:
    _print(json.dumps(event, ensure_ascii=False).encode() + b"\n", out)


def exit_code(event: Mapping[str, Any]) -> int:
    """The trainer's exit code for a last word (docs/trainer.md)."""
    if event["kind"] == "completed":
        return COMPLETED
    if event["kind"] == "failed":
        return BAD_INPUT if event.get("code") in INPUT_CODES else FAILED
    return STOPPED_EARLY


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    known = isinstance(event, dict) and {"seq", "attempt", "at", "kind"} <= event.keys()
    return event if known else None


def _print(line: bytes, out: BinaryIO) -> None:
    with suppress(OSError):
        out.write(line)
        out.flush()
