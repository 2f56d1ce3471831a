"""Folders as plain tar files: sent from open files without a copy, unpacked without trust."""

import errno
import hashlib
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from trainer.errors import DISK_FULL_ERRNOS
from trainer.pod.web import CHUNK

BLOCK = tarfile.BLOCKSIZE
MOST_MEMBERS = 1000


class Vanished(Exception):
    """A file was deleted before it could be opened: the folder is no longer whole."""


class Abandoned(Exception):
    """An archive that was given up for something more urgent, while it was read."""


class Unusable(Exception):
    """A tar file that is not what one of ours is."""


class Archive:
    """The named files of a folder as a tar file that is produced while it is sent.

    All files are opened first: what they hold stays as it is when the folder is deleted meanwhile.
    The same files give the same bytes, and so the same hash, on every machine.
    """

    def __init__(
        self,
        folder: Path,
        names: Sequence[str],
        inside: str,
        given_up: Callable[[], bool] = lambda: False,
    ) -> None:
        """Raises Vanished unless every file is there. In the tar they lie below `inside`.

        As soon as `given_up` says so, whoever reads on meets Abandoned.
        """
        self._given_up = given_up
        self._members: list[tuple[bytes, int, BinaryIO]] = []
        with ExitStack() as opened:
            for name in sorted(names):
                try:
                    file = opened.enter_context((folder / name).open("rb"))
                except (FileNotFoundError, NotADirectoryError):
                    raise Vanished(name) from None
                size = file.seek(0, 2)
                self._members.append((_header(f"{inside}/{name}", size), size, file))
            self._opened = opened.pop_all()

    def __enter__(self) -> "Archive":
        return self

    def __exit__(self, *exception: object) -> None:
        self._opened.close()

    @property
    def size(self) -> int:
        members = sum(len(header) + size + _padding(size) for header, size, _ in self._members)
        return members + 2 * BLOCK

    @cached_property
    def sha256(self) -> str:
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def chunks(self) -> Iterator[bytes]:
        """The tar file, from its beginning."""
        for header, size, file in self._members:
            yield header
            file.seek(0)
            while chunk := file.read(CHUNK):
                if self._given_up():
                    raise Abandoned
                yield chunk
            yield bytes(_padding(size))
        yield bytes(2 * BLOCK)


def folder_archive(folder: Path, inside: str) -> Archive:
    """All files of a folder that nobody changes any more."""
    paths = (path for path in folder.rglob("*") if path.is_file())
    return Archive(folder, [path.relative_to(folder).as_posix() for path in paths], inside)


def unpack(archive: Path, inside: str, into: Path) -> Path:
    """Unpacks regular files below the folder `inside`, which is returned; nothing else is taken.

    Raises Unusable for a tar file with anything else in it, OSError where the disk is full.
    """
    try:
        with tarfile.open(archive, "r:") as tar:
            for number, member in enumerate(tar):
                if number == MOST_MEMBERS:
                    raise Unusable(f"more than {MOST_MEMBERS} files")
                _check(member, inside)
                tar.extract(member, into, filter="data")
    except (tarfile.TarError, ValueError, EOFError) as error:
        raise Unusable(type(error).__name__) from None
    except OSError as error:
        if error.errno in (*DISK_FULL_ERRNOS, errno.EIO):
            raise
        raise Unusable(type(error).__name__) from None
    return into / inside


def _check(member: tarfile.TarInfo, inside: str) -> None:
    """A sparse file is refused as well: it can be far larger than the tar file that holds it."""
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
        raise Unusable("something other than a regular file")
    parts = PurePosixPath(member.name).parts
    is_plain = len(parts) >= 2 and parts[0] == inside and ".." not in parts
    if not is_plain or "\\" in member.name or "\0" in member.name:
        raise Unusable(f"a file that is not below {inside}")


def _header(name: str, size: int) -> bytes:
    member = tarfile.TarInfo(name)
    member.size = size
    return member.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> int:
    return -size % BLOCK
