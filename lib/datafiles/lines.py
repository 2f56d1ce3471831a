"""JSON lines of a source: numbered, decoded strictly, blank ones skipped."""

from collections.abc import Iterator
from dataclasses import dataclass

from lib.datafiles.fields import Fields, as_fields
from lib.datafiles.places import path_at
from lib.datafiles.source import Source
from lib.datafiles.strict import (
    TOO_MANY,
    Trouble,
    decode,
    too_long,
    too_many_values,
    undecodable,
)
from lib.domain.conversations import DatasetError


@dataclass(frozen=True, slots=True)
class Line:
    """One line that holds something. `offset` is where in the file its bytes begin."""

    number: int
    offset: int
    data: bytes


def lines(source: Source) -> Iterator[Line]:
    """The lines that are not blank, in order."""
    number = 0
    most = source.limits.max_conversation
    while data := source.readline(most + 1):
        number += 1
        if len(data) > most:
            raise source.error("too_long", too_long(source.limits), f"line {number}")
        if data.strip(b" \t\r\n"):
            yield Line(number, source.consumed - len(data), data)


def parsed(source: Source, line: Line) -> Fields:
    """The object on a line. Raises DatasetError with line, column and path."""
    where = f"line {line.number}"
    try:
        text = line.data.decode()
    except UnicodeDecodeError as error:
        column = len(line.data[: error.start].decode()) + 1
        raise undecodable(source, error, line.offset, f"{where}, column {column}") from None
    if too_many_values(text, 0, source.limits):
        raise source.error("too_long", TOO_MANY, where)
    start = len(text) - len(text.lstrip(" \t"))
    try:
        value, end = decode(text, start, source.limits)
    except Trouble as trouble:
        raise _error(source, where, trouble, text, start) from None
    rest = text[end:].strip(" \t\r\n")
    if rest:
        message = "more than one JSON value on the line; put each on its own."
        surplus = Trouble("not_json", message, text.index(rest, end), "")
        raise _error(source, where, surplus, text, start)
    return as_fields(value, "", source.name, where)


def _error(source: Source, where: str, trouble: Trouble, text: str, start: int) -> DatasetError:
    path = path_at(text, start, trouble.at) if trouble.path is None else trouble.path
    message = trouble.message
    if not text[trouble.at :].strip():
        message = "the line ends in the middle of a JSON value; each line has to hold a whole one."
    place = f"{where}, column {trouble.at + 1}" + (f", {path}" if path else "")
    return source.error(trouble.code, message, place)
