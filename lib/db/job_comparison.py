"""Queries that put jobs side by side: their rows, their loss curves, and others like them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, func, or_, select

from lib.db.tables import (
    clients,
    job_attempts,
    job_metrics,
    projects,
    training_files,
    training_jobs,
    users,
)

_JOB = (
    *("id", "created_by", "created_at", "status", "draft", "name", "description", "tags"),
    *("client_id", "project_id", "template_id", "preset", "configuration", "gpu_type"),
    *("gpu_pricing_tier", "gpu_hourly_rate", "estimate", "estimation_confidence_percentage"),
    *("estimation_algorithm_version", "actual_cost", "actual_duration_hours", "queued_at"),
    *("ended_at", "checkpoint_recovery_count", "progress"),
)


def jobs(connection: Connection, job_ids: Sequence[UUID]) -> list[Row]:
    """The jobs that there are, each with its file's figures and the names around it; unordered."""
    file = training_files.c
    return list(
        connection.execute(
            select(
                *(training_jobs.c[name] for name in _JOB),
                file.name.label("file_name"),
                file.content_hash,
                file.conversation_count,
                file.training_pairs,
                file.trainable_pairs,
                file.average_quality,
                file.tokens,
                users.c.name.label("creator_name"),
                clients.c.name.label("client_name"),
                projects.c.name.label("project_name"),
            )
            .join(training_files, file.id == training_jobs.c.training_file_id)
            .join(users, users.c.id == training_jobs.c.created_by)
            .outerjoin(clients, clients.c.id == training_jobs.c.client_id)
            .outerjoin(projects, projects.c.id == training_jobs.c.project_id)
            .where(training_jobs.c.id.in_(job_ids))
        )
    )


def steps(connection: Connection, job_ids: Sequence[UUID], points: int) -> list[Row]:
    """Each job's steps in order, thinned to about so many; first and last are always there.

    `best_loss` is the least of all steps. `hours` are since the job first ran; `dollars` what it
    had cost by then: earlier attempts, and this one's rate times its time. Both are None where the
    attempt is not known.
    """
    metric, attempt = job_metrics.c, _attempts_so_far(job_ids)
    ranked = (
        select(
            metric.job_id,
            metric.step,
            metric.attempt,
            metric.at,
            metric.loss,
            metric.tokens_seen,
            func.row_number()
            .over(partition_by=metric.job_id, order_by=metric.step.desc())
            .label("from_last"),
            func.count().over(partition_by=metric.job_id).label("total"),
            func.min(metric.loss).over(partition_by=metric.job_id).label("best_loss"),
        )
        .where(metric.job_id.in_(job_ids))
        .subquery()
    )
    one_in = (ranked.c.total + points - 1) // points
    hours_of_attempt = func.extract("epoch", ranked.c.at - attempt.started_at) / 3600
    hours = func.extract("epoch", ranked.c.at - training_jobs.c.started_at) / 3600
    return list(
        connection.execute(
            select(
                *(ranked.c[name] for name in ("job_id", "step", "loss", "tokens_seen")),
                ranked.c.best_loss,
                hours.label("hours"),
                (attempt.before + attempt.hourly_rate * hours_of_attempt).label("dollars"),
            )
            .join(training_jobs, training_jobs.c.id == ranked.c.job_id)
            .outerjoin(
                attempt.job_id.table,
                and_(attempt.job_id == ranked.c.job_id, attempt.number == ranked.c.attempt),
            )
            .where(
                or_(
                    (ranked.c.from_last - 1) % one_in == 0,
                    ranked.c.from_last == ranked.c.total,
                )
            )
            .order_by(ranked.c.job_id, ranked.c.step)
        )
    )


def alike(
    connection: Connection,
    job_ids: Sequence[UUID],
    *,
    by: str,
    tag: str = "",
    creator: UUID | None,
    limit: int,
) -> list[Row]:
    """Other started jobs that share something with at least one of these, the newest first.

    `by` is `file` (of the same content, whatever it is called), `client`, `template`, or `tag` for
    those that have `tag`. With a creator, only that person's jobs are looked at.
    """
    job = training_jobs.c
    owned = [] if creator is None else [job.created_by == creator]
    return list(
        connection.execute(
            select(job.id, job.name, job.status, job.created_at, users.c.name.label("creator_name"))
            .join(users, users.c.id == job.created_by)
            .where(
                _shares(by, tag, and_(job.id.in_(job_ids), *owned)),
                job.id.not_in(job_ids),
                job.queued_at.is_not(None),
                job.archived_at.is_(None),
                *owned,
            )
            .order_by(job.created_at.desc(), job.id)
            .limit(limit)
        )
    )


def _shares(by: str, tag: str, compared: ColumnElement[bool]) -> ColumnElement[bool]:
    """Raises KeyError for an unknown `by`."""
    if by == "tag":
        return training_jobs.c.tags.contains([tag])
    if by == "file":
        file = training_files.c
        digests = (
            select(file.content_hash)
            .join(training_jobs, training_jobs.c.training_file_id == file.id)
            .where(compared)
        )
        return training_jobs.c.training_file_id.in_(
            select(file.id).where(file.content_hash.in_(digests))
        )
    column = {"client": training_jobs.c.client_id, "template": training_jobs.c.template_id}[by]
    return column.in_(select(column).where(compared, column.is_not(None)))


def _attempts_so_far(job_ids: Sequence[UUID]) -> Any:
    """The columns of the jobs' attempts, with what those before each one have cost."""
    attempt = job_attempts.c
    spent = func.sum(attempt.cost).over(partition_by=attempt.job_id, order_by=attempt.number)
    return (
        select(
            attempt.job_id,
            attempt.number,
            attempt.started_at,
            attempt.hourly_rate,
            (spent - attempt.cost).label("before"),
        )
        .where(attempt.job_id.in_(job_ids))
        .subquery()
        .c
    )
