"""Queries about quotes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Select, func, insert, or_, select

from lib.db.tables import quote_numbers, quotes, training_jobs, users


def next_number(connection: Connection, year: int) -> str:
    """`Q-2026-00042`; numbers are never given twice, gaps are possible."""
    number = connection.execute(select(quote_numbers.next_value())).scalar_one()
    return f"Q-{year}-{number:05d}"


def add(connection: Connection, **values: Any) -> UUID:
    return connection.execute(insert(quotes).values(**values).returning(quotes.c.id)).scalar_one()


def by_id(connection: Connection, quote_id: UUID) -> Row | None:
    return connection.execute(select(quotes).where(quotes.c.id == quote_id)).one_or_none()


def id_of(connection: Connection, number: str) -> UUID | None:
    """The id behind a quote's number, in any case of letters."""
    return connection.execute(
        select(quotes.c.id).where(quotes.c.number == number.strip().upper())
    ).scalar_one_or_none()


def of_job(connection: Connection, job_id: UUID) -> list[Row]:
    """A job's quotes, newest first, without the documents themselves."""
    return list(
        connection.execute(_described().where(quotes.c.job_id == job_id).order_by(*_newest_first()))
    )


def listing(
    connection: Connection, *, owner: UUID | None = None, search: str = "", limit: int = 200
) -> list[Row]:
    """Quotes, newest first, for the jobs of one person or of all, without the documents.

    `search` is looked for, as plain text, in the number, job, client, project and maker.
    """
    query = _described()
    if owner is not None:
        query = query.where(training_jobs.c.created_by == owner)
    if search:
        fields = (
            quotes.c.number,
            quotes.c.job_name,
            quotes.c.client,
            quotes.c.project,
            users.c.name,
            users.c.email,
        )
        query = query.where(or_(*(field.icontains(search, autoescape=True) for field in fields)))
    return list(connection.execute(query.order_by(*_newest_first()).limit(limit)))


def of_client(
    connection: Connection,
    client_id: UUID,
    project_id: UUID | None,
    *,
    owner: UUID | None,
    limit: int = 50,
) -> list[Row]:
    """The newest quotes of the jobs for a client or a project, of one person's jobs or of all."""
    query = _described().where(training_jobs.c.client_id == client_id)
    if project_id is not None:
        query = query.where(training_jobs.c.project_id == project_id)
    if owner is not None:
        query = query.where(training_jobs.c.created_by == owner)
    return list(connection.execute(query.order_by(*_newest_first()).limit(limit)))


def _described() -> Select:
    """Quotes with who made them, the job's state, and their place in the line of its quotes.

    `revision` counts from 1; `replaced_by` is the number of the newest quote of the job, None for
    that one itself.
    """
    line = quotes.alias("line")
    of_same_job = select(func.count()).where(line.c.job_id == quotes.c.job_id)
    later = (
        select(line.c.number)
        .where(line.c.job_id == quotes.c.job_id, _after(line, quotes))
        .order_by(*_newest_first(line))
        .limit(1)
    )
    return (
        select(
            *(column for column in quotes.c if column.name != "pdf"),
            users.c.name.label("maker_name"),
            users.c.email.label("maker_email"),
            training_jobs.c.status.label("job_status"),
            of_same_job.where(~_after(line, quotes)).scalar_subquery().label("revision"),
            later.scalar_subquery().label("replaced_by"),
        )
        .join(users, users.c.id == quotes.c.created_by)
        .join(training_jobs, training_jobs.c.id == quotes.c.job_id)
    )


def _after(one: Any, other: Any) -> Any:
    return or_(
        one.c.created_at > other.c.created_at,
        (one.c.created_at == other.c.created_at) & (one.c.number > other.c.number),
    )


def _newest_first(table: Any = quotes) -> Sequence[Any]:
    return table.c.created_at.desc(), table.c.number.desc()
