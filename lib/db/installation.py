"""Facts about this installation as a whole, by key."""

from sqlalchemy import Connection, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import installation


def value(connection: Connection, key: str) -> str | None:
    return connection.scalar(select(installation.c.value).where(installation.c.key == key))


def put(connection: Connection, key: str, value: str) -> None:
    connection.execute(
        upsert(installation)
        .values(key=key, value=value)
        .on_conflict_do_update(index_elements=["key"], set_={"value": value})
    )
