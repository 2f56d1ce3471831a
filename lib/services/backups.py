"""Backups: a folder with the database, the training files and the adapters, and back from it.

The database comes first and the files afterwards: a file is stored before its row, and never
changed. Not in a backup: checkpoints and output of runs, base models and measurements' folders,
which are made anew; a job that was training when it was made starts again from the beginning.
"""

import hashlib
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lib import storage
from lib.db import activity, dump, system_status
from lib.db.connection import migrate, newest_revision, reading, revision, transaction
from lib.services.errors import Refusal

DATABASE, FILES, MANIFEST = "database.dump", "files.tar", "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Backup:
    """A backup that lies in `folder`; `rows` are the rows of each table."""

    folder: Path
    made_at: datetime
    revision: str
    rows: Mapping[str, int]
    files: int
    size_bytes: int


def make(into: Path) -> Backup:
    """A new backup below the folder, whole or not at all; the status page tells how it went.

    Raises Refusal where it cannot be made.
    """
    try:
        made = _make(into)
    except (dump.DumpFailed, OSError) as error:
        details: dict[str, Any] = {"error": str(error)}
        with transaction() as connection:
            activity.record(connection, system_status.BACKUP, succeeded=False, details=details)
        raise Refusal(f"The backup was not made: {error}") from error
    with transaction() as connection:
        details = {"folder": str(made.folder), "bytes": made.size_bytes, "files": made.files}
        activity.record(connection, system_status.BACKUP, details=details)
    return made


def _make(into: Path) -> Backup:
    into.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC)
    target = into / f"backup-{now:%Y%m%dT%H%M%S%fZ}"
    draft = Path(tempfile.mkdtemp(dir=into, prefix=".making-"))  # for its owner alone
    try:
        with reading() as connection:
            schema = revision(connection)
            rows = system_status.row_counts(connection)
            dump.dump(connection, draft / DATABASE)
        count = _pack(draft / FILES)
        manifest = {
            "format": FORMAT,
            "made_at": now.isoformat(),
            "revision": schema,
            "rows": rows,
            "files": count,
            "sha256": {name: _sha256(draft / name) for name in (DATABASE, FILES)},
        }
        (draft / MANIFEST).write_text(json.dumps(manifest, indent=1))
        for path in draft.iterdir():
            path.chmod(0o600)
            with path.open("rb") as written:
                os.fsync(written.fileno())
        draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    size = sum(path.stat().st_size for path in target.iterdir())
    return Backup(target, now, str(schema), rows, count, size)


def restore(folder: Path) -> Backup:
    """Fills an empty installation from a backup, then brings its schema up to date.

    Nothing may run meanwhile. The backup's own hashes are checked before, its counts of rows after.
    Raises Refusal where the backup or the installation will not do; a database that could not be
    restored whole is left empty.
    """
    manifest = _manifest(folder)
    data = storage.files_folder().parent
    data.mkdir(parents=True, exist_ok=True)
    for kept in (storage.files_folder(), storage.runs_folder()):
        if kept.exists() and any(kept.iterdir()):
            raise Refusal(f"{kept} is not empty. Restore into a new DATA_DIR.")
    try:
        with transaction() as connection:
            if not dump.is_empty(connection):
                raise Refusal("The database is not empty. Restore into a new one.")
        with transaction() as connection:
            dump.restore(connection, folder / DATABASE)
        with reading() as connection:
            rows = system_status.row_counts(connection)
        if rows != manifest["rows"]:
            raise Refusal("The restored database has other numbers of rows than the backup.")
        with tarfile.open(folder / FILES) as archive:
            archive.extractall(data, filter="data")
    except (dump.DumpFailed, OSError, tarfile.TarError) as error:
        raise Refusal(f"The backup was not restored: {error}") from error
    migrate()
    return Backup(
        folder=folder,
        made_at=datetime.fromisoformat(manifest["made_at"]),
        revision=manifest["revision"],
        rows=rows,
        files=manifest["files"],
        size_bytes=sum(path.stat().st_size for path in folder.iterdir()),
    )


def _manifest(folder: Path) -> dict[str, Any]:
    """What the backup says of itself, once its files are what it says."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text())
        known = manifest["format"] == FORMAT
        for name, sha256 in manifest["sha256"].items() if known else ():
            if _sha256(folder / name) != sha256:
                raise Refusal(f"{folder / name} is damaged: its hash is not the one of the backup.")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Refusal(f"{folder} is not a whole backup: {error}") from None
    if not known or manifest["revision"] > newest_revision():
        raise Refusal("The backup was made by a newer version of the app. Install that one first.")
    return manifest


def _pack(target: Path) -> int:
    """Training files and adapters into one archive, by their places in the data folder."""
    count = 0
    data = storage.files_folder().parent
    with tarfile.open(target, "w") as archive:
        for path in _kept():
            try:
                archive.add(path, str(path.relative_to(data)), recursive=False)
            except FileNotFoundError:  # deleted meanwhile, as a file that nothing uses may be
                continue
            count += 1
    return count


def _kept() -> Iterator[Path]:
    files = sorted(storage.files_folder().rglob("*"))
    adapters = sorted(storage.runs_folder().glob("*/adapter.zip"))
    # An attempt's row says how far they were read: without them, a new attempt's would be missed.
    events = sorted(storage.runs_folder().glob("*/events.jsonl"))
    yield from (path for path in (*files, *adapters, *events) if path.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
