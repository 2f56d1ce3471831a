"""What the status page and /metrics count; every query reads indexes or small tables."""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Row, and_, func, select, text

from lib.db.budgets import RESERVED
from lib.db.tables import (
    activity_log,
    budget_reservations,
    job_attempts,
    outbox,
    periodic_tasks,
    training_files,
    training_jobs,
    workers,
)
from lib.domain.money import ZERO
from lib.domain.states import ACTIVE, JobStatus

#: Actions of the activity log.
BACKUP, ORPHAN, CALLBACK_REFUSED = "backup", "orphan_found", "callback_refused"


def now(connection: Connection) -> datetime:
    """The database's clock, by which leases and heartbeats live."""
    return connection.execute(select(func.now())).scalar_one()


def server(connection: Connection) -> tuple[str, int]:
    """The server's version, and the size of the database in bytes."""
    size = text("SELECT current_setting('server_version'), pg_database_size(current_database())")
    version, size_bytes = connection.execute(size).one()
    return version, size_bytes


def seen_workers(connection: Connection) -> list[Row]:
    return list(connection.execute(select(workers).order_by(workers.c.started_at)))


def jobs_by_state(connection: Connection) -> dict[str, int]:
    """All jobs, drafts included; a state that no job is in is not there."""
    status = training_jobs.c.status
    counted = select(status, func.count().label("number")).group_by(status)
    return {row.status: row.number for row in connection.execute(counted)}


def leased_jobs(connection: Connection) -> int:
    """How many jobs a worker holds at this moment."""
    job = training_jobs.c
    held = and_(job.lease_token.is_not(None), job.lease_expires_at > func.now())
    return connection.execute(
        select(func.count()).select_from(training_jobs).where(job.status.in_(ACTIVE), held)
    ).scalar_one()


def doubts(connection: Connection) -> Row:
    """Live attempts without an external id: how many, and since when the oldest."""
    row = job_attempts.c
    return connection.execute(
        select(func.count().label("number"), func.min(row.created_at).label("oldest")).where(
            row.ended_at.is_(None), row.external_id.is_(None)
        )
    ).one()


def not_ended(connection: Connection, within: timedelta) -> int:
    """Live runs that were to end longer ago than that: they may go on costing money."""
    job, attempt = training_jobs.c, job_attempts.c
    asked_at = func.coalesce(attempt.verdict_at, job.cancel_requested_at)
    return connection.execute(
        select(func.count())
        .select_from(job_attempts.join(training_jobs, attempt.job_id == job.id))
        .where(attempt.ended_at.is_(None), asked_at < func.now() - within)
    ).scalar_one()


def engines(connection: Connection) -> list[Row]:
    """Active jobs by engine: on it, waiting, since when the oldest waits, attempts that live."""
    job, attempt = training_jobs.c, job_attempts.c
    waits = job.status == JobStatus.QUEUED
    return list(
        connection.execute(
            select(
                job.engine,
                func.count().filter(~waits).label("on_engine"),
                func.count().filter(waits).label("waiting"),
                func.min(job.queued_at).filter(waits).label("oldest_waiting_at"),
                func.count(attempt.id).label("runs"),
            )
            .outerjoin(job_attempts, and_(attempt.job_id == job.id, attempt.ended_at.is_(None)))
            .where(job.status.in_(ACTIVE))
            .group_by(job.engine)
        )
    )


def last_failures(connection: Connection, within: timedelta) -> list[Row]:
    """The newest failed job of each engine, with its reason."""
    job = training_jobs.c
    return list(
        connection.execute(
            select(job.engine, job.failure_message, job.ended_at)
            .distinct(job.engine)
            .where(
                job.queued_at.is_not(None),
                job.ended_at > func.now() - within,
                job.status == JobStatus.FAILED,
            )
            .order_by(job.engine, job.ended_at.desc())
        )
    )


def orphans(connection: Connection, within: timedelta) -> Row:
    """Runs that no attempt knew of: how many, and when the last was found."""
    row = activity_log.c
    return connection.execute(
        select(
            func.count(row.subject.distinct()).label("number"), func.max(row.at).label("last")
        ).where(row.action == ORPHAN, row.at > func.now() - within)
    ).one()


def callbacks_refused(connection: Connection, within: timedelta) -> list[Row]:
    """Refused callbacks by their fault: how many rows, and when the last was written."""
    row = activity_log.c
    fault = row.details["fault"].astext
    return list(
        connection.execute(
            select(
                fault.label("fault"), func.count().label("number"), func.max(row.at).label("last")
            )
            .where(row.action == CALLBACK_REFUSED, row.at > func.now() - within)
            .group_by(fault)
        )
    )


def reserved(connection: Connection, engine: str) -> Decimal:
    """What the engine's active jobs may still cost, in dollars."""
    job = training_jobs.c
    held: Decimal = connection.execute(
        select(func.coalesce(func.sum(RESERVED), ZERO))
        .select_from(training_jobs)
        .join(budget_reservations, budget_reservations.c.job_id == job.id)
        .where(job.engine == engine, job.status.in_(ACTIVE))
    ).scalar_one()
    return held


def tasks(connection: Connection) -> list[Row]:
    return list(connection.execute(select(periodic_tasks).order_by(periodic_tasks.c.name)))


def mail(connection: Connection, channels: Collection[str]) -> Row:
    """The outbox by what becomes of it; `channels` are those that are connected."""
    row = outbox.c
    unsent = and_(row.sent_at.is_(None), row.failed_at.is_(None))
    waits = and_(unsent, row.channel.in_(channels))
    return connection.execute(
        select(
            func.count().filter(waits).label("waiting"),
            func.count().filter(and_(unsent, row.channel.not_in(channels))).label("kept"),
            func.count().filter(row.failed_at.is_not(None)).label("failed"),
            func.min(row.created_at).filter(waits).label("oldest_waiting_at"),
        ).where(row.sent_at.is_(None))
    ).one()


def stored_files(connection: Connection) -> tuple[int, int]:
    """Training files: how many, and their bytes as they came."""
    counted = select(
        func.count(), func.coalesce(func.sum(training_files.c.size_bytes), 0)
    ).select_from(training_files)
    count, size = connection.execute(counted).one()
    return count, int(size)


def backups(connection: Connection) -> tuple[Row | None, Row | None]:
    """The last attempt at a backup, and the last one that succeeded."""
    row = activity_log.c
    tried = select(activity_log).where(row.action == BACKUP).order_by(row.at.desc()).limit(1)
    return (
        connection.execute(tried).one_or_none(),
        connection.execute(tried.where(row.succeeded)).one_or_none(),
    )


def row_counts(connection: Connection) -> dict[str, int]:
    """How many rows each table has, to compare a restored database with its backup."""
    names = connection.scalars(
        text(
            "SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema() "
            "ORDER BY tablename"
        )
    )
    return {
        name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()  # noqa: S608  quoted by the server
        for name in list(names)
    }
