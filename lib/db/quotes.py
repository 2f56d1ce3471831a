"""Queries about quotes."""

from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, insert, select

from lib.db.tables import quote_numbers, quotes


def next_number(connection: Connection, year: int) -> str:
    """`Q-2026-00042`; numbers are never given twice, gaps are possible."""
    number = connection.execute(select(quote_numbers.next_value())).scalar_one()
    return f"Q-{year}-{number:05d}"


def add(connection: Connection, **values: Any) -> UUID:
    return connection.execute(insert(quotes).values(**values).returning(quotes.c.id)).scalar_one()


def by_id(connection: Connection, quote_id: UUID) -> Row | None:
    return connection.execute(select(quotes).where(quotes.c.id == quote_id)).one_or_none()


def of_job(connection: Connection, job_id: UUID) -> list[Row]:
    """A job's quotes, newest first, without the documents themselves."""
    columns = [column for column in quotes.c if column.name != "pdf"]
    return list(
        connection.execute(
            select(*columns).where(quotes.c.job_id == job_id).order_by(quotes.c.created_at.desc())
        )
    )
