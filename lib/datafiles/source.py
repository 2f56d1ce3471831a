"""The bytes of a training file: opened with care, counted while they are read."""

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from lib.domain.conversations import DatasetError, Limits

Progress = Callable[[int, int], None]  # bytes read so far, bytes in all

_BOM = b"\xef\xbb\xbf"
_PROGRESS_STEP = 1024 * 1024
# No following of links, no waiting for the writer of a pipe; neither exists on Windows.
_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


class Source:
    """A training file as bytes without its byte order mark. Raises DatasetError "too_large" when
    more than `limits.max_bytes` are read, whatever the size was said to be."""

    def __init__(
        self,
        raw: BinaryIO,
        size: int,
        name: str,
        limits: Limits,
        progress: Progress | None = None,
    ) -> None:
        self.raw, self.size, self.name, self.limits = raw, size, name, limits
        self._progress, self._reported = progress, 0
        self.rewind()

    def rewind(self) -> None:
        """Back to the first byte after the byte order mark."""
        self.raw.seek(0)
        self.consumed = len(_BOM) if self.raw.read(len(_BOM)) == _BOM else 0
        self.raw.seek(self.consumed)

    def read(self, size: int) -> bytes:
        return self._counted(self.raw.read(size))

    def readline(self, size: int) -> bytes:
        """The next line, of which at most `size` bytes."""
        return self._counted(self.raw.readline(size))

    def readline_at(self, offset: int, size: int) -> bytes:
        """A line that was read before, again."""
        self.raw.seek(offset)
        return self.raw.readline(size)

    def _counted(self, data: bytes) -> bytes:
        self.consumed += len(data)
        if self.consumed > self.limits.max_bytes:
            raise too_large(self.consumed, self.name, self.limits)
        if self._progress and self.consumed - self._reported >= _PROGRESS_STEP:
            self._reported = self.consumed
            self._progress(self.consumed, self.size)
        return data

    def error(self, code: str, message: str, place: str = "") -> DatasetError:
        return DatasetError(code, message, place, self.name)


def too_large(size: int, name: str, limits: Limits) -> DatasetError:
    message = (
        f"{size / 1e6:,.1f} MB is more than the {limits.max_bytes / 1e6:,.1f} MB that a training"
        " file may have; split it."
    )
    return DatasetError("too_large", message, "", name)


@contextmanager
def opened(
    path: Path, name: str, limits: Limits, progress: Progress | None = None
) -> Iterator[Source]:
    """The file at `path`, which has to be a regular one; a link is not followed."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise DatasetError(
            "unreadable", f"cannot be opened: {reason.lower()}.", "", name
        ) from error
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode):
        os.close(descriptor)
        raise DatasetError("unreadable", "not a regular file.", "", name)
    with os.fdopen(descriptor, "rb") as raw:
        if facts.st_size > limits.max_bytes:
            raise too_large(facts.st_size, name, limits)
        try:
            yield Source(raw, facts.st_size, name, limits, progress)
        except OSError as error:
            reason = (error.strerror or "input error").lower()
            raise DatasetError("unreadable", f"cannot be read: {reason}.", "", name) from error


def content_hash(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal, in constant memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
