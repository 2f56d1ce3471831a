"""Reads a training file as a stream of conversations; one at a time is in memory.

Three formats, told apart by the first known key of the (first) object, never by the file's name:

- "brightrun-lora-v4": one object with `training_file_metadata`, `consultant_profile` and
  `conversations`, in any order;
- "brightrun-jsonl": a first line with `_meta`, then one conversation a line, or one training pair
  a line, grouped by `conversation_id`. `_meta` holds the metadata's fields, or the objects
  `training_file_metadata` and `consultant_profile`; if it is `true`, the line itself does;
- "chat-jsonl": {"messages": [...]} on each line.
"""

from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from lib.datafiles import brightrun, chat
from lib.datafiles.fields import Fields, as_fields
from lib.datafiles.jsontext import JsonText
from lib.datafiles.lines import Line, lines, parsed
from lib.datafiles.places import quoted, rendered
from lib.datafiles.source import Progress, Source, opened
from lib.datafiles.strict import too_long
from lib.domain.conversations import (
    DEFAULT_LIMITS,
    Conversation,
    Format,
    Header,
    Limits,
    safe_name,
)

_TELLING_KEYS: dict[str, Format] = {
    "training_file_metadata": "brightrun-lora-v4",
    "conversations": "brightrun-lora-v4",
    "_meta": "brightrun-jsonl",
    "training_pairs": "brightrun-jsonl",
    "current_user_input": "brightrun-jsonl",
    "messages": "chat-jsonl",
}
_WANTED = (
    "expected brightrun-lora-v4 (JSON or JSON lines) or chat lines with messages; export it again."
)
_NOT_TEXT = {
    b"PK\x03\x04": "is a ZIP archive; unpack it first.",
    b"\x1f\x8b": "is compressed with gzip; unpack it first.",
    b"%PDF": "is a PDF document.",
    b"\x89PNG": "is an image.",
}
_WIDE_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\0\0\xfe\xff")


class TrainingFile:
    """An open training file. Iterate once; `header` is complete when the iteration has ended,
    since metadata may follow the conversations. Raises DatasetError as soon as trouble is met."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.format = _detected(source)
        self.header = Header()

    @property
    def name(self) -> str:
        return self._source.name

    def __iter__(self) -> Iterator[Conversation]:
        self._source.rewind()
        readers = {
            "brightrun-lora-v4": self._document,
            "brightrun-jsonl": self._brightrun_lines,
            "chat-jsonl": self._chat_lines,
        }
        found = False
        for conversation in readers[self.format]():
            found = True
            yield conversation
        if not found:
            raise self._source.error("no_conversations", "holds no conversations.")

    def _document(self) -> Iterator[Conversation]:
        text = JsonText(self._source)
        about: dict[str, Fields] = {}
        listed = False
        for key in text.members():
            if key == "conversations":
                listed = True
                for index in text.items(key):
                    path = f"{key}[{index}]"
                    fields = as_fields(text.value(path), path, self.name)
                    yield brightrun.conversation(fields, index + 1)
            elif key in ("training_file_metadata", "consultant_profile"):
                about[key] = as_fields(text.value(key), key, self.name)
            else:
                text.value(rendered([key]))
        text.end()
        root = Fields({key: fields.values for key, fields in about.items()}, "", self.name)
        if not listed:
            raise root.error("missing_field", "is missing; add it.", "conversations")
        metadata = root.object("training_file_metadata")
        self.header = brightrun.header(metadata, root.optional_object("consultant_profile"))

    def _brightrun_lines(self) -> Iterator[Conversation]:
        numbered = lines(self._source)
        self.header = _line_header(parsed(self._source, next(numbered)))
        first = next(numbered, None)
        if first is None:
            return
        body = chain([first], numbered)
        if "current_user_input" in parsed(self._source, first).values:
            yield from self._grouped_pairs(body)
        else:
            for number, line in enumerate(body, start=1):
                yield brightrun.conversation(parsed(self._source, line), number)

    def _grouped_pairs(self, body: Iterator[Line]) -> Iterator[Conversation]:
        """Two passes: the lines of a conversation need not follow each other."""
        groups: dict[str, array] = {}
        for line in body:
            self._index(line, groups)
        for number, (conversation_id, index) in enumerate(groups.items(), start=1):
            pairs = list(self._pairs_at(index))
            yield brightrun.conversation_of_pairs(conversation_id, number, pairs)

    def _index(self, line: Line, groups: dict[str, array]) -> None:
        conversation_id = parsed(self._source, line).text("conversation_id")
        if conversation_id not in groups:
            most = self._source.limits.max_groups
            if len(groups) >= most:
                message = f"holds more than {most:,} conversations; split it."
                raise self._source.error("too_large", message, f"line {line.number}")
            groups[conversation_id] = array("Q")
        groups[conversation_id].extend((line.number, line.offset))

    def _pairs_at(self, index: array) -> Iterator[Fields]:
        most, length = self._source.limits.max_conversation, 0
        for number, offset in zip(index[::2], index[1::2], strict=True):
            data = self._source.readline_at(offset, most)
            length += len(data)
            if length > most:
                message = f"with its conversation's other pairs {too_long(self._source.limits)}"
                raise self._source.error("too_long", message, f"line {number}")
            yield parsed(self._source, Line(number, offset, data))

    def _chat_lines(self) -> Iterator[Conversation]:
        for number, line in enumerate(lines(self._source), start=1):
            yield chat.conversation(parsed(self._source, line), number, line.number)


def _line_header(line: Fields) -> Header:
    if type(line.values.get("_meta")) is bool and line.values["_meta"]:
        root = line
    else:
        root = line.object("_meta")
    wrapped = root.has("training_file_metadata")
    metadata = root.object("training_file_metadata") if wrapped else root
    outer = root if root.has("consultant_profile") else line
    return brightrun.header(metadata, outer.optional_object("consultant_profile"))


def _detected(source: Source) -> Format:
    head = source.read(8)
    for magic, message in _NOT_TEXT.items():
        if head.startswith(magic):
            raise source.error("unknown_format", f"{message} {_WANTED.capitalize()}")
    if head.startswith(_WIDE_BOMS) or (0 in head[:4] and any(head[:4])):
        message = "looks like UTF-16 or UTF-32; save the file with the encoding UTF-8."
        raise source.error("not_utf8", message, "byte offset 0")
    source.rewind()
    text = JsonText(source)
    first = text.peek()
    if not first:
        raise source.error("empty", "holds nothing.")
    if first == "[":
        raise source.error("unknown_format", f"is a list, not a training file; {_WANTED}")
    if first not in "{\0":
        raise source.error("not_json", f"begins with {quoted(first)}; {_WANTED}")
    seen = []
    for key in text.members():
        if key in _TELLING_KEYS:
            return _TELLING_KEYS[key]
        text.value(rendered([key]))
        seen.append(quoted(key))
    fields = ", ".join(seen[:5]) or "none"
    raise source.error("unknown_format", f"has no known field (found {fields}); {_WANTED}")


@contextmanager
def open_training_file(
    path: Path,
    *,
    name: str | None = None,
    limits: Limits = DEFAULT_LIMITS,
    progress: Progress | None = None,
) -> Iterator[TrainingFile]:
    """Opens a training file under the name its user knows it by. Raises DatasetError."""
    shown = safe_name(path.name if name is None else name)
    with opened(path, shown, limits, progress) as source:
        yield TrainingFile(source)
