"""An installation of its own for every test, with a queue of jobs and an engine to run them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import Row, update

from lib import engines
from lib.db import budgets, jobs
from lib.db.connection import reading, transaction
from lib.db.tables import budget_reservations, training_jobs
from lib.domain.presets import hyperparameters
from lib.domain.states import JobStatus
from lib.services.budgets import this_month
from lib.worker import launching
from tests.worker.fake_engine import FakeEngine

RESERVED = Decimal("9.00")


@pytest.fixture(autouse=True)
def data_dir(installation, configure, tmp_path):
    """A data folder and a database that no other test uses."""
    configure(DATA_DIR=tmp_path, TRAINER_THREADS=1)
    return tmp_path


@pytest.fixture
def hasty(monkeypatch):
    """Nothing waits longer than it has to."""
    monkeypatch.setattr(launching, "DOUBT_SECONDS", 0)
    monkeypatch.setattr(launching, "BACKOFF", timedelta())


@pytest.fixture
def fake(hasty, monkeypatch):
    """An obedient engine in the place of the local one."""
    engine = FakeEngine()
    monkeypatch.setitem(engines._ENGINES, "local", lambda: engine)
    engines.engine.cache_clear()
    yield engine
    engines.engine.cache_clear()


@pytest.fixture
def queue(person, training_file) -> Callable[..., UUID]:
    """`queue(rate="36.00")`: a job as `services.jobs.start` leaves it, on one file for all."""
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


def job_row(job_id: UUID) -> Row:
    with reading() as connection:
        return jobs.by_id(connection, job_id)


def attempts_of(job_id: UUID) -> list[Row]:
    with reading() as connection:
        return jobs.attempts(connection, job_id)


def events_of(job_id: UUID) -> list[Row]:
    with reading() as connection:
        return jobs.events(connection, job_id)


def states_of(job_id: UUID) -> list[str]:
    """The states that the job has been in, in order."""
    return [event.to_status for event in events_of(job_id) if event.to_status]


def settled_cost(job_id: UUID) -> Decimal | None:
    with reading() as connection:
        return (
            connection.execute(
                budget_reservations.select().where(budget_reservations.c.job_id == job_id)
            )
            .one()
            .settled_cost
        )


def ask_to_cancel(job_id: UUID) -> None:
    with transaction() as connection:
        jobs.write(connection, job_id, cancel_requested_at=datetime.now(UTC))


def let_leases_run_out() -> None:
    """What time does after a worker was killed."""
    with transaction() as connection:
        connection.execute(
            update(training_jobs)
            .where(training_jobs.c.lease_expires_at.is_not(None))
            .values(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
