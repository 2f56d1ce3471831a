"""Queries about training files."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from lib.db import leasing
from lib.db.tables import training_files, training_jobs
from lib.domain.dataset import MIN_CONVERSATIONS
from lib.domain.states import ACTIVE, EnrichmentStatus

#: What a line of the chooser needs: never a summary, which may be a hundred times as large.
_LISTED = (
    "id",
    "name",
    "status",
    "conversation_count",
    "training_pairs",
    "average_quality",
    "enrichment_status",
    "enrichment_error",
    "storage_key",
)


def add(connection: Connection, **values: Any) -> UUID:
    return connection.execute(
        insert(training_files).values(**values).returning(training_files.c.id)
    ).scalar_one()


def by_id(connection: Connection, file_id: UUID) -> Row | None:
    return connection.execute(
        select(training_files).where(training_files.c.id == file_id)
    ).one_or_none()


def lock(connection: Connection, file_id: UUID) -> Row | None:
    """A file, held until the transaction ends: no job on it is begun or started meanwhile."""
    return connection.execute(
        select(training_files).where(training_files.c.id == file_id).with_for_update()
    ).one_or_none()


def write(connection: Connection, file_id: UUID, **values: Any) -> Row:
    """Changes columns of a file, and when it was last updated."""
    return connection.execute(
        update(training_files)
        .where(training_files.c.id == file_id)
        .values(**values, updated_at=func.now())
        .returning(training_files)
    ).one()


def remove(connection: Connection, file_id: UUID) -> None:
    """Raises IntegrityError where a job uses the file."""
    connection.execute(delete(training_files).where(training_files.c.id == file_id))


def jobs_of(connection: Connection, file_id: UUID) -> list[Row]:
    """Every job that has ever used the file, drafts included: name and creator, newest first."""
    job = training_jobs.c
    return list(
        connection.execute(
            select(job.name, job.created_by)
            .where(job.training_file_id == file_id)
            .order_by(job.created_at.desc())
        )
    )


def stored_keys(connection: Connection, keys: Collection[str]) -> set[str]:
    """Those of the given storage keys that belong to a file."""
    column = training_files.c.storage_key
    return set(connection.scalars(select(column).where(column.in_(keys))))


def lock_content(connection: Connection, content_hash: str) -> None:
    """Held until the transaction ends: of imports of the same content, one comes first."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"file {content_hash}"))))


def by_content(connection: Connection, content_hash: str) -> Row | None:
    """An active file with exactly this content."""
    return connection.execute(
        select(training_files)
        .where(training_files.c.content_hash == content_hash, training_files.c.status == "active")
        .order_by(training_files.c.created_at)
        .limit(1)
    ).one_or_none()


def by_name(connection: Connection, name: str) -> Row | None:
    """The newest active file that is called so."""
    file = training_files.c
    return connection.execute(
        select(training_files)
        .where(file.name == name, file.status == "active")
        .order_by(file.created_at.desc())
        .limit(1)
    ).one_or_none()


def listed(connection: Connection, *, archived: bool = False) -> list[Row]:
    """The active files, or all of them, newest first, with what a line of the chooser needs."""
    query = select(*(training_files.c[name] for name in _LISTED))
    if not archived:
        query = query.where(training_files.c.status == "active")
    return list(connection.execute(query.order_by(training_files.c.created_at.desc())))


def newest(connection: Connection) -> UUID | None:
    """The file to show first: the newest with enough conversations, else the newest active one."""
    file = training_files.c
    return connection.scalar(
        select(file.id)
        .where(file.status == "active")
        .order_by((file.conversation_count >= MIN_CONVERSATIONS).desc(), file.created_at.desc())
        .limit(1)
    )


def has_any(connection: Connection) -> bool:
    """Whether there is a file, be it archived."""
    return bool(connection.scalar(select(select(training_files.c.id).exists())))


def has_active_job(connection: Connection, file_id: UUID) -> bool:
    """Whether a started job that has not ended uses the file (drafts do not count)."""
    return bool(
        connection.scalar(
            select(
                select(training_jobs.c.id)
                .where(
                    training_jobs.c.training_file_id == file_id, training_jobs.c.status.in_(ACTIVE)
                )
                .exists()
            )
        )
    )


def lease_processing(connection: Connection, token: UUID, lease: timedelta) -> Row | None:
    """The oldest file still to be enriched that no other worker holds, now held by `token`."""
    row = training_files.c
    waiting = row.enrichment_status == EnrichmentStatus.PROCESSING
    return leasing.take(connection, row.id, token, lease, waiting, first=(row.created_at,))


def finish_enrichment(connection: Connection, file_id: UUID, token: UUID, **values: Any) -> bool:
    """Writes the result if `token` still holds the file."""
    key = training_files.c.id
    return leasing.finish(connection, key, file_id, token, updated_at=func.now(), **values)
