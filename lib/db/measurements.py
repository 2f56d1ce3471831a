"""Queries about measurements: a few real steps of a configuration, run once and remembered."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import measurements


def by_key(connection: Connection, config_key: str) -> Row | None:
    return connection.execute(
        select(measurements).where(measurements.c.config_key == config_key)
    ).one_or_none()


def ask(connection: Connection, config_key: str, engine: str, request: Mapping[str, Any]) -> None:
    """Puts a measurement in the queue; asking twice is asking once, a failed one is tried again."""
    values = {"status": "pending", "error": None, "requested_at": func.now(), "finished_at": None}
    connection.execute(
        upsert(measurements)
        .values(config_key=config_key, engine=engine, request=dict(request))
        .on_conflict_do_update(
            index_elements=["config_key"], set_=values, where=measurements.c.status == "failed"
        )
    )


def lease_pending(connection: Connection, token: UUID, expires_at: datetime) -> Row | None:
    """The newest question that no other worker holds: the user who asked last is waiting now."""
    candidate = (
        select(measurements.c.config_key)
        .where(
            measurements.c.status == "pending",
            or_(
                measurements.c.lease_expires_at.is_(None),
                measurements.c.lease_expires_at < func.now(),
            ),
        )
        .order_by(measurements.c.requested_at.desc())
        .limit(1)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
    return connection.execute(
        update(measurements)
        .where(measurements.c.config_key == candidate)
        .values(lease_token=token, lease_expires_at=expires_at)
        .returning(measurements)
    ).one_or_none()


def finish(connection: Connection, config_key: str, token: UUID, **values: Any) -> bool:
    """Writes the result if `token` still holds the measurement."""
    return (
        connection.execute(
            update(measurements)
            .where(measurements.c.config_key == config_key, measurements.c.lease_token == token)
            .values(**values, finished_at=func.now(), lease_token=None, lease_expires_at=None)
        ).rowcount
        == 1
    )
