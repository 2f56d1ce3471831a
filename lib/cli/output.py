"""What the command line prints, JSON for programs, aligned plain text for people, and writes."""

import json
import os
import sys
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

_JOINERS = "\u200c\u200d"  # they shape letters and emoji, and hide nothing


@dataclass(frozen=True)
class Output:
    """A command's result twice, and its exit code."""

    data: Any
    text: str
    exit_code: int = 0


def visible(text: object) -> str:
    """The text on one line, with every character escaped that could steer a terminal."""
    return "".join(
        c.encode("unicode_escape").decode()
        if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") and c not in _JOINERS
        else c
        for c in str(text)
    )


def to_json(data: Any) -> str:
    """Indented JSON; amounts and hours are numbers with the very digits that were computed."""
    return json.dumps(data, indent=2, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        # A float prints the shortest digits that read back as itself: exact up to 15 digits,
        # and no column holds more (money has 12).
        return float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not printed as JSON")


def record(fields: Mapping[str, object]) -> str:
    """One line a field, values aligned; empty ones are left out."""
    shown = {label: visible(value) for label, value in fields.items() if value not in (None, "")}
    width = max(map(len, shown), default=0)
    return "\n".join(f"{label:<{width}}  {value}" for label, value in shown.items())


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], empty: str) -> str:
    """Left-aligned columns under their headings, or `empty` where there is no row."""
    lines = [list(headings)]
    lines += [["" if cell is None else visible(cell) for cell in row] for row in rows]
    if len(lines) == 1:
        return empty
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def note(message: object) -> None:
    """A line about progress on standard error, so that standard output stays the result alone."""
    print(visible(message), file=sys.stderr, flush=True)


@contextmanager
def to_be_written(target: Path) -> Iterator[Path]:
    """A file beside the target that takes its place at the end, whole or not at all.

    Raises OSError at once where nothing can be written there.
    """
    if target.is_dir():
        raise IsADirectoryError(f"{target}: is a folder; name a file")
    try:
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:50]}.")
    except OSError as error:
        raise OSError(f"{target}: cannot be written: {error.strerror}") from None
    os.close(handle)
    draft = Path(name)
    try:
        yield draft
        draft.chmod(0o644)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
