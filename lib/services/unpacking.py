"""A tar file from a machine that is not ours, unpacked without trust."""

import shutil
import tarfile
from pathlib import Path, PurePosixPath

MOST_MEMBERS = 1000
LONGEST_NAME = 240  # bytes


class Unsafe(Exception):
    """The file is no plain tar file with regular files below the one folder that was expected."""


def unpack(archive: Path, inside: str, target: Path) -> None:
    """Makes `target` from the files below the folder `inside`; it appears whole, or not at all.

    Something that is there already is replaced. No more is written than the tar file is long.
    Raises Unsafe, OSError where the disk is full.
    """
    draft = archive.with_name(f"{archive.name}.unpacked")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir()
        try:
            with tarfile.open(archive, "r:") as tar:
                _extract(tar, inside, draft)
        except (tarfile.TarError, ValueError, EOFError, OverflowError) as error:
            raise Unsafe(f"not a tar file as it should be ({type(error).__name__})") from None
        if not (draft / inside).is_dir():
            raise Unsafe("there is nothing in it")
        _replace(draft / inside, target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _extract(tar: tarfile.TarFile, inside: str, into: Path) -> None:
    names = set()
    for number, member in enumerate(tar):
        if number == MOST_MEMBERS:
            raise Unsafe(f"more than {MOST_MEMBERS} files")
        # A sparse file can be far larger than the tar file that holds it.
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.issparse():
            raise Unsafe("something other than a regular file")
        parts = PurePosixPath(member.name).parts
        plain = len(parts) >= 2 and parts[0] == inside and ".." not in parts
        if not plain or "\\" in member.name or "\0" in member.name:
            raise Unsafe(f"a file that is not below {inside}")
        if len(member.name.encode()) > LONGEST_NAME:
            raise Unsafe("a name that is too long")
        if parts in names:
            raise Unsafe("a file twice")
        names.add(parts)
        try:
            tar.extract(member, into, filter="data")
        except (FileExistsError, NotADirectoryError, IsADirectoryError):
            raise Unsafe("a file where a folder is") from None


def _replace(folder: Path, target: Path) -> None:
    old = target.with_name(f".{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():
        target.replace(old)
    folder.replace(target)
    shutil.rmtree(old, ignore_errors=True)
