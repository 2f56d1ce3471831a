"""Queries about calibrations: their fits, the runs they learn from, the adopted card durations."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Integer, Row, delete, func, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import (
    calibrations,
    installation,
    job_attempts,
    training_files,
    training_jobs,
    users,
)
from lib.domain.states import JobStatus

NEWEST_RUNS = 200  # of a place: older ones say less, and a fit stays a matter of seconds
_CARDS = "adopted_card_durations"  # the key in `installation`
_LOCK = 7_206_012  # any constant: fits come one after the other


def lock(connection: Connection) -> None:
    """Held until the transaction ends: each fit sees what the one before has put in use."""
    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def active(connection: Connection) -> Row | None:
    """The version in use: revision, model, back_test."""
    row = calibrations.c
    return connection.execute(
        select(row.revision, row.model, row.back_test)
        .where(row.adopted)
        .order_by(row.revision.desc())
        .limit(1)
    ).one_or_none()


def model_in_use(connection: Connection) -> dict[str, Any] | None:
    """The coefficients in use alone: read for every estimate, so without the back-test."""
    row = calibrations.c
    return connection.scalar(
        select(row.model).where(row.adopted).order_by(row.revision.desc()).limit(1)
    )


def newest(connection: Connection) -> Row | None:
    """The last fit, adopted or not, and `due`: whether a month has passed since."""
    row = calibrations.c
    month_ago = func.now() - text("interval '1 month'")
    return connection.execute(
        select(row.runs, (row.fitted_at < month_ago).label("due"))
        .order_by(row.revision.desc())
        .limit(1)
    ).one_or_none()


def everything(connection: Connection, limit: int = 200) -> Sequence[Row]:
    """All fits, newest first, with the name of who asked for each (None: the monthly task)."""
    return connection.execute(
        select(calibrations, users.c.name.label("fitted_by_name"))
        .outerjoin(users, users.c.id == calibrations.c.fitted_by)
        .order_by(calibrations.c.revision.desc())
        .limit(limit)
    ).all()


def add(connection: Connection, **values: Any) -> Row:
    return connection.execute(insert(calibrations).values(**values).returning(calibrations)).one()


def finished_runs(connection: Connection, newest_runs: int = NEWEST_RUNS) -> Sequence[Row]:
    """The newest runs of each place that were completed in one go, and what they trained.

    `hours` are those of the attempt itself where it is known: the job's own column is rounded to a
    third of a second, and a rehearsal takes a few of them.
    """
    job, file = training_jobs.c, training_files.c
    attempts = (
        select(
            job_attempts.c.job_id,
            func.sum(
                func.extract("epoch", job_attempts.c.ended_at - job_attempts.c.started_at)
            ).label("seconds"),
        )
        .group_by(job_attempts.c.job_id)
        .subquery()
    )
    seconds = func.nullif(attempts.c.seconds, 0)
    ranked = (
        select(
            job.id,
            job.engine,
            job.gpu_type,
            job.configuration["base_model"].astext.label("base_model"),
            job.preset,
            _epochs().cast(Integer).label("epochs"),
            func.coalesce(seconds / 3600, job.actual_duration_hours).label("hours"),
            file.conversation_count,
            file.training_pairs,
            file.tokens["tokens_total"].as_integer().label("tokens"),
            func.row_number()
            .over(partition_by=(job.engine, job.gpu_type), order_by=(job.ended_at.desc(), job.id))
            .label("age"),
        )
        .join(training_files, file.id == job.training_file_id)
        .outerjoin(attempts, attempts.c.job_id == job.id)
        .where(*_usable())
        .subquery()
    )
    return connection.execute(select(ranked).where(ranked.c.age <= newest_runs)).all()


def count_runs(connection: Connection) -> int:
    """How many runs there are to learn from."""
    return connection.execute(
        select(func.count()).select_from(training_jobs.join(training_files)).where(*_usable())
    ).scalar_one()


def compared_jobs(connection: Connection, limit: int = 1000) -> Sequence[Row]:
    """The newest completed jobs whose estimate can be held against the actual, newest first."""
    job = training_jobs.c
    return connection.execute(
        select(
            job.name,
            job.created_by,
            job.gpu_type,
            job.configuration["gpu_title"].astext.label("gpu_title"),
            job.preset,
            job.estimated_duration_hours.label("estimated"),
            job.actual_duration_hours.label("actual"),
            job.ended_at,
        )
        .where(
            job.status == JobStatus.COMPLETED,
            job.estimated_duration_hours > 0,
            job.actual_duration_hours > 0,
        )
        .order_by(job.ended_at.desc(), job.id)
        .limit(limit)
    ).all()


def cards(connection: Connection) -> dict[str, Any] | None:
    """Who adopted the published card durations and when; None where nobody has."""
    found = connection.scalar(select(installation.c.value).where(installation.c.key == _CARDS))
    return orjson.loads(found) if found else None


def adopt_cards(connection: Connection, adopted_by: UUID, facts: Mapping[str, Any]) -> None:
    value = orjson.dumps({"adopted_by": str(adopted_by), **facts}).decode()
    connection.execute(
        upsert(installation).values(key=_CARDS, value=value).on_conflict_do_nothing()
    )


def withdraw_cards(connection: Connection) -> None:
    connection.execute(delete(installation).where(installation.c.key == _CARDS))


def _usable() -> tuple[Any, ...]:
    """A run to learn from: completed, in one go, from the first step to the last, work known."""
    job, file = training_jobs.c, training_files.c
    return (
        job.status == JobStatus.COMPLETED,
        job.checkpoint_recovery_count == 0,
        job.actual_duration_hours > 0,
        job.configuration["max_steps"].astext.is_(None),
        job.continues_id.is_(None),
        _epochs().regexp_match("^[1-9][0-9]{0,3}$"),
        file.training_pairs > 0,
        file.conversation_count > 0,
    )


def _epochs() -> Any:
    return training_jobs.c.configuration["hyperparameters"]["num_train_epochs"].astext
