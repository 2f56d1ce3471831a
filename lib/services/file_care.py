"""What is done with a stored training file: renamed, archived, restored, checked, deleted.

Only its importer and those who manage may change a file. Every attempt is in the activity log.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from lib import storage
from lib.datafiles import content_hash
from lib.db import activity, files
from lib.db.connection import reading, transaction
from lib.domain.dataset import safe_name
from lib.domain.people import Person
from lib.domain.states import EnrichmentStatus
from lib.services.errors import NotAllowed, NotFound, Refusal
from lib.services.training_files import check_unchanged

_NAMED = 3  # jobs that a refusal names; the rest is counted


def may_change(actor: Person, row: Row) -> bool:
    """Whether the actor imported the file or manages."""
    return row.created_by == actor.id or actor.may_see_all_jobs


def rename(actor: Person, file_id: UUID, name: str) -> Row:
    """Gives a file another name, made safe to show. Raises Refusal where nothing is left of it."""
    with _changing(actor, file_id, "file_renamed") as (connection, row):
        if not name.strip():
            raise Refusal("Name: write what the file is to be called.")
        return files.write(connection, row.id, name=safe_name(name))


def archive(actor: Person, file_id: UUID) -> Row:
    """Takes a file out of the list. Raises Refusal while an active job uses it."""
    with _changing(actor, file_id, "file_archived") as (connection, row):
        if files.has_active_job(connection, row.id):
            raise Refusal(
                "An active training job uses this file. Wait for it to end, or cancel it."
            )
        return files.write(connection, row.id, status="archived")


def restore(actor: Person, file_id: UUID) -> Row:
    """Brings an archived file back. Raises Refusal where its content was imported again since."""
    with _changing(actor, file_id, "file_restored") as (connection, row):
        files.lock_content(connection, row.content_hash)
        same = files.by_content(connection, row.content_hash)
        if same is not None and same.id != row.id:
            raise Refusal(f"The same content is in the list already, as {same.name}.")
        return files.write(connection, row.id, status="active")


def delete(actor: Person, file_id: UUID) -> None:
    """Deletes a file that no job has ever used: its row, then its folder.

    Raises Refusal naming the jobs, drafts included, that use it. A crash after the row is gone
    leaves a marked folder, which the next deletion sweeps.
    """
    with _changing(actor, file_id, "file_deleted") as (connection, row):
        if using := files.jobs_of(connection, row.id):
            raise Refusal(f"{_told(actor, using)}. Archive the file instead.")
        files.remove(connection, row.id)
        with suppress(FileNotFoundError):
            storage.deletion_mark(row.storage_key).touch()
    sweep()


def sweep() -> None:
    """Removes the folders of deleted files: those that are marked and belong to no row.

    A folder without the mark is left alone, whatever the database says: it may be an import that
    is under way, or belong to another database.
    """
    marked = {
        folder.name: folder
        for folder in storage.files_folder().iterdir()
        if storage.deletion_mark(folder.name).exists()
    }
    with reading() as connection:
        kept = files.stored_keys(connection, marked)
    for key in marked.keys() - kept:
        shutil.rmtree(marked[key], ignore_errors=True)


def verify(actor: Person, file_id: UUID) -> str | None:
    """Hashes a file anew: what is wrong with what is stored, or None.

    A file whose original is missing or changed is marked as failed; where the original is intact,
    the worker reads it again and writes what had been damaged. Raises NotFound.
    """
    with transaction() as connection:
        row = files.lock(connection, file_id)
        if row is None:
            raise NotFound("Training file not found")
        problem = check_unchanged(row)
        found: dict[str, Any] = {}
        if problem is not None and not _original_intact(row):
            found = {"enrichment_status": EnrichmentStatus.FAILED, "enrichment_error": problem}
        elif problem is not None or row.enrichment_status == EnrichmentStatus.FAILED:
            found = {"enrichment_status": EnrichmentStatus.PROCESSING, "enrichment_error": None}
        if found:
            files.write(connection, row.id, **found)
        activity.record(
            connection,
            "file_checked",
            actor_id=actor.id,
            subject=str(file_id),
            succeeded=problem is None,
            details={"reason": problem} if problem else {},
        )
    return problem


def _original_intact(row: Row) -> bool:
    try:
        return content_hash(storage.original_file(row.storage_key)) == row.content_hash
    except OSError:
        return False


@contextmanager
def _changing(actor: Person, file_id: UUID, action: str) -> Iterator[tuple[Connection, Row]]:
    """One change of a file that is held meanwhile, logged whether it succeeds or is refused."""
    try:
        with transaction() as connection:
            row = files.lock(connection, file_id)
            if row is None:
                raise NotFound("Training file not found")
            if not may_change(actor, row):
                raise NotAllowed("Only who imported a file, or a manager, may change it.")
            yield connection, row
            activity.record(
                connection,
                action,
                actor_id=actor.id,
                subject=str(file_id),
                details={"name": row.name},
            )
    except Refusal as refusal:
        with transaction() as connection:
            activity.record(
                connection,
                action,
                actor_id=actor.id,
                subject=str(file_id),
                succeeded=False,
                details={"reason": str(refusal)},
            )
        raise


def _told(actor: Person, jobs: list[Row]) -> str:
    """Which jobs use the file: those that the actor may see by name, the others as a number."""
    seen = [job.name for job in jobs if actor.may_see_all_jobs or job.created_by == actor.id]
    parts = seen[:_NAMED]
    if more := len(seen) - len(parts):
        parts.append(f"{more:,} more")
    if others := len(jobs) - len(seen):
        parts.append(f"{others:,} of other people")
    number = f"{len(jobs):,} job{'' if len(jobs) == 1 else 's'}"
    return f"{number}, drafts included, use{'s' if len(jobs) == 1 else ''} it: {', '.join(parts)}"
