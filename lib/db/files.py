"""Queries about training files."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, or_, select, update

from lib.db.tables import training_files, training_jobs
from lib.domain.states import ACTIVE, EnrichmentStatus


def add(connection: Connection, **values: Any) -> UUID:
    return connection.execute(
        insert(training_files).values(**values).returning(training_files.c.id)
    ).scalar_one()


def by_id(connection: Connection, file_id: UUID) -> Row | None:
    return connection.execute(
        select(training_files).where(training_files.c.id == file_id)
    ).one_or_none()


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


def active(connection: Connection) -> list[Row]:
    """All files that are not archived, newest first, without their summaries."""
    columns = [column for column in training_files.c if column.name not in {"summary", "tokens"}]
    return list(
        connection.execute(
            select(*columns)
            .where(training_files.c.status == "active")
            .order_by(training_files.c.created_at.desc())
        )
    )


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


def lease_processing(connection: Connection, token: UUID, expires_at: datetime) -> Row | None:
    """The oldest file still to be enriched that no other worker holds, now held by `token`."""
    candidate = (
        select(training_files.c.id)
        .where(
            training_files.c.enrichment_status == EnrichmentStatus.PROCESSING,
            or_(
                training_files.c.lease_expires_at.is_(None),
                training_files.c.lease_expires_at < func.now(),
            ),
        )
        .order_by(training_files.c.created_at)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return connection.execute(
        update(training_files)
        .where(training_files.c.id == candidate)
        .values(lease_token=token, lease_expires_at=expires_at)
        .returning(training_files)
    ).one_or_none()


def finish_enrichment(connection: Connection, file_id: UUID, token: UUID, **values: Any) -> bool:
    """Writes the result if `token` still holds the file."""
    return (
        connection.execute(
            update(training_files)
            .where(training_files.c.id == file_id, training_files.c.lease_token == token)
            .values(**values, updated_at=func.now(), lease_token=None, lease_expires_at=None)
        ).rowcount
        == 1
    )
