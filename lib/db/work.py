"""The worker's own queries: attempts, the order of launches, metrics, its heartbeat."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Connection,
    Row,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db import leasing
from lib.db.tables import job_attempts, job_metrics, measurements, training_jobs, workers
from lib.domain.money import ZERO
from lib.domain.recovery import Outcome
from lib.domain.states import ACTIVE, JobStatus

#: States in which a job has its place on the engine; a recovering one keeps it.
_ON_ENGINE = ACTIVE - {JobStatus.QUEUED}


def free_jobs(connection: Connection) -> list[UUID]:
    """The active jobs that nobody holds, in the order in which they were queued."""
    job = training_jobs.c
    return list(
        connection.scalars(
            select(job.id)
            .where(job.status.in_(ACTIVE), leasing.is_free(job.id))
            .order_by(job.queued_at, job.id)
        )
    )


def lease_job(connection: Connection, job_id: UUID, token: UUID, lease: timedelta) -> Row | None:
    """The job, now held by `token`, if it is still active and nobody holds it."""
    job = training_jobs.c
    wanted = (job.id == job_id, job.status.in_(ACTIVE))
    return leasing.take(connection, job.id, token, lease, *wanted, first=(job.id,))


def held_job(connection: Connection, job_id: UUID, token: UUID) -> Row | None:
    """The job's row, locked until the transaction ends, if `token` still holds it."""
    return connection.execute(
        select(training_jobs)
        .where(training_jobs.c.id == job_id, training_jobs.c.lease_token == token)
        .with_for_update()
    ).one_or_none()


def lock_engine(connection: Connection, engine: str) -> None:
    """Held until the transaction ends: who gets an engine's next place is decided one by one."""
    connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"engine {engine}"))))


def jobs_on_engine(connection: Connection, engine: str) -> int:
    """How many jobs have a place on the engine now."""
    return connection.execute(
        select(func.count())
        .select_from(training_jobs)
        .where(training_jobs.c.engine == engine, training_jobs.c.status.in_(_ON_ENGINE))
    ).scalar_one()


def jobs_before(connection: Connection, job: Row) -> int:
    """How many jobs wait for the same engine and were queued earlier."""
    other = training_jobs.c
    return connection.execute(
        select(func.count())
        .select_from(training_jobs)
        .where(
            other.engine == job.engine,
            other.status == JobStatus.QUEUED,
            other.cancel_requested_at.is_(None),
            (other.queued_at < job.queued_at)
            | ((other.queued_at == job.queued_at) & (other.id < job.id)),
        )
    ).scalar_one()


def measurement_goes_first(connection: Connection, engine: str, queued_at: datetime) -> bool:
    """Whether the engine is being measured, or a measurement was asked for before `queued_at`."""
    row = measurements.c
    return bool(
        connection.scalar(
            select(
                select(row.config_key)
                .where(
                    row.engine == engine,
                    row.status == "pending",
                    or_(row.lease_expires_at > func.now(), row.requested_at < queued_at),
                )
                .exists()
            )
        )
    )


def newest_attempt(connection: Connection, job_id: UUID) -> Row | None:
    """The job's last attempt; the only one that can be live (its `ended_at` is then None)."""
    return connection.execute(
        select(job_attempts)
        .where(job_attempts.c.job_id == job_id)
        .order_by(job_attempts.c.number.desc())
        .limit(1)
    ).one_or_none()


def hint_followed(connection: Connection, attempt_id: UUID, hinted_at: datetime) -> None:
    """The run was looked at; a hint that came since then stays."""
    connection.execute(
        update(job_attempts)
        .where(job_attempts.c.id == attempt_id, job_attempts.c.hinted_at == hinted_at)
        .values(hinted_at=None)
    )


def add_attempt(connection: Connection, **values: Any) -> Row:
    return connection.execute(insert(job_attempts).values(**values).returning(job_attempts)).one()


def write_attempt(connection: Connection, attempt_id: UUID, **values: Any) -> None:
    connection.execute(update(job_attempts).where(job_attempts.c.id == attempt_id).values(**values))


def write_run(connection: Connection, attempt: Row, external_id: str, **values: Any) -> None:
    """The attempt's run is known by its id; it has cost money from its order on."""
    write_attempt(
        connection,
        attempt.id,
        external_id=external_id,
        started_at=attempt.created_at,
        **values,
    )


def cost_of_attempts(connection: Connection, job_id: UUID) -> Decimal:
    """What all attempts of the job have cost together, in dollars."""
    return connection.execute(
        select(func.coalesce(func.sum(job_attempts.c.cost), Decimal("0.00"))).where(
            job_attempts.c.job_id == job_id
        )
    ).scalar_one()


def hours_of_attempts(connection: Connection, job_id: UUID) -> Decimal | None:
    """How long all ended attempts of the job ran together; None where none has."""
    row = job_attempts.c
    seconds = func.sum(func.extract("epoch", row.ended_at - row.started_at))
    return connection.execute(
        select(func.round(seconds / 3600, 6)).where(row.job_id == job_id)
    ).scalar_one()


def live_run_names(connection: Connection, engine: str) -> set[str]:
    return set(
        connection.scalars(
            select(job_attempts.c.external_name).where(
                job_attempts.c.engine == engine, job_attempts.c.ended_at.is_(None)
            )
        )
    )


def uncharged_run_names(connection: Connection, engine: str) -> list[str]:
    """Runs that were given up within a day, were there all the same, and are not charged yet."""
    row = job_attempts.c
    return list(
        connection.scalars(
            select(row.external_name).where(
                row.engine == engine,
                row.outcome == Outcome.LOST,
                func.coalesce(row.external_id, row.claimed_id).is_not(None),
                row.ended_at > func.now() - timedelta(days=1),
                row.hourly_rate > ZERO,
                row.cost == ZERO,
            )
        )
    )


def write_metrics(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """One row a step; a step that a resumed attempt trains again replaces the earlier one."""
    statement = upsert(job_metrics)
    replaced = {
        column.name: statement.excluded[column.name]
        for column in job_metrics.c
        if not column.primary_key
    }
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["job_id", "step"],
            set_=replaced,
            where=job_metrics.c.attempt <= statement.excluded.attempt,
        ),
        list(rows),
    )


def worker_seen(
    connection: Connection, worker_id: UUID, host: str, pid: int, forget_after: timedelta
) -> None:
    """Marks a worker as alive, and forgets those that have not been seen for long."""
    connection.execute(
        upsert(workers)
        .values(id=worker_id, host=host, pid=pid)
        .on_conflict_do_update(index_elements=["id"], set_={"seen_at": func.now()})
    )
    connection.execute(delete(workers).where(workers.c.seen_at < func.now() - forget_after))


def remove_worker(connection: Connection, worker_id: UUID) -> None:
    connection.execute(delete(workers).where(workers.c.id == worker_id))
