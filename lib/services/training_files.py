"""Training files: import one whole or not at all, list them, say whether they can be used."""

import shutil
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row

from lib import storage
from lib.datafiles import content_hash, summarise
from lib.datafiles.sample import write_sample
from lib.datafiles.source import Progress
from lib.db import activity, files
from lib.db.connection import reading, transaction
from lib.domain.dataset import DatasetError, DatasetSummary, Limits, safe_name, too_few
from lib.domain.people import Person
from lib.domain.states import EnrichmentStatus
from lib.services.errors import NotEligible, NotFound
from lib.settings import settings

SAMPLE_NAME = "sample-bicycle-workshop.json"
MISSING = "Storage file missing: import the same file again, and it is put back."
CHANGED = "Storage file changed: import the same file again, and it is put back."
_CHUNK = 1024 * 1024


def limits() -> Limits:
    return Limits(max_bytes=settings().max_training_file_mb * 1024 * 1024)


def inspect(path: Path, progress: Progress | None = None) -> DatasetSummary:
    """Reads a training file without storing it. Raises DatasetError."""
    return summarise(path, name=path.name, limits=limits(), progress=progress)


def import_training_file(
    actor: Person, source: BinaryIO | Path, name: str, progress: Progress | None = None
) -> tuple[Row, bool]:
    """Checks a file and stores it; the worker enriches it afterwards.

    Returns its row and whether it is new: the same content twice is one file, whose stored copy is
    put back where it was missing or changed. Raises DatasetError with the place of the fault, and
    OSError when the disk is full; then nothing is stored.
    """
    shown = safe_name(name)
    key = uuid4()
    folder = storage.files_folder() / str(key)
    try:
        folder.mkdir(parents=True)
        _copy(source, folder / "original", shown)
        summary = summarise(folder / "original", name=shown, limits=limits(), progress=progress)
        with transaction() as connection:
            files.lock_content(connection, summary.sha256)
            known = files.by_content(connection, summary.sha256)
            if known is None:
                files.add(
                    connection,
                    id=key,
                    name=shown,
                    format=summary.format,
                    storage_key=str(key),
                    content_hash=summary.sha256,
                    size_bytes=summary.size_bytes,
                    conversation_count=summary.conversations,
                    training_pairs=summary.dataset_size,
                    trainable_pairs=summary.trainable_pairs,
                    average_quality=summary.average_quality,
                    created_by=actor.id,
                )
                activity.record(connection, "file_imported", actor_id=actor.id, subject=str(key))
                row = files.by_id(connection, key)
            else:
                row = _put_back(connection, actor, known, folder / "original")
    except DatasetError as error:
        shutil.rmtree(folder, ignore_errors=True)
        with transaction() as connection:
            activity.record(
                connection,
                "file_imported",
                actor_id=actor.id,
                subject=shown,
                succeeded=False,
                details={"code": error.code, "place": error.place},
            )
        raise
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if known is not None:
        shutil.rmtree(folder, ignore_errors=True)
    assert row is not None
    return row, known is None


def _put_back(connection: Connection, actor: Person, known: Row, content: Path) -> Row:
    """Gives a file its content back where what is stored is not what was imported."""
    failed = known.enrichment_status == EnrichmentStatus.FAILED
    problem = known.enrichment_error if failed else check_unchanged(known)
    if problem is None:
        return known
    original = storage.original_file(known.storage_key)
    original.parent.mkdir(exist_ok=True)
    content.replace(original)
    activity.record(
        connection,
        "file_put_back",
        actor_id=actor.id,
        subject=str(known.id),
        details={"reason": problem},
    )
    return files.write(
        connection,
        known.id,
        enrichment_status=EnrichmentStatus.PROCESSING,
        enrichment_error=None,
    )


def listing(*, archived: bool = False) -> list[Row]:
    """The files as the chooser lists them, newest first; with `archived`, those too."""
    with reading() as connection:
        return files.listed(connection, archived=archived)


def first_to_show() -> tuple[UUID | None, bool]:
    """The file that the page begins with, and whether there is any file at all."""
    with reading() as connection:
        first = files.newest(connection)
        return first, first is not None or files.has_any(connection)


def get(file_id: UUID) -> Row:
    """A file with its summary. Raises NotFound."""
    with reading() as connection:
        row = files.by_id(connection, file_id)
    if row is None:
        raise NotFound("Training file not found")
    return row


def ineligible_because(row: Row, *, in_use: bool) -> str | None:
    """Why no job can be made from the file now, in the words of FR1.1.1, or None."""
    if row.status != "active":
        return "Training file not found: it is archived. Restore it first."
    if row.enrichment_status == EnrichmentStatus.FAILED:
        return row.enrichment_error or "Training file not enriched"
    if small := too_few(row.conversation_count):
        return small
    if row.enrichment_status != EnrichmentStatus.COMPLETED:
        return "Training file not enriched"
    if not storage.original_file(row.storage_key).exists():
        return MISSING
    if in_use:
        return "An active training job uses this file. Wait for it to end, or cancel it."
    return None


def why_not(row: Row) -> str | None:
    """Why no job can be made from the file now, as a page shows it before anybody tries."""
    with reading() as connection:
        return ineligible_because(row, in_use=files.has_active_job(connection, row.id))


def check_unchanged(row: Row) -> str | None:
    """What has become of the stored file since it was imported and read, or None (FR1.1.1).

    Original and sequences are hashed anew, 0.1 s for 100 MB: a changed file may well have kept its
    size and time. Sequences count once the file has been read in full.
    """
    expected = {storage.original_file(row.storage_key): row.content_hash}
    if row.enrichment_status == EnrichmentStatus.COMPLETED:
        expected[storage.sequences_file(row.storage_key)] = row.sequences_sha256
    try:
        for path, sha256 in expected.items():
            found = content_hash(path)
            if sha256 is not None and found != sha256:  # None: read by an earlier version
                return CHANGED
    except FileNotFoundError:
        return MISSING
    except OSError as error:
        return f"Storage file cannot be read: {error.strerror}."
    return None


def check_eligible(row: Row, *, in_use: bool) -> None:
    """Raises NotEligible with the reason."""
    reason = ineligible_because(row, in_use=in_use)
    if reason is not None:
        raise NotEligible(reason)


def provide_sample() -> None:
    """Makes the import folder, where there is none yet, with a generated training file in it."""
    folder = settings().import_path
    if not folder.exists():
        folder.mkdir(parents=True)
        write_sample(folder / SAMPLE_NAME)


def import_folder_files() -> list[Path]:
    """The training files that lie in the import folder, by name."""
    folder = settings().import_path
    if not folder.is_dir():
        return []
    suffixes = {".json", ".jsonl"}
    return sorted(
        path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in suffixes
    )


def _copy(source: BinaryIO | Path, target: Path, name: str) -> None:
    """Copies at most one byte more than the limit, so that nothing huge is ever stored."""
    if isinstance(source, Path):
        if source.exists() and not source.is_file():  # reading a pipe might never end
            raise DatasetError("unreadable", "is not a file.", name=name)
        with source.open("rb") as stream:
            _copy(stream, target, name)
        return
    allowed, written = limits().max_bytes, 0
    with target.open("wb") as copy:
        while written <= allowed and (chunk := source.read(_CHUNK)):
            copy.write(chunk)
            written += len(chunk)
