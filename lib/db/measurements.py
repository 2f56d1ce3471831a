"""Queries about measurements: a few real steps of a configuration, run once and remembered."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db import leasing
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


def lease_pending(connection: Connection, token: UUID, lease: timedelta) -> Row | None:
    """The newest question that no other worker holds: the user who asked last is waiting now."""
    row = measurements.c
    newest = (row.requested_at.desc(),)
    pending = row.status == "pending"
    return leasing.take(connection, row.config_key, token, lease, pending, first=newest)


def finish(connection: Connection, config_key: str, token: UUID, **values: Any) -> bool:
    """Writes the result if `token` still holds the measurement."""
    key = measurements.c.config_key
    return leasing.finish(connection, key, config_key, token, finished_at=func.now(), **values)
