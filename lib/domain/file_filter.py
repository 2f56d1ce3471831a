"""Which training files the chooser lists, and in what order (FR1.1.1). Pure."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar

from lib.domain.dataset import too_few


class Listed(Protocol):
    """What the chooser looks at: columns of the listing, never a file's summary."""

    @property
    def name(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def conversation_count(self) -> int: ...
    @property
    def average_quality(self) -> Decimal | None: ...


File = TypeVar("File", bound=Listed)


@dataclass(frozen=True, slots=True)
class FileFilter:
    """Bounds are inclusive, None leaves a side open. Scores are 0 to 5.

    A file without a quality score passes only where no bound of quality is set.
    """

    name: str = ""
    least_conversations: int | None = None
    most_conversations: int | None = None
    least_quality: Decimal | None = None
    most_quality: Decimal | None = None

    def accepts(self, file: Listed) -> bool:
        """Whether the file matches; case and the form of characters do not matter in names."""
        return (
            _within(file.conversation_count, self.least_conversations, self.most_conversations)
            and _within(file.average_quality, self.least_quality, self.most_quality)
            and _folded(self.name.strip()) in _folded(file.name)
        )


@dataclass(frozen=True, slots=True)
class Entry(Generic[File]):
    """A line of the chooser: a file, and why no job can be made from it, or None."""

    file: File
    obstacle: str | None


def unselectable(file: Listed) -> str | None:
    """Why a file is greyed in the chooser: only active files of 50 conversations can be chosen."""
    return "Archived" if file.status != "active" else too_few(file.conversation_count)


def entries(
    files: Iterable[File], wanted: FileFilter, obstacle: Callable[[File], str | None]
) -> list[Entry[File]]:
    """The files that match: those that can be used before the others, else in the given order."""
    found = [Entry(file, obstacle(file)) for file in files if wanted.accepts(file)]
    return sorted(found, key=lambda entry: entry.obstacle is not None)


def _within(
    value: int | Decimal | None, least: int | Decimal | None, most: int | Decimal | None
) -> bool:
    if value is None:
        return least is None and most is None
    return (least is None or value >= least) and (most is None or value <= most)


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
