"""Reading the trainer's events file piece by piece, while it is being written."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

MAX_BYTES = 1024 * 1024
_LONGEST_LINE = 16 * 1024


@dataclass(frozen=True)
class Page:
    """One attempt's events after an offset.

    `offset` is where the next page begins; `ended`: nothing more is there to be read now;
    `trained`: the attempt had trained a step by the end of this page.
    """

    events: tuple[Mapping[str, Any], ...]
    offset: int
    ended: bool
    trained: bool


def read(path: Path, offset: int, attempt: int) -> Page:
    """The next events of `attempt`, about `MAX_BYTES` at most; only whole lines are taken.

    Events of other attempts, and lines that a crash has torn, are passed over.
    """
    if not path.exists():
        return Page((), offset, ended=True, trained=False)
    found: list[Mapping[str, Any]] = []
    with path.open("rb") as file:
        trained = _is_step(_line_before(file, offset), attempt)
        file.seek(offset)
        position = offset
        while position - offset < MAX_BYTES:
            line = file.readline()
            if not line.endswith(b"\n"):
                return Page(tuple(found), position, True, trained)
            position += len(line)
            event = parse(line)
            if event is not None and event["attempt"] == attempt:
                found.append(event)
                trained = trained or _is_step(event, attempt)
    return Page(tuple(found), position, False, trained)


def first(path: Path, attempt: int, kind: str) -> Mapping[str, Any] | None:
    """The attempt's first event of a kind."""
    if not path.exists():
        return None
    with path.open("rb") as file:
        for line in file:
            event = parse(line)
            if event is not None and event["attempt"] == attempt and event["kind"] == kind:
                return event
    return None


def _line_before(file: BinaryIO, offset: int) -> Mapping[str, Any] | None:
    """The event on the last line before the offset."""
    file.seek(max(0, offset - _LONGEST_LINE))
    lines = file.read(min(offset, _LONGEST_LINE)).splitlines()
    return parse(lines[-1]) if lines else None


def _is_step(event: Mapping[str, Any] | None, attempt: int) -> bool:
    """Whether the attempt has trained when this is its latest event."""
    return (
        event is not None
        and event["attempt"] == attempt
        and event["kind"] in ("step", "checkpoint")
    )


def parse(line: bytes | str) -> Mapping[str, Any] | None:
    """The event on one line of the trainer's output; None for any other line."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    well_formed = isinstance(event, dict) and {"attempt", "kind", "at"} <= event.keys()
    return event if well_formed else None


def modified_at(path: Path) -> float | None:
    """When the file was last written to, in seconds since the epoch."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return None
