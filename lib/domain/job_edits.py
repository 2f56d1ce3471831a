"""Edits of a job's documentation: what was written, joined with another's, shown as a difference.

FR1.3.1. A merge starts from what both had read: `base`, `mine` and `theirs`, as version control
does, so that nothing that either has written can be lost unseen.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import pairwise
from typing import Any

from lib.domain.metadata import FIELDS, Metadata, changes

TITLES = {
    "name": "Name",
    "description": "Description",
    "notes": "Notes",
    "tags": "Tags",
    "client": "Client",
    "project": "Project",
}
_NEVER_TYPED = re.compile("[\x00\ud800-\udfff]")  # NUL and halves of characters: no database's
_WORDS = re.compile(r"\s*\S+|\s+")
_MOST_COMPARED = 300  # words or lines: difflib may take the cube of them, a fraction of a second
_CONTEXT = 48  # characters shown on either side of a change


class Change(StrEnum):
    """What became of a piece of text."""

    SAME = "same"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True)
class Merged:
    """Both edits in one. `both` names the fields that both had changed, to different things."""

    metadata: Metadata
    both: tuple[str, ...]


def cleaned(metadata: Metadata) -> Metadata:
    """As it is kept: names without space around them, each tag once, nothing that nobody types."""
    texts = {
        name: _NEVER_TYPED.sub("", getattr(metadata, name)) for name in FIELDS if name != "tags"
    }
    for name in ("name", "client", "project"):
        texts[name] = texts[name].strip()
    return Metadata(**texts, tags=tuple(dict.fromkeys(metadata.tags)))


def merged(base: Metadata, mine: Metadata, theirs: Metadata) -> Merged:
    """What both have changed since `base`.

    A text that both changed has the lines of both; where these cross, all of theirs and then all of
    mine, with a line between. A name is mine, client and project stay together.
    """
    both = [name for name in changes(base, mine) if name in changes(base, theirs)]
    both = [name for name in both if getattr(mine, name) != getattr(theirs, name)]
    values: dict[str, Any] = {}
    for name in ("name", "description", "notes", "tags"):
        old, own, other = (getattr(one, name) for one in (base, mine, theirs))
        if own == old:
            values[name] = other
        elif other in (old, own) or name == "name":
            values[name] = own
        elif name == "tags":
            values[name] = _both_tags(old, own, other)
        else:
            values[name] = _both_texts(old, own, other)
    for_whom = theirs if (mine.client, mine.project) == (base.client, base.project) else mine
    joined = replace(mine, **values, client=for_whom.client, project=for_whom.project)
    return Merged(joined, tuple(both))


def overwritten(base: Metadata, mine: Metadata, theirs: Metadata) -> Metadata:
    """Theirs, with mine in every field that I have touched."""
    touched = {name: after for name, (_, after) in changes(base, mine).items()}
    if "client" in touched:
        touched["project"] = mine.project
    elif "project" in touched:
        touched["client"] = mine.client
    return replace(theirs, **touched)


def _both_tags(old: tuple[str, ...], own: tuple[str, ...], other: tuple[str, ...]) -> Any:
    removed = {*old} - ({*own} & {*other})
    return tuple(tag for tag in dict.fromkeys((*other, *own)) if tag not in removed)


def _both_texts(old: str, own: str, other: str) -> str:
    """The changes of both, line by line, where no line is touched by both."""
    lines = old.splitlines(keepends=True)
    edits = sorted({*_edits(lines, other), *_edits(lines, own)})
    crossing = any(
        start < end_before or (start, end) == (start_before, end_before)
        for (start_before, end_before, _), (start, end, _) in pairwise(edits)
    )
    if crossing:
        return f"{other.rstrip()}\n\n---\n\n{own}"
    for start, end, text in reversed(edits):
        lines[start:end] = [_closed(text) if end < len(lines) else text]
        if start > 0 and text and not lines[start - 1].endswith("\n"):
            lines[start - 1] += "\n"
    return "".join(lines)


def _edits(lines: list[str], text: str) -> Iterable[tuple[int, int, str]]:
    """(first line, line after the last, what stands there now) for each place that differs."""
    new = text.splitlines(keepends=True)
    for same, start, end, new_start, new_end in _compared(lines, new):
        if not same:
            yield start, end, "".join(new[new_start:new_end])


def _closed(text: str) -> str:
    return text if not text or text.endswith("\n") else f"{text}\n"


def text_difference(before: str, after: str) -> list[tuple[Change, str]]:
    """Word by word: pieces of text and what became of them; long unchanged stretches are cut."""
    old, new = _WORDS.findall(before), _WORDS.findall(after)
    pieces: list[tuple[Change, str]] = []
    for same, start, end, new_start, new_end in _compared(old, new):
        if same:
            pieces.append((Change.SAME, "".join(old[start:end])))
            continue
        if start < end:
            pieces.append((Change.REMOVED, "".join(old[start:end])))
        if new_start < new_end:
            pieces.append((Change.ADDED, "".join(new[new_start:new_end])))
    return [
        (change, _shortened(text, at == 0, at == len(pieces) - 1))
        if change is Change.SAME
        else (change, text)
        for at, (change, text) in enumerate(pieces)
    ]


def _compared(old: list[str], new: list[str]) -> Iterator[tuple[bool, int, int, int, int]]:
    """Whether it is the same, and from where to where in old and new.

    What is too long to be compared piece by piece is one change between what both begin and end
    with.
    """
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    rest = shorter - head
    tail = next((at for at in range(rest) if old[-1 - at] != new[-1 - at]), rest)
    end, new_end = len(old) - tail, len(new) - tail
    if head:
        yield True, 0, head, 0, head
    if max(end, new_end) - head > _MOST_COMPARED:
        yield False, head, end, head, new_end
    else:
        matcher = SequenceMatcher(None, old[head:end], new[head:new_end], autojunk=False)
        for kind, *places in matcher.get_opcodes():
            start, stop, new_start, new_stop = (head + place for place in places)
            yield kind == "equal", start, stop, new_start, new_stop
    if tail:
        yield True, end, len(old), new_end, len(new)


def _shortened(text: str, first: bool, last: bool) -> str:
    """An unchanged stretch: what lies beside a change; nothing does before the first."""
    head = "" if first else f"{text[:_CONTEXT]} "
    tail = "" if last else f" {text[-_CONTEXT:]}"
    return text if len(text) <= 2 * _CONTEXT else f"{head}…{tail}"
