"""Queries about mail and chat: written in the transaction of what they tell, sent afterwards.

Leases live by the database's clock, as in `lib.db.work`, whose `renew` prolongs them. A mail is
delivered at least once: a worker that dies after the server took it leaves a lease that runs out,
and the next one sends it again under the same Message-ID.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, insert, select, update

from lib.db import leasing
from lib.db.tables import outbox, users

#: The columns of the list; the two bodies are read one mail at a time.
_LISTED = [column for column in outbox.c if column.name not in ("body_text", "body_html")]


def add(connection: Connection, **values: Any) -> UUID:
    """A mail that is due at once."""
    return connection.execute(insert(outbox).values(**values).returning(outbox.c.id)).scalar_one()


def lease_due(
    connection: Connection, token: UUID, lease: timedelta, channels: Collection[str]
) -> Row | None:
    """The mail of these channels that has been due longest and nobody sends, held by `token` now.

    The attempt is counted here, so that one which ends a worker is counted too.
    """
    row = outbox.c
    due = (
        row.sent_at.is_(None),
        row.failed_at.is_(None),
        row.due_at <= func.now(),
        row.channel.in_(channels),
    )
    return leasing.take(
        connection, row.id, token, lease, *due, first=(row.due_at,), attempts=row.attempts + 1
    )


def sent(connection: Connection, mail_id: UUID, token: UUID) -> bool:
    """The server has taken it."""
    return _finish(connection, mail_id, token, sent_at=func.now(), error=None)


def postpone(
    connection: Connection, mail_id: UUID, token: UUID, pause: timedelta, error: str
) -> bool:
    """To be tried again after a pause."""
    return _finish(connection, mail_id, token, due_at=func.now() + pause, error=error)


def give_up(connection: Connection, mail_id: UUID, token: UUID, error: str) -> bool:
    """Never to be tried again, unless somebody asks for it."""
    return _finish(connection, mail_id, token, failed_at=func.now(), error=error)


def _finish(connection: Connection, mail_id: UUID, token: UUID, **values: Any) -> bool:
    """Writes how an attempt ended, if `token` still holds the mail."""
    return leasing.finish(connection, outbox.c.id, mail_id, token, **values)


def try_again(connection: Connection, mail_id: UUID) -> bool:
    """A mail that was given up is due once more; False where there is none."""
    return (
        connection.execute(
            update(outbox)
            .where(outbox.c.id == mail_id, outbox.c.failed_at.is_not(None))
            .values(
                failed_at=None,
                error=None,
                attempts=0,
                due_at=func.now(),
                created_at=func.now(),
            )
        ).rowcount
        == 1
    )


def by_id(connection: Connection, mail_id: UUID) -> Row | None:
    return connection.execute(
        select(outbox, users.c.name.label("recipient_name"))
        .outerjoin(users, users.c.id == outbox.c.recipient_id)
        .where(outbox.c.id == mail_id)
    ).one_or_none()


def newest(connection: Connection, limit: int) -> list[Row]:
    """The newest mails without their bodies."""
    return list(
        connection.execute(
            select(*_LISTED, users.c.name.label("recipient_name"))
            .outerjoin(users, users.c.id == outbox.c.recipient_id)
            .order_by(outbox.c.created_at.desc(), outbox.c.id)
            .limit(limit)
        )
    )
