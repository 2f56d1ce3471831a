"""Queries about the workers' heartbeats."""

from datetime import timedelta

from sqlalchemy import Connection, func, select

from lib.db.tables import workers


def any_seen(connection: Connection, within: timedelta) -> bool:
    """Whether a worker has shown a sign of life that recently, by the database's clock."""
    seen = select(workers.c.id).where(workers.c.seen_at > func.now() - within)
    return bool(connection.scalar(select(seen.exists())))
