"""Strict decoding of JSON: the json module parses, this refuses what it would let through.

Those are duplicate keys, NaN and infinite numbers, NUL characters, lone surrogates and deep
nesting. The json module is faster than a loop over parser events, and its errors have positions.
"""

import json
import math
import re
from dataclasses import dataclass
from typing import Any

from lib.datafiles.places import find_hazard
from lib.datafiles.source import Source
from lib.domain.conversations import DatasetError, Limits

TOO_MANY = "holds far too many values; no conversation needs as many."

_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")
# Everything up to the first escape that makes a NUL or half of a surrogate pair.
_SOUND = re.compile(
    r"(?:[^\\]++"
    r"|\\[^u]"
    r"|\\u(?!0000|[dD][89a-fA-F])"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})*+"
)


@dataclass(eq=False)
class Trouble(Exception):
    """A text that is not usable JSON; `at` is a position in it, `path` is known or to be found."""

    code: str
    message: str
    at: int
    path: str | None = None


class _Hazard(Exception):
    """Raised by the parser's hooks, which don't know where they are."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Hazard
    return members


def _float(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _Hazard
    return number


def _constant(_: str) -> None:
    raise _Hazard


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_float,
    parse_constant=_constant,
)


def decode(text: str, start: int, limits: Limits) -> tuple[Any, int]:
    """The JSON value that begins at `start`, and where it ends. Raises Trouble."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        if text[error.pos : error.pos + 1] == "\0":
            raise nul(error.pos) from None
        raise Trouble("not_json", _syntax(error.msg), error.pos) from None
    except (_Hazard, RecursionError, ValueError):  # a ValueError is a number of too many digits
        raise _located(text, start, limits) from None
    if _deeper_than(limits.max_depth, value):
        raise _located(text, start, limits)
    if _SUSPECT_ESCAPE.search(text, start, end):
        at = end_of(_SOUND, text, start, end)
        if at < end:
            raise nul(at) if text.startswith("0000", at + 2) else _lone_surrogate(at)
    return value, end


def end_of(pattern: re.Pattern[str], text: str, start: int, end: int | None = None) -> int:
    """Where a match of a pattern that may be empty ends."""
    match = pattern.match(text, start, len(text) if end is None else end)
    return match.end() if match else start


def _syntax(parser_message: str) -> str:
    return f"not valid JSON ({parser_message.removesuffix(' at').lower()}); correct it."


NO_CLOSING_QUOTE = _syntax("Unterminated string starting at")


def _located(text: str, start: int, limits: Limits) -> Trouble:
    hazard = find_hazard(text, start, limits.max_depth)
    if hazard is None:  # the parser gave up for its own stack's sake, below our limit
        return Trouble("too_deep", "nested too deeply; flatten it.", start, "")
    return Trouble(hazard.code, hazard.message, hazard.at, hazard.path)


def nul(at: int) -> Trouble:
    return Trouble("nul_character", "holds a NUL character (\\u0000); remove it.", at)


def _lone_surrogate(at: int) -> Trouble:
    message = "holds half of a character (a lone surrogate \\ud800 to \\udfff); write it in full."
    return Trouble("lone_surrogate", message, at)


def _deeper_than(depth: int, value: Any) -> bool:
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(depth):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if type(inner) is dict or type(inner) is list
        ]
    return bool(level)


def too_many_values(text: str, start: int, limits: Limits) -> bool:
    """Whether decoding might take far more memory than the text has. Marks within texts count too:
    eight million letters of prose have some 150,000 commas."""
    return sum(text.count(mark, start) for mark in "{[,") > limits.max_values


def too_long(limits: Limits) -> str:
    most = f"{limits.max_conversation / 1e6:,.1f} million characters"
    return f"longer than the {most} that one may have; split it."


def undecodable(source: Source, error: UnicodeDecodeError, before: int, where: str) -> DatasetError:
    """The error for bytes that are not UTF-8; `before` is the offset of the decoded block."""
    place = f"{where}, byte offset {before + error.start}"
    if re.match(rb"\xed[\xa0-\xbf]", error.object[error.start : error.start + 2]):
        message = "holds half of a character (a lone surrogate); export the file as UTF-8."
        return source.error("lone_surrogate", message, place)
    byte = error.object[error.start]
    message = f"not UTF-8 (byte 0x{byte:02x}); save the file with the encoding UTF-8."
    return source.error("not_utf8", message, place)
