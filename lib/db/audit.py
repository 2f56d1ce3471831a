"""Queries about the audit log: its chain as texts, and its entries with the names they refer to."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    Text,
    and_,
    cast,
    func,
    or_,
    select,
    true,
)

from lib.db.tables import budget_audit_log, training_jobs, users
from lib.domain.audit import Entry, Filter

_STREAM = {"yield_per": 2_000}  # rows a round trip
row = budget_audit_log.c
_subject = users.alias("subject")
_actor = users.alias("actor")

#: The columns of the canonical text, in its order; each as the database itself writes it.
_FIELDS = (
    cast(row.id, Text),
    func.to_char(func.timezone("UTC", row.timestamp), 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    row.action_type,
    *(cast(column, Text) for column in (row.user_id, row.actor_id, row.job_id, row.amount)),
    row.justification,
    cast(row.details, Text),
    cast(row.ip_address, Text),
)


def chain(connection: Connection) -> Iterator[Entry]:
    """Every row in the order of its id, a few thousand in memory at a time."""
    rows = connection.execute(
        select(row.id, row.previous_hash, row.hash, *_FIELDS).order_by(row.id),
        execution_options=_STREAM,
    )
    for id_, previous_hash, hash_, *fields in rows:
        yield Entry(id_, tuple(fields), previous_hash, hash_)


def head(connection: Connection) -> Row | None:
    """The newest row's id, hash and moment."""
    return connection.execute(
        select(row.id, row.hash, row.timestamp).order_by(row.id.desc()).limit(1)
    ).one_or_none()


def id_of(connection: Connection, hash_: str) -> int | None:
    """The row with this hash, read from the whole log: there is no index for it."""
    return connection.scalar(select(row.id).where(row.hash == hash_).limit(1))


def count(connection: Connection) -> int:
    return connection.execute(select(func.count()).select_from(budget_audit_log)).scalar_one()


def page(
    connection: Connection,
    wanted: Filter,
    people: list[UUID] | None,
    *,
    after: int | None,
    limit: int,
) -> list[Row]:
    """At most `limit` entries from the one after `after` on; `people` None is everybody."""
    return list(connection.execute(_entries(wanted, people, after).limit(limit)))


def stream(connection: Connection, wanted: Filter, people: list[UUID] | None) -> Iterator[Row]:
    """All entries, a few thousand in memory at a time."""
    yield from connection.execute(_entries(wanted, people, None), execution_options=_STREAM)


def _entries(wanted: Filter, people: list[UUID] | None, after: int | None) -> Select[Any]:
    order = row.id if wanted.oldest_first else row.id.desc()
    return (
        select(
            budget_audit_log,
            _subject.c.name.label("user_name"),
            _subject.c.email.label("user_email"),
            _actor.c.name.label("actor_name"),
            _actor.c.email.label("actor_email"),
            training_jobs.c.name.label("job_name"),
        )
        .join(_subject, _subject.c.id == row.user_id)
        .join(_actor, _actor.c.id == row.actor_id)
        .outerjoin(training_jobs, training_jobs.c.id == row.job_id)
        .where(_wanted(wanted), _of(people), _beyond(after, wanted.oldest_first))
        .order_by(order)
    )


def _wanted(wanted: Filter) -> ColumnElement[bool]:
    tests: list[ColumnElement[bool]] = []
    if wanted.action is not None:
        tests.append(row.action_type == wanted.action)
    if wanted.person_id is not None:
        tests.append(or_(row.user_id == wanted.person_id, row.actor_id == wanted.person_id))
    if wanted.job_id is not None:
        tests.append(row.job_id == wanted.job_id)
    if wanted.since is not None:
        tests.append(row.timestamp >= wanted.since)
    if wanted.before is not None:
        tests.append(row.timestamp < wanted.before)
    if wanted.text:
        said = func.concat_ws("\n", row.justification, row.details["reason"].astext)
        tests.append(said.icontains(wanted.text, autoescape=True))
    return and_(true(), *tests)


def _of(people: list[UUID] | None) -> ColumnElement[bool]:
    return true() if people is None else or_(row.user_id.in_(people), row.actor_id.in_(people))


def _beyond(after: int | None, oldest_first: bool) -> ColumnElement[bool]:
    if after is None:
        return true()
    return row.id > after if oldest_first else row.id < after
