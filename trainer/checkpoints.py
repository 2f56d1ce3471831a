"""Checkpoints that are whole or do not count.

A checkpoint is written under a name that nobody reads. When all its files are on the disk it is
sealed, with their sizes and hashes, and only then renamed to step-N. Killed at any moment, a run
finds either the new checkpoint or the one before it.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEAL = "COMPLETE"
KEEP = 2


@dataclass(frozen=True)
class Checkpoint:
    """A sealed checkpoint: the optimiser step it was made at, and what run it belongs to."""

    step: int
    folder: Path
    identity: dict[str, Any]


def seal(written: Path, step: int, identity: dict[str, Any], checkpoints: Path) -> int:
    """Makes a freshly written checkpoint the newest one, and drops those no longer needed.

    Args:
        written: the folder with its files, on the same file system as `checkpoints`.
        step: the optimiser step.
        identity: what has to be the same for a run that resumes from it.
        checkpoints: the folder that gets step-N.

    Returns:
        Its size in bytes.
    """
    files = {}
    for path in _files(written):
        sync(path)
        files[str(path.relative_to(written))] = _fingerprint(path)
    content = json.dumps({"step": step, "identity": identity, "files": files}, indent=1)
    write_atomically(written / SEAL, content.encode())
    target = checkpoints / f"step-{step}"
    if target.exists():  # a torn one of that step: it was passed over when the run resumed
        shutil.rmtree(target)
    written.replace(target)
    sync(checkpoints)
    for old in sealed_steps(checkpoints)[KEEP:]:
        shutil.rmtree(checkpoints / f"step-{old}")
    return sum(file["bytes"] for file in files.values())


def newest(checkpoints: Path) -> tuple[Checkpoint | None, list[str]]:
    """The newest checkpoint that is whole, and the names of newer ones that are not."""
    torn: list[str] = []
    for step in sealed_steps(checkpoints, with_unsealed=True):
        checkpoint = _open(checkpoints / f"step-{step}")
        if checkpoint is not None:
            return checkpoint, torn
        torn.append(f"step-{step}")
    return None, torn


def sealed_steps(checkpoints: Path, with_unsealed: bool = False) -> list[int]:
    """Steps of the checkpoints with a seal, newest first; their files are not looked at."""
    steps = [
        int(folder.name.removeprefix("step-"))
        for folder in checkpoints.glob("step-*")
        if folder.name.removeprefix("step-").isdecimal()
        and (with_unsealed or (folder / SEAL).is_file())
    ]
    return sorted(steps, reverse=True)


def write_atomically(path: Path, content: bytes) -> None:
    """Writes a file so that a reader, or a crash, sees the old content or the new, never a half."""
    draft = path.with_name(f".{path.name}.tmp")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync(path.parent)


def sync_tree(folder: Path) -> None:
    """Forces a folder's files, and the folders themselves, to the disk."""
    for path in [*folder.rglob("*"), folder]:
        sync(path)


def _open(folder: Path) -> Checkpoint | None:
    """The checkpoint in a folder if its seal matches its files."""
    try:
        seal = json.loads((folder / SEAL).read_bytes())
        present = {str(path.relative_to(folder)): path for path in _files(folder)}
        if present.keys() != seal["files"].keys():
            return None
        if any(_fingerprint(path) != seal["files"][name] for name, path in present.items()):
            return None
        return Checkpoint(seal["step"], folder, seal["identity"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != SEAL)


def _fingerprint(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return {"bytes": path.stat().st_size, "sha256": sha256}


def sync(path: Path) -> None:
    """Forces one file, or a folder's list of names, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
