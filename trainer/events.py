"""What a run reports: one JSON object a line, appended over all its attempts."""

import errno
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trainer.webhook import Webhook


class EventLog:
    """The events file of a run, and its optional webhook.

    Each line goes to the file in one write, so a reader sees whole lines; only a crash can leave
    a torn last one, and the next attempt then starts on a fresh line.
    """

    def __init__(self, path: Path, attempt: int, webhook: Webhook | None = None) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._attempt = attempt
        self._webhook = webhook
        self._seq, self._at = 0, ""
        for event in read(path):
            self._seq = max(self._seq, event["seq"])
            self._at = max(self._at, str(event.get("at", "")))
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        if _is_torn(path):
            os.write(self._descriptor, b"\n")

    def write(self, kind: str, **facts: Any) -> None:
        """Appends one event; numbers have to be finite."""
        event = self.next(kind, **facts)
        line = json.dumps(event, ensure_ascii=False, allow_nan=False).encode() + b"\n"
        if os.write(self._descriptor, line) != len(line):
            raise OSError(errno.ENOSPC, "No space left on device")
        self._seq, self._at = event["seq"], event["at"]
        if self._webhook is not None:
            self._webhook.send(event)

    def next(self, kind: str, **facts: Any) -> dict[str, Any]:
        """The event that would be appended: after all others, also where the clock was set back."""
        return compose(self._attempt, kind, self._seq + 1, self._at, **facts)

    def close(self) -> None:
        """Forces the file to the disk, and gives the webhook a moment for the last events."""
        os.fsync(self._descriptor)
        os.close(self._descriptor)
        if self._webhook is not None:
            self._webhook.close()


def compose(
    attempt: int, kind: str, seq: int = 1, not_before: str = "", **facts: Any
) -> dict[str, Any]:
    """An event of this moment, with the number `seq`."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    return {"seq": seq, "attempt": attempt, "at": max(now, not_before), "kind": kind, **facts}


def read(path: Path) -> Iterator[dict[str, Any]]:
    """All events of a file, in order; torn lines are passed over."""
    if not path.exists():
        return
    with path.open("rb") as file:
        for line in file:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and isinstance(event.get("seq"), int):
                yield event


def _is_torn(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, os.SEEK_END) == 0:
            return False
        file.seek(-1, os.SEEK_END)
        return file.read(1) != b"\n"
