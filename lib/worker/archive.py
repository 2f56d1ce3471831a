"""The finished adapter as one ZIP file: the same adapter always makes the same bytes."""

import hashlib
import os
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from lib import storage

_LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first moment that ZIP knows


@dataclass(frozen=True)
class Archive:
    """`key` is the file's place below the runs folder, `sha256` that of the whole ZIP file."""

    key: str
    sha256: str


def archive_adapter(job_id: UUID) -> Archive:
    """Packs the run's adapter folder, files at the root. Whole or not at all; safe to repeat.

    Raises FileNotFoundError where the run left no adapter, OSError when the disk is full.
    """
    folder, target = storage.run_folder(job_id) / "adapter", storage.adapter_archive(job_id)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    if not files:
        raise FileNotFoundError(f"{folder} holds no adapter")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with zipfile.ZipFile(draft, "w") as archive:
            for path in files:
                _add(archive, path, str(path.relative_to(folder)))
        with draft.open("rb") as written:
            sha256 = hashlib.file_digest(written, "sha256").hexdigest()
            os.fsync(written.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)
    return Archive(str(target.relative_to(storage.runs_folder())), sha256)


def _add(archive: zipfile.ZipFile, path: Path, name: str) -> None:
    """Stored as it is: weights hardly get smaller, and packing a large adapter takes minutes."""
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.external_attr = 0o644 << 16
    entry.file_size = path.stat().st_size
    with path.open("rb") as source, archive.open(entry, "w") as target:
        shutil.copyfileobj(source, target, 1024 * 1024)
