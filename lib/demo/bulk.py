"""Many rows at once, through PostgreSQL's COPY: a million in the time of some thousand INSERTs."""

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import psycopg
from psycopg import sql
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql import JSONB


def copy_rows(connection: Connection, table: Table, rows: Iterable[Mapping[str, Any]]) -> int:
    """Inserts rows that all have the same columns, in the caller's transaction; how many."""
    copied = 0
    iterator = iter(rows)
    first = next(iterator, None)
    if first is None:
        return 0
    names = list(first)
    as_json = {at for at, name in enumerate(names) if isinstance(table.c[name].type, JSONB)}
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        row: Mapping[str, Any] | None = first
        while row is not None:
            copy.write_row(
                [
                    _json(row[name]) if at in as_json and row[name] is not None else row[name]
                    for at, name in enumerate(names)
                ]
            )
            copied += 1
            row = next(iterator, None)
    return copied


def _json(value: Any) -> str:
    """Amounts are kept exact, as strings, as lib/db/connection.py keeps them."""
    return orjson.dumps(value, default=str).decode()
