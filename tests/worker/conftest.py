"""An installation of its own for every test, with a queue of jobs and an engine to run them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from lib import engines
from lib.db import budgets, jobs
from lib.db.connection import transaction
from lib.domain import recovery
from lib.domain.presets import hyperparameters
from lib.domain.states import JobStatus
from lib.services.budgets import this_month
from lib.worker import launching, leases
from tests.engines.helpers import standin_python
from tests.worker.fake_engine import FakeEngine

RESERVED = Decimal("9.00")


@pytest.fixture(autouse=True)
def data_dir(installation, configure, tmp_path):
    """A data folder and a database that no other test uses."""
    configure(DATA_DIR=tmp_path, TRAINER_THREADS=1)
    return tmp_path


class Clock:
    """A clock that a test moves: `clock.now += …`."""

    def __init__(self) -> None:
        self.now: datetime = leases.utc_now()

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hasty(monkeypatch):
    """Nothing waits longer than it has to."""
    monkeypatch.setattr(launching, "DOUBT", timedelta())
    monkeypatch.setattr(recovery, "AFTER_LOSS", timedelta())


@pytest.fixture
def fake(hasty, monkeypatch):
    """An obedient engine in the place of the local one."""
    engine = FakeEngine()
    monkeypatch.setitem(engines._ENGINES, "local", lambda: engine)
    engines.engine.cache_clear()
    yield engine
    engines.engine.cache_clear()


@pytest.fixture
def standin(data_dir, hasty, configure):
    """The local engine, with a trainer that does what the hyperparameters' plan says."""
    configure(TRAINER_PYTHON=standin_python(data_dir))
    engines.engine.cache_clear()


@pytest.fixture
def queue(person, training_file) -> Callable[..., UUID]:
    """`queue(rate="36.00")`: a job as `services.starting.start` leaves it, on one file for all."""
    actor = person()
    file = training_file(conversations=6, actor=actor)

    def put(*, rate: str = "0.00", epochs: int = 1, **configuration) -> UUID:
        now = datetime.now(UTC)
        parameters = hyperparameters("conservative", {"num_train_epochs": epochs}).to_dict()
        with transaction() as connection:
            job_id = jobs.add(
                connection, training_file_id=file.id, created_by=actor.id, draft={}, name="Job"
            )
            job = jobs.lock(connection, job_id)
            jobs.transition(
                connection,
                job,
                JobStatus.QUEUED,
                "Started",
                configuration={"hyperparameters": parameters, "max_steps": None, **configuration},
                engine="local",
                gpu_hourly_rate=Decimal(rate),
                estimated_cost_max=RESERVED,
                budget_month=this_month(),
                queued_at=now,
            )
            budgets.reserve(
                connection, job_id=job_id, user_id=actor.id, month=this_month(), amount=RESERVED
            )
        return job_id

    return put
