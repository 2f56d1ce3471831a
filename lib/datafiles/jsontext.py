"""Strict JSON from a stream, one value of a large document at a time, in constant memory.

The json module parses (it is faster than a loop over parser events, and its errors carry
positions); this module feeds it a window of text, and refuses what it would let through:
duplicate keys, NaN and infinite numbers, NUL characters, lone surrogates and deep nesting.
"""

import codecs
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lib.datafiles.places import find_hazard, joined, path_at, quoted, too_big
from lib.datafiles.source import Source
from lib.domain.conversations import DatasetError, Limits

_CHUNK = 256 * 1024
_SPACE = re.compile(r"[ \t\r\n]*+")
_MOST_MEMBERS = 1_000  # root fields of a document; the format has three

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
    """A text that is not usable JSON; `at` is a position in it, `path` is known or still to find."""

    code: str
    message: str
    at: int
    path: str | None = None


class _Hazard(ValueError):
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


def _integer(digits: str) -> int:
    if too_big(digits):
        raise _Hazard
    return int(digits)


def _constant(_: str) -> None:
    raise _Hazard


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=_float,
    parse_int=_integer,
    parse_constant=_constant,
)


def decode(text: str, start: int, limits: Limits) -> tuple[Any, int]:
    """The JSON value that begins at `start`, and where it ends. Raises Trouble."""
    try:
        value, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        if text[error.pos : error.pos + 1] == "\0":
            raise _nul(error.pos) from None
        raise Trouble("not_json", _syntax(error.msg), error.pos) from None
    except (_Hazard, RecursionError):
        raise _located(text, start, limits) from None
    if _deeper_than(limits.max_depth, value):
        raise _located(text, start, limits)
    if _SUSPECT_ESCAPE.search(text, start, end):
        at = _SOUND.match(text, start, end).end()
        if at < end:
            raise _nul(at) if text.startswith("0000", at + 2) else _lone_surrogate(at)
    return value, end


def _syntax(parser_message: str) -> str:
    return f"not valid JSON ({parser_message.removesuffix(' at').lower()}); correct it."


_NO_CLOSING_QUOTE = _syntax("Unterminated string starting at")


def _located(text: str, start: int, limits: Limits) -> Trouble:
    hazard = find_hazard(text, start, limits.max_depth)
    if hazard is None:  # the parser gave up for its own stack's sake, below our limit
        return Trouble("too_deep", "nested too deeply; flatten it.", start, "")
    return Trouble(hazard.code, hazard.message, hazard.at, hazard.path)


def _nul(at: int) -> Trouble:
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


def too_many_containers(text: str, start: int, limits: Limits) -> bool:
    """Whether decoding might take far more memory than the text has; brackets in strings count."""
    return text.count("{", start) + text.count("[", start) > limits.max_containers


class JsonText:
    """A cursor over the one JSON document in a source. `place` arguments are paths; every error is
    a DatasetError with path, line and column."""

    def __init__(self, source: Source) -> None:
        self._source, self._limits = source, source.limits
        self._window, self._at, self._ended = "", 0, False
        self._undecoded = b""
        self._line, self._column = 1, 1  # of the window's first character

    def _more(self, size: int = _CHUNK) -> None:
        """Drops what is behind the cursor and reads on."""
        behind = self._window[: self._at]
        self._line, self._column = _advanced(behind, self._line, self._column)
        data = self._source.read(size)
        self._ended = not data
        data = self._undecoded + data
        try:
            text, used = codecs.utf_8_decode(data, "strict", self._ended)
        except UnicodeDecodeError as error:
            before = self._source.consumed - len(data)
            text = self._window[self._at :] + data[: error.start].decode()
            line, column = _advanced(text, self._line, self._column)
            raise undecodable(self._source, error, before, f"line {line}, column {column}") from None
        self._undecoded = data[used:]
        self._window, self._at = self._window[self._at :] + text, 0

    def peek(self) -> str:
        """The next character that is not white space; empty at the end of the file."""
        while True:
            self._at = _SPACE.match(self._window, self._at).end()
            if self._at < len(self._window):
                return self._window[self._at]
            if self._ended:
                return ""
            self._more()

    def take(self, wanted: str, place: str = "") -> str:
        """Steps over the next character, which has to be one of `wanted`."""
        found = self.peek()
        if not found:
            raise self._cut_off(place)
        if found not in wanted:
            trouble = Trouble("not_json", f"{quoted(found)} is not valid JSON here.", self._at, "")
            raise self._error(_nul(self._at) if found == "\0" else trouble, place)
        self._at += 1
        return found

    def members(self, place: str = "") -> Iterator[str]:
        """The keys of an object; the caller takes each value before asking for the next key."""
        seen: set[str] = set()
        self.take("{", place)
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            if self.peek() != '"':
                self.take('"', place)
            at = self._at
            key = self.value(place)
            if key in seen:
                message = f"the key {quoted(key)} appears twice in one object; remove one."
                raise self._error(Trouble("duplicate_key", message, at, ""), place or quoted(key))
            seen.add(key)
            if len(seen) > _MOST_MEMBERS:
                raise self._source.error("unknown_format", "has far too many fields.", place)
            self.take(":", key)
            yield key
            if self.take(",}", place) == "}":
                return

    def items(self, place: str) -> Iterator[int]:
        """The indexes of an array; the caller takes each value before asking for the next."""
        index = 0
        self.take("[", place)
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield index
            if self.take(",]", place) == "]":
                return
            index += 1

    def value(self, place: str) -> Any:
        """The whole value at the cursor, and steps over it."""
        if not self.peek():
            raise self._cut_off(place)
        while True:
            ahead = len(self._window) - self._at
            try:
                value, end = decode(self._window, self._at, self._limits)
            except Trouble as trouble:
                if trouble.code != "not_json" or self._ended or ahead > self._limits.max_conversation:
                    raise self._explained(trouble, place) from None
            else:
                # A number may go on beyond the window: "1." or "1e+" leave up to two characters.
                if len(self._window) - end > 2 or self._ended:
                    if end - self._at > self._limits.max_conversation:
                        raise self._source.error("too_long", too_long(self._limits), place)
                    self._at = end
                    return value
            if ahead > _CHUNK and too_many_containers(self._window, self._at, self._limits):
                raise self._source.error("too_long", TOO_MANY, place)
            self._more(max(_CHUNK, ahead))

    def _explained(self, trouble: Trouble, place: str) -> DatasetError:
        if trouble.code == "not_json":
            rest = self._window[trouble.at :]
            open_string = rest.startswith('"') and trouble.message == _NO_CLOSING_QUOTE
            if self._ended and (open_string or not rest.strip()):
                trouble = Trouble("not_json", CUT_OFF, trouble.at)
            elif open_string or trouble.at - self._at > self._limits.max_conversation:
                return self._source.error("too_long", too_long(self._limits), place)
        return self._error(trouble, place)

    def _cut_off(self, place: str) -> DatasetError:
        return self._error(Trouble("not_json", CUT_OFF, len(self._window), ""), place)

    def _error(self, trouble: Trouble, place: str) -> DatasetError:
        path = trouble.path
        if path is None:
            path = path_at(self._window, self._at, trouble.at)
        line, column = _advanced(self._window[: trouble.at], self._line, self._column)
        where = f"line {line}, column {column}"
        path = joined(place, path)
        full = f"{path} ({where})" if path else where
        return self._source.error(trouble.code, trouble.message, full)


CUT_OFF = "the file ends in the middle; it seems cut off, upload it again."
TOO_MANY = "holds far too many objects and arrays; no conversation needs as many."


def too_long(limits: Limits) -> str:
    most = f"{limits.max_conversation / 1e6:,.1f} million characters"
    return f"longer than the {most} that one may have; split it."


def _advanced(text: str, line: int, column: int) -> tuple[int, int]:
    """Line and column after `text`, that began at the given ones."""
    newlines = text.count("\n")
    if not newlines:
        return line, column + len(text)
    return line + newlines, len(text) - text.rfind("\n")


def undecodable(
    source: Source, error: UnicodeDecodeError, before: int, where: str
) -> DatasetError:
    """The error for bytes that are not UTF-8; `before` is the offset of the decoded block."""
    place = f"{where}, byte {before + error.start}"
    if re.match(rb"\xed[\xa0-\xbf]", error.object[error.start : error.start + 2]):
        message = "holds half of a character (a lone surrogate); export the file as UTF-8."
        return source.error("lone_surrogate", message, place)
    byte = error.object[error.start]
    message = f"not UTF-8 (byte 0x{byte:02x}); save the file with the encoding UTF-8."
    return source.error("not_utf8", message, place)
