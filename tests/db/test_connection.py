"""The embedded server dies: the caller is told so, and a later attempt finds it alive again."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from lib.db.connection import DatabaseUnavailable, reading, transaction
from lib.db.tables import users
from tests.conftest import make_person

PROJECT = Path(__file__).resolve().parents[2]

_KILL_AND_RETRY = """
import os, signal, time
from pathlib import Path
from sqlalchemy import text
from lib.db import connection as db

db.migrate()
pid_file = Path(os.environ["DATA_DIR"]) / "postgres" / "postmaster.pid"
os.kill(int(pid_file.read_text().split()[0]), signal.SIGKILL)
told = 0
for _ in range(100):
    try:
        with db.reading() as connection:
            users = connection.scalar(text("SELECT count(*) FROM users"))
        break
    except db.DatabaseUnavailable as error:
        assert "nothing was changed" in str(error), error
        told += 1
        time.sleep(0.1)
print("told", told > 0, "users", users)
"""


def test_a_killed_server_is_reported_and_started_again(open_folder: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(open_folder)}
    environment.pop("DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-c", _KILL_AND_RETRY],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == "told True users 0", done.stderr


def test_a_transaction_that_the_server_ends_while_it_idles_changed_nothing(database: Any) -> None:
    make_person()
    with (
        pytest.raises(DatabaseUnavailable, match="nothing was changed"),
        transaction() as connection,
    ):
        connection.execute(update(users).values(name="Somebody else"))
        connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '20ms'"))
        time.sleep(0.2)
        connection.execute(select(users))
    with reading() as connection:
        assert "Somebody else" not in set(connection.scalars(select(users.c.name)))


def test_a_reading_sees_one_moment_and_nothing_committed_meanwhile(database: Any) -> None:
    count = select(func.count()).select_from(users)
    with reading() as connection:
        before = connection.scalar(count)
        make_person()
        assert connection.scalar(count) == before
    with reading() as connection:
        assert connection.scalar(count) == before + 1
