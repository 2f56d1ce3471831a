"""A pod's log: server-sent events in, the trainer's events out, each of them once.

RunPod's stream replays what there is and then stays open for ever; nothing marks the end of the
replay, so silence does. Its event ids serve as cursors and are not looked into.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from lib.engines import event_log

PAGE_BYTES = 1024 * 1024
PAGE_SECONDS = 4.0
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
_SEQ_BITS, _TIME_BITS = 10, 40  # milliseconds since 2020, until the year 2054


@dataclass(frozen=True)
class LogPage:
    """Lines that the container printed, and the cursor after them; `complete`: there is no more
    for now.
    """

    lines: tuple[str, ...]
    cursor: str | None
    complete: bool


def read_stream(chunks: Iterable[bytes], cursor: str | None) -> LogPage:
    """Reads until silence or the stream's end; no more than about `PAGE_BYTES` and `PAGE_SECONDS`.

    A read that times out is that silence. Where the connection breaks, what came whole counts.
    """
    lines: list[str] = []
    size, complete = 0, True
    deadline = time.monotonic() + PAGE_SECONDS
    try:
        for event_id, data in _server_sent(_until(deadline, chunks)):
            size += len(data)
            cursor = event_id or cursor
            if (line := _line(data)) is not None:
                lines.append(line)
            if size >= PAGE_BYTES:
                complete = False
                break
    except httpx.ReadTimeout:
        pass
    except (_OutOfTime, httpx.TransportError):
        complete = False
    return LogPage(tuple(lines), cursor, complete)


def events_after(
    lines: Iterable[str], attempt: int, offset: int
) -> tuple[tuple[Mapping[str, Any], ...], int]:
    """The attempt's events beyond `offset`, and the offset after them.

    An offset is the attempt, the time of an event and its number in one figure (`position`), so
    that a log may be read again from anywhere, by anybody, and no event counts twice.
    """
    found = []
    for line in lines:
        event = event_log.parse(line)
        if event is None or event["attempt"] != attempt:
            continue
        place = position(event)
        if place is not None and place > offset:
            offset = place
            found.append(event)
    return tuple(found), offset


def position(event: Mapping[str, Any]) -> int | None:
    """Where an event stands among all events of its job's attempts; None: it has no usable time."""
    try:
        at = datetime.fromisoformat(str(event["at"]))
        elapsed = int((at - _EPOCH).total_seconds() * 1000)
        seq = int(event["seq"]) % (1 << _SEQ_BITS)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
    if not 0 <= elapsed < 1 << _TIME_BITS:
        return None
    return first_position(event["attempt"]) + (elapsed << _SEQ_BITS) + seq


def first_position(attempt: int) -> int:
    """Below every event of the attempt, above all of the attempts before."""
    return attempt << (_TIME_BITS + _SEQ_BITS)


class _OutOfTime(Exception):
    pass


def _until(deadline: float, chunks: Iterable[bytes]) -> Iterator[bytes]:
    for chunk in chunks:
        yield chunk
        if time.monotonic() >= deadline:
            raise _OutOfTime


def _server_sent(chunks: Iterable[bytes]) -> Iterator[tuple[str | None, str]]:
    """Each whole event's id and data; one that is cut off by the stream's end is left for later."""
    event_id: str | None = None
    data: list[str] = []
    for line in _lines(chunks):
        if not line:
            if data or event_id:
                yield event_id, "\n".join(data)
            event_id, data = None, []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "id":
            event_id = value
        elif name == "data":
            data.append(value)


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Whole lines as they come in; they end with a line feed, after a carriage return or not."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r").decode("utf-8", "replace")


def _line(data: str) -> str | None:
    try:
        entry = json.loads(data)
    except (ValueError, RecursionError):
        return None
    line = entry.get("line") if isinstance(entry, dict) else None
    return line if isinstance(line, str) else None
