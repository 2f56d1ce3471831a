"""Queries about requests for a higher limit. Whoever decides holds the requester's budget row."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, text, update

from lib.db.tables import budget_requests, training_jobs, users
from lib.domain.people import MANAGING

_requester = users.alias("requester")
_approver = users.alias("approver")
_decider = users.alias("decider")
row = budget_requests.c

#: A request with the names that people know it by.
_NAMED = (
    select(
        budget_requests,
        _requester.c.name.label("requester_name"),
        _requester.c.email.label("requester_email"),
        _approver.c.name.label("approver_name"),
        _decider.c.name.label("decider_name"),
        training_jobs.c.name.label("job_name"),
    )
    .join(_requester, _requester.c.id == row.user_id)
    .outerjoin(_approver, _approver.c.id == row.approver_id)
    .outerjoin(_decider, _decider.c.id == row.decided_by)
    .outerjoin(training_jobs, training_jobs.c.id == row.job_id)
)
PENDING = row.status == "pending"


def add(connection: Connection, **values: Any) -> UUID:
    return connection.execute(
        insert(budget_requests).values(**values).returning(row.id)
    ).scalar_one()


def by_id(connection: Connection, request_id: UUID) -> Row | None:
    return connection.execute(_NAMED.where(row.id == request_id)).one_or_none()


def pending_of(connection: Connection, user_id: UUID) -> Row | None:
    """What a user is waiting for; a unique index allows one."""
    return connection.execute(_NAMED.where(PENDING, row.user_id == user_id)).one_or_none()


def withdrawn_today(connection: Connection, user_id: UUID) -> int:
    """How many the user has asked and taken back within the last 24 hours."""
    return connection.execute(
        select(func.count()).where(
            row.user_id == user_id,
            row.status == "withdrawn",
            row.created_at > func.now() - text("interval '1 day'"),
        )
    ).scalar_one()


def write(connection: Connection, request_id: UUID, **values: Any) -> None:
    connection.execute(update(budget_requests).where(row.id == request_id).values(**values))


def end(connection: Connection, request_id: UUID, status: str, **values: Any) -> bool:
    """Decides a pending request; False where that was done before."""
    return (
        connection.execute(
            update(budget_requests)
            .where(row.id == request_id, PENDING)
            .values(status=status, **values)
        ).rowcount
        == 1
    )


def pending(connection: Connection, approver_id: UUID | None) -> list[Row]:
    """What waits for one approver, or with None for anybody; oldest first."""
    for_whom: ColumnElement[bool] = PENDING
    if approver_id is not None:
        for_whom = and_(PENDING, row.approver_id == approver_id)
    return list(connection.execute(_NAMED.where(for_whom).order_by(row.created_at)))


def of_user(connection: Connection, user_id: UUID, limit: int) -> list[Row]:
    """All that a user has asked for, newest first."""
    return list(
        connection.execute(
            _NAMED.where(row.user_id == user_id).order_by(row.created_at.desc()).limit(limit)
        )
    )


def decided(connection: Connection, approver_id: UUID | None, limit: int) -> list[Row]:
    """What is no longer pending: of one approver, or with None of everybody; newest first."""
    ended: ColumnElement[bool] = row.status != "pending"
    if approver_id is not None:
        mine = or_(row.approver_id == approver_id, row.decided_by == approver_id)
        ended = and_(ended, mine)
    return list(
        connection.execute(_NAMED.where(ended).order_by(row.decided_at.desc()).limit(limit))
    )


def overdue(connection: Connection, now: datetime) -> list[Row]:
    """Pending ones that have expired."""
    return list(connection.execute(_NAMED.where(PENDING, row.expires_at <= now)))


def to_remind(connection: Connection, asked_before: datetime) -> list[Row]:
    """Pending ones that were asked for long ago and of which nobody was reminded."""
    return list(
        connection.execute(
            _NAMED.where(PENDING, row.reminded_at.is_(None), row.created_at <= asked_before)
        )
    )


def stranded(connection: Connection) -> list[Row]:
    """Pending ones whose approver is disabled, or may not decide any more."""
    usable = and_(_approver.c.disabled_at.is_(None), _approver.c.role.in_(MANAGING))
    return list(connection.execute(_NAMED.where(PENDING, or_(_approver.c.id.is_(None), ~usable))))
