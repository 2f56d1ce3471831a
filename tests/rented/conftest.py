"""What stories of rented runs share: an installation that can rent, with somebody and a file."""

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row
from starlette.applications import Starlette
from starlette.testclient import TestClient

from lib.domain.people import Person
from lib.http.routes import ROUTES

_OF_A_WORKER = (
    *("DATABASE_URL", "DATA_DIR", "TRAINER_IMAGE", "PUBLIC_URL", "RENTED_BASE_MODEL"),
    *("RUNPOD_API_KEY", "RUNPOD_API_URL", "RUNPOD_GRAPHQL_URL"),
)


@pytest.fixture
def rents(
    installation: str,
    configure: Callable[..., None],
    tmp_path: Path,
    runpod: Any,
    person: Callable[..., Person],
    training_file: Callable[..., Row],
) -> tuple[Person, Row]:
    """Who rents in an installation of the test's own, and what is trained."""
    configure(
        DATA_DIR=tmp_path,
        TRAINER_IMAGE="registry.example.com/trainer:1",
        PUBLIC_URL="http://desk.example.com",
        RENTED_BASE_MODEL="tiny",
    )
    actor = person(limit="100000.00")
    return actor, training_file(conversations=6, actor=actor)


@pytest.fixture
def environment(rents: tuple[Person, Row]) -> Mapping[str, str]:
    """What a worker process of this installation has to be told."""
    return {name: os.environ[name] for name in _OF_A_WORKER}


@pytest.fixture
def desk() -> Iterator[TestClient]:
    """The routes that pods talk to."""
    with TestClient(Starlette(routes=list(ROUTES))) as client:
        yield client
