"""Queries about jobs: drafts, states, events and attempts."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, exists, func, insert, or_, select, update

from lib.db.tables import (
    clients,
    job_attempts,
    job_events,
    job_metrics,
    projects,
    training_files,
    training_jobs,
    users,
)
from lib.domain.states import ACTIVE, JobStatus, may_follow


class StaleState(Exception):
    """The job is no longer in the state that the caller read; nothing was written."""


def add(connection: Connection, **values: Any) -> UUID:
    """A new job in pending_configuration, with its first event."""
    job_id = connection.execute(
        insert(training_jobs).values(**values).returning(training_jobs.c.id)
    ).scalar_one()
    record(
        connection, job_id, "created", "Draft created", to_status=JobStatus.PENDING_CONFIGURATION
    )
    return job_id


def _with_names():
    """Jobs with the names of their file, creator, client and project."""
    return (
        select(
            training_jobs,
            training_files.c.name.label("file_name"),
            training_files.c.content_hash.label("file_hash"),
            users.c.name.label("creator_name"),
            users.c.email.label("creator_email"),
            clients.c.name.label("client_name"),
            projects.c.name.label("project_name"),
        )
        .join(training_files, training_files.c.id == training_jobs.c.training_file_id)
        .join(users, users.c.id == training_jobs.c.created_by)
        .outerjoin(clients, clients.c.id == training_jobs.c.client_id)
        .outerjoin(projects, projects.c.id == training_jobs.c.project_id)
    )


def by_id(connection: Connection, job_id: UUID) -> Row | None:
    """A job with the names around it."""
    return connection.execute(_with_names().where(training_jobs.c.id == job_id)).one_or_none()


def continuations(connection: Connection, job_id: UUID) -> list[Row]:
    """The jobs that go on from this one's checkpoint, newest first; discarded drafts do not."""
    return list(
        connection.execute(
            _with_names()
            .where(
                training_jobs.c.continues_id == job_id,
                or_(
                    training_jobs.c.queued_at.is_not(None),
                    training_jobs.c.status == JobStatus.PENDING_CONFIGURATION,
                ),
            )
            .order_by(training_jobs.c.created_at.desc(), training_jobs.c.id.desc())
        )
    )


def lock(connection: Connection, job_id: UUID) -> Row | None:
    """The job's row, held until the transaction ends."""
    return connection.execute(
        select(training_jobs).where(training_jobs.c.id == job_id).with_for_update()
    ).one_or_none()


def has_namesake(connection: Connection, creator: UUID, name: str, *, but: UUID) -> bool:
    """Whether another job of the creator has this name, in any case; discarded drafts do not."""
    return connection.execute(
        select(
            exists().where(
                training_jobs.c.created_by == creator,
                func.lower(training_jobs.c.name) == func.lower(name),
                training_jobs.c.id != but,
                or_(
                    training_jobs.c.queued_at.is_not(None),
                    training_jobs.c.status == JobStatus.PENDING_CONFIGURATION,
                ),
            )
        )
    ).scalar_one()


def names_among(connection: Connection, user_id: UUID, names: Collection[str]) -> set[str]:
    """Those of the names that jobs of this person have already."""
    job = training_jobs.c
    return set(
        connection.scalars(
            select(job.name).where(job.created_by == user_id, job.name.in_(names)).distinct()
        )
    )


def completed_count(connection: Connection, user_id: UUID) -> int:
    return connection.execute(
        select(func.count())
        .select_from(training_jobs)
        .where(training_jobs.c.created_by == user_id, training_jobs.c.status == JobStatus.COMPLETED)
    ).scalar_one()


def write(connection: Connection, job_id: UUID, **values: Any) -> None:
    """Plain columns of a job; never its status, which only `transition` changes."""
    assert "status" not in values
    connection.execute(update(training_jobs).where(training_jobs.c.id == job_id).values(**values))


def transition(
    connection: Connection,
    job: Row,
    to: JobStatus,
    message: str,
    *,
    kind: str = "status",
    data: Mapping[str, Any] | None = None,
    **values: Any,
) -> None:
    """Moves a job from the state it was read in, and records the event in the same transaction.

    Raises StaleState where it has moved on, ValueError where the table of transitions forbids it.
    """
    current = JobStatus(job.status)
    if not may_follow(current, to):
        raise ValueError(f"a job that is {current} cannot become {to}")
    changed = connection.execute(
        update(training_jobs)
        .where(training_jobs.c.id == job.id, training_jobs.c.status == current)
        .values(status=to, **values)
    )
    if changed.rowcount != 1:
        raise StaleState(f"job {job.id} is no longer {current}")
    record(connection, job.id, kind, message, from_status=current, to_status=to, data=data)


def record(
    connection: Connection,
    job_id: UUID,
    kind: str,
    message: str,
    *,
    from_status: JobStatus | None = None,
    to_status: JobStatus | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """One line in the job's event log."""
    connection.execute(
        insert(job_events).values(
            job_id=job_id,
            kind=kind,
            message=message,
            from_status=from_status,
            to_status=to_status,
            data=dict(data or {}),
        )
    )


def events(connection: Connection, job_id: UUID) -> list[Row]:
    """The job's event log, oldest first."""
    return list(
        connection.execute(
            select(job_events).where(job_events.c.job_id == job_id).order_by(job_events.c.id)
        )
    )


def metrics(connection: Connection, job_id: UUID) -> list[Row]:
    """One row a training step, in order; a step that was repeated after a resume counts once."""
    return list(
        connection.execute(
            select(job_metrics).where(job_metrics.c.job_id == job_id).order_by(job_metrics.c.step)
        )
    )


def attempts(connection: Connection, job_id: UUID) -> list[Row]:
    return list(
        connection.execute(
            select(job_attempts)
            .where(job_attempts.c.job_id == job_id)
            .order_by(job_attempts.c.number)
        )
    )


def place_in_queue(connection: Connection, job: Row) -> int:
    """How many started jobs of the same engine came before this queued one and have not ended."""
    return connection.execute(
        select(func.count())
        .select_from(training_jobs)
        .where(
            training_jobs.c.status.in_(ACTIVE),
            training_jobs.c.engine == job.engine,
            training_jobs.c.queued_at < job.queued_at,
        )
    ).scalar_one()
