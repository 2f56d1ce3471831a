"""One large JSON document from a stream, a value at a time, in constant memory."""

import codecs
import re
from collections.abc import Iterator
from typing import Any

from lib.datafiles.places import joined, path_at, quoted, rendered
from lib.datafiles.source import Source
from lib.datafiles.strict import (
    NO_CLOSING_QUOTE,
    TOO_MANY,
    Trouble,
    decode,
    end_of,
    nul,
    too_long,
    too_many_values,
    undecodable,
)
from lib.domain.conversations import DatasetError

CUT_OFF = "the file ends in the middle; it seems cut off, upload it again."
_CHUNK = 1024 * 1024
_SPACE = re.compile(r"[ \t\r\n]*+")
_MOST_MEMBERS = 1_000  # root fields of a document; the format has three


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
            raise undecodable(
                self._source, error, before, f"line {line}, column {column}"
            ) from None
        self._undecoded = data[used:]
        self._window, self._at = self._window[self._at :] + text, 0

    def peek(self) -> str:
        """The next character that is not white space; empty at the end of the file."""
        while True:
            self._at = end_of(_SPACE, self._window, self._at)
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
            raise self._error(nul(self._at) if found == "\0" else trouble, place)
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
            key = self.value(place)
            if key in seen:
                message = f"the key {quoted(key)} appears twice in one object; remove one."
                twice = Trouble("duplicate_key", message, self._at, rendered([key]))
                raise self._error(twice, place)
            seen.add(key)
            if len(seen) > _MOST_MEMBERS:
                raise self._source.error("unknown_format", "has far too many fields.", place)
            self.take(":", joined(place, rendered([key])))
            yield key
            if self.take(",}", joined(place, rendered([key]))) == "}":
                return

    def items(self, place: str) -> Iterator[int]:
        """The indexes of an array; the caller takes each value before asking for the next."""
        index = 0
        if self.peek() not in ("[", ""):
            raise self._source.error("wrong_type", "has to be an array.", place)
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
                if (
                    trouble.code != "not_json"
                    or self._ended
                    or ahead > self._limits.max_conversation
                ):
                    raise self._explained(trouble, place) from None
            else:
                # A number may go on beyond the window: "1." or "1e+" leave up to two characters.
                if len(self._window) - end > 2 or self._ended:
                    if end - self._at > self._limits.max_conversation:
                        raise self._source.error("too_long", too_long(self._limits), place)
                    self._at = end
                    return value
            if ahead > _CHUNK and too_many_values(self._window, self._at, self._limits):
                raise self._source.error("too_long", TOO_MANY, place)
            self._more(max(_CHUNK, min(ahead, self._limits.max_conversation - ahead)))

    def end(self) -> None:
        """Makes sure that nothing follows."""
        if self.peek():
            message = "text after the end of the document; remove it."
            raise self._error(Trouble("not_json", message, self._at, ""), "")

    def _explained(self, trouble: Trouble, place: str) -> DatasetError:
        if trouble.code == "not_json":
            rest = self._window[trouble.at :]
            open_string = rest.startswith('"') and trouble.message == NO_CLOSING_QUOTE
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


def _advanced(text: str, line: int, column: int) -> tuple[int, int]:
    """Line and column after `text`, that began at the given ones."""
    newlines = text.count("\n")
    if not newlines:
        return line, column + len(text)
    return line + newlines, len(text) - text.rfind("\n")
