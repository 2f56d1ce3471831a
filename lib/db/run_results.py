"""Queries about what rented runs have brought home, and about the attempts that may do so."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sqlalchemy import Connection, Row, Select, delete, func, literal, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import job_attempts, run_results, training_jobs
from lib.domain.run_results import ADAPTER, Result
from lib.domain.states import ACTIVE

_result, _job = run_results.c, training_jobs.c


def attempt(connection: Connection, run: str) -> Row | None:
    """The attempt with this name."""
    return connection.execute(
        select(job_attempts).where(job_attempts.c.external_name == run)
    ).one_or_none()


def hold_attempt(connection: Connection, run: str) -> Row | None:
    """The attempt with this name; it is not ended by anybody until the transaction ends."""
    return connection.execute(
        select(job_attempts).where(job_attempts.c.external_name == run).with_for_update(read=True)
    ).one_or_none()


def hint(connection: Connection, attempt_id: UUID) -> bool:
    """Notes that a run has said that there is something to look at; False where it has ended."""
    hinted = connection.execute(
        job_attempts.update()
        .where(job_attempts.c.id == attempt_id, job_attempts.c.ended_at.is_(None))
        .values(hinted_at=func.now())
    )
    return hinted.rowcount == 1


def claim(connection: Connection, run: str, claimed_id: str) -> None:
    """Notes what a run says that its external id is, where nobody knows it; the first one stays."""
    row = job_attempts.c
    connection.execute(
        job_attempts.update()
        .where(row.external_name == run, row.external_id.is_(None), row.claimed_id.is_(None))
        .values(claimed_id=claimed_id)
    )


def put(connection: Connection, job_id: UUID, attempt: int, result: Result) -> None:
    """A result in the place of the one with the same name, if there is one."""
    values = {
        "attempt": attempt,
        "step": result.step,
        "size_bytes": result.size,
        "sha256": result.sha256,
        "stored_at": func.now(),
    }
    connection.execute(
        upsert(run_results)
        .values(job_id=job_id, name=result.name, **values)
        .on_conflict_do_update(index_elements=["job_id", "name"], set_=values)
    )


def named(connection: Connection, job_id: UUID, name: str) -> Row | None:
    return connection.execute(
        select(run_results).where(_result.job_id == job_id, _result.name == name)
    ).one_or_none()


def by_id(connection: Connection, result_id: UUID) -> Row | None:
    return connection.execute(select(run_results).where(_result.id == result_id)).one_or_none()


def of_job(connection: Connection, job_id: UUID) -> list[Row]:
    return list(connection.execute(select(run_results).where(_result.job_id == job_id)))


def checkpoints(connection: Connection, job_id: UUID) -> list[Row]:
    """Newest first: the last attempt's before those of earlier ones, then by step."""
    return list(
        connection.execute(
            select(run_results)
            .where(_result.job_id == job_id, _result.name != ADAPTER)
            .order_by(_result.attempt.desc(), _result.step.desc())
        )
    )


def line_of_checkpoints(connection: Connection, job_id: UUID) -> list[Row]:
    """The job's own checkpoints, newest first, then those of the job that it continues, …"""
    line = lineage(connection, job_id)
    return [row for one in line for row in checkpoints(connection, one)]


def lineage(connection: Connection, job_id: UUID) -> list[UUID]:
    """The job, the one that it continues, the one that that one continues, and so on."""
    above = (
        select(_job.id, _job.continues_id, literal(0).label("depth"))
        .where(_job.id == job_id)
        .cte("above", recursive=True)
    )
    above = above.union_all(
        select(_job.id, _job.continues_id, above.c.depth + 1).join_from(
            above, training_jobs, _job.id == above.c.continues_id
        )
    )
    return list(connection.scalars(select(above.c.id).order_by(above.c.depth)))


def remove(connection: Connection, result_ids: Collection[UUID]) -> None:
    connection.execute(delete(run_results).where(_result.id.in_(result_ids)))


def remove_of_jobs(connection: Connection, job_ids: Collection[UUID]) -> None:
    connection.execute(delete(run_results).where(_result.job_id.in_(job_ids)))


def known(connection: Connection, job_ids: Collection[UUID]) -> set[UUID]:
    """Those that are jobs of this installation."""
    return set(connection.scalars(select(_job.id).where(_job.id.in_(job_ids))))


def ended(connection: Connection, job_ids: Collection[UUID]) -> set[UUID]:
    """Those of the jobs that have ended."""
    return set(
        connection.scalars(select(_job.id).where(_job.id.in_(job_ids), _job.ended_at.is_not(None)))
    )


def no_longer_needed(
    connection: Connection, job_ids: Collection[UUID], kept: timedelta
) -> set[UUID]:
    """Those of the jobs that ended longer ago than `kept`, and that no active job continues."""
    return set(
        connection.scalars(
            select(_job.id).where(
                _job.id.in_(job_ids),
                _job.ended_at < func.now() - kept,
                _job.id.not_in(_continued()),
            )
        )
    )


def _continued() -> Select:
    """The ids of all jobs that an active job goes on from, however far back."""
    below = (
        select(_job.continues_id.label("id"))
        .where(_job.status.in_(ACTIVE), _job.continues_id.is_not(None))
        .cte("below", recursive=True)
    )
    below = below.union(
        select(_job.continues_id)
        .join_from(below, training_jobs, _job.id == below.c.id)
        .where(_job.continues_id.is_not(None))
    )
    return select(below.c.id)
