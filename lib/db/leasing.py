"""Leases: whose turn a row is, in any table with `lease_token` and `lease_expires_at`.

Leases live by the database's clock. A worker holds a row while its token is in it, and may lose
it only after the lease has run out; every write-back asks for the token first.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, ColumnElement, Connection, Row, func, or_, select, text, update


def take(
    connection: Connection,
    key: Column,
    token: UUID,
    lease: timedelta,
    *wanted: ColumnElement[bool],
    first: tuple[ColumnElement, ...],
    **values: Any,
) -> Row | None:
    """The row of `key`'s table that is `wanted`, free and `first` in order, now held by `token`.

    `values` are written with the lease. Rows that somebody else is just taking are passed over.
    """
    candidate = (
        select(key)
        .where(*wanted, is_free(key))
        .order_by(*first)
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return connection.execute(
        update(key.table)
        .where(key == candidate)
        .values(lease_token=token, lease_expires_at=func.now() + lease, **values)
        .returning(key.table)
    ).one_or_none()


def only_leases(connection: Connection) -> None:
    """Whoever waits for this transaction need not wait for the disk: it is about leases alone.

    A server that crashes right after it may forget one; its holder then writes nothing, or it runs
    out by itself. Whatever is committed later, on any connection, is not kept without it.
    """
    connection.execute(text("SET LOCAL synchronous_commit TO off"))


def no_longer_than(connection: Connection, lease: timedelta) -> None:
    """Whoever freezes in the middle of this transaction loses it, and with it all its locks.

    Otherwise everybody would wait for a process that is stopped, until it goes on.
    """
    milliseconds = lease // timedelta(milliseconds=1)
    connection.execute(text(f"SET LOCAL idle_in_transaction_session_timeout TO {milliseconds}"))


def is_free(key: Column) -> ColumnElement[bool]:
    """Whether nobody holds a row of `key`'s table, or no longer."""
    expires_at = key.table.c.lease_expires_at
    return or_(expires_at.is_(None), expires_at < func.now())


def renew(connection: Connection, key: Column, value: Any, token: UUID, lease: timedelta) -> bool:
    """Prolongs a lease; False where it has been lost."""
    return _write(connection, key, value, token, lease_expires_at=func.now() + lease)


def release(
    connection: Connection, key: Column, value: Any, token: UUID, pause: timedelta = timedelta()
) -> None:
    """Gives a row back, for anybody to take after a pause; nothing where the lease was lost."""
    _write(connection, key, value, token, lease_token=None, lease_expires_at=func.now() + pause)


def finish(connection: Connection, key: Column, value: Any, token: UUID, **values: Any) -> bool:
    """Writes the result and gives the row back, if `token` still holds it."""
    return _write(connection, key, value, token, lease_token=None, lease_expires_at=None, **values)


def _write(connection: Connection, key: Column, value: Any, token: UUID, **values: Any) -> bool:
    columns = key.table.c
    return (
        connection.execute(
            update(key.table).where(key == value, columns.lease_token == token).values(**values)
        ).rowcount
        == 1
    )
