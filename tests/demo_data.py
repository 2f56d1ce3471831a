"""A database filled with demo data, once a session; each test gets a copy of its own."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from lib.db import connection as db
from lib.db import users
from lib.demo.fill import fill
from lib.domain.people import Person, Role
from lib.settings import settings

JOBS, SEED = 150, 7
NOW = datetime.now(UTC)
_numbers = count(1)


@pytest.fixture(scope="session")
def demo_template(database: Any) -> str:
    """The name of the filled database."""
    name = "demo_template"
    database.execute(f"CREATE DATABASE {name} TEMPLATE pristine")
    with pytest.MonkeyPatch.context() as patch:
        _use(database, name, patch)
        fill(SEED, JOBS, now=NOW)
        db.dispose()
    settings.cache_clear()
    return name


@pytest.fixture
def demo(demo_template: str, database: Any) -> Iterator[Callable[[str], Person]]:
    """An installation full of demo data; `demo("liam")` is the person with that address."""
    name = f"demo_{next(_numbers)}"
    database.execute(f"CREATE DATABASE {name} TEMPLATE {demo_template}")
    with pytest.MonkeyPatch.context() as patch:
        _use(database, name, patch)
        yield _person
        db.dispose()
    settings.cache_clear()
    database.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _use(database: Any, name: str, patch: pytest.MonkeyPatch) -> None:
    url = database.url.set(database=name, drivername="postgresql")
    db.dispose()
    patch.setenv("DATABASE_URL", url.render_as_string(hide_password=False))
    settings.cache_clear()


def _person(name: str) -> Person:
    with db.reading() as connection:
        user = users.by_email(connection, f"{name}@example.com")
    assert user is not None
    return Person(user.id, user.email, user.name, Role(user.role))
