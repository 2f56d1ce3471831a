"""A desk that rents: the real worker, a real database and RunPod's stand-in, on one clock.

Nothing waits: a test moves the clock, and with it the pods. What a pod's trainer does is decided by
its `Life`; it brings its results over the desk's own routes, like a real one.
"""

import json
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
from pydantic import SecretStr
from sqlalchemy import Row, func, select

from lib import engines
from lib.db import budgets, jobs
from lib.db.connection import reading, transaction
from lib.db.tables import budget_audit_log, budget_reservations, job_attempts, training_jobs
from lib.domain.audit import ActionType
from lib.domain.offers import H100_PCIE, RUNPOD_ENGINE, Tier
from lib.domain.people import Person
from lib.domain.presets import hyperparameters
from lib.domain.states import TERMINAL, JobStatus
from lib.engines.names import parse_run_name
from lib.engines.runpod import RunPod
from lib.engines.runpod_client import RunPodClient
from lib.engines.runpod_planner import LINGER_SECONDS, RunPodPlanner
from lib.engines.runpod_setup import pod_prefix
from lib.services import billing
from lib.services.budgets import this_month
from lib.services.run_handles import handle
from lib.settings import settings
from lib.worker.leases import utc_now
from tests.fake_runpod.client import FakeRunPod

RATE = {Tier.ON_DEMAND: Decimal("2.39"), Tier.SPOT: Decimal("1.26")}
RESERVED, CAP = Decimal("20.00"), Decimal("22.00")


class Clock:
    """The one clock of worker, engine and pods."""

    def __init__(self, runpod: FakeRunPod) -> None:
        self._runpod = runpod
        self.now: datetime = utc_now().replace(microsecond=0)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> list[dict[str, Any]]:
        """All pods that there ever were, as they are then."""
        self.now += timedelta(seconds=seconds)
        return self._runpod.change(now=self.now.timestamp())


def open_engine(clock: Callable[[], datetime], linger_seconds: int = LINGER_SECONDS) -> RunPod:
    """RunPod as this installation is set up, without anything that an earlier one remembered."""
    key, chosen = settings().runpod_api_key, settings()
    assert key is not None
    client = RunPodClient(
        SecretStr(key.get_secret_value()),
        api_url=chosen.runpod_api_url,
        graphql_url=chosen.runpod_graphql_url,
        timeout=httpx.Timeout(5),
        log_timeout=httpx.Timeout(0.5),
        clock=clock,
    )
    return RunPod(
        client,
        RunPodPlanner(clock, linger_seconds),
        prefix=pod_prefix(),
        spot=chosen.runpod_spot,
        offers=tuple,
        clock=clock,
    )


def install(engine: RunPod, monkeypatch: Any) -> None:
    """RunPod is this engine, and the only one; whoever does so clears the cache in the end."""
    monkeypatch.setattr(engines, "_ENGINES", {RUNPOD_ENGINE: lambda: engine})
    engines.engine.cache_clear()


def read_the_bill(job: Row, attempt: Row) -> None:
    """Two looks, hours apart, that see the same."""
    runpod = engines.engine(RUNPOD_ENGINE)
    billed = runpod.bill(handle(attempt, job.gpu_pricing_tier), attempt.ended_at).billed
    for _ in range(2):
        billing.write(job.id, attempt.id, billed)


def queue_job(actor: Person, file: Row, tier: Tier, now: datetime, cap: Decimal = CAP) -> UUID:
    """A job as a start leaves it, on a GPU that is rented."""
    parameters = hyperparameters("conservative", {}).to_dict()
    with transaction() as connection:
        job_id = jobs.add(
            connection, training_file_id=file.id, created_by=actor.id, draft={}, name="Job"
        )
        job = jobs.lock(connection, job_id)
        assert job is not None
        jobs.transition(
            connection,
            job,
            JobStatus.QUEUED,
            "Started",
            configuration={"hyperparameters": parameters, "max_steps": None},
            engine=RUNPOD_ENGINE,
            gpu_type=H100_PCIE,
            gpu_pricing_tier=str(tier),
            gpu_hourly_rate=RATE[tier],
            estimated_cost_max=RESERVED,
            spending_cap=cap,
            budget_month=this_month(),
            queued_at=now,
        )
        budgets.reserve(
            connection, job_id=job_id, user_id=actor.id, month=this_month(), amount=RESERVED
        )
    return job_id


def job_rows(ids: Iterable[UUID]) -> list[Row]:
    with reading() as connection:
        wanted = select(training_jobs).where(training_jobs.c.id.in_(list(ids)))
        return list(connection.execute(wanted))


def attempts(job_id: UUID) -> list[Row]:
    with reading() as connection:
        return jobs.attempts(connection, job_id)


def all_ended(ids: Iterable[UUID]) -> bool:
    return all(job.status in TERMINAL for job in job_rows(ids))


def live_by_job(pods: Iterable[dict[str, Any]]) -> dict[UUID, list[str]]:
    """The names of the pods that really are there, by their job."""
    found: dict[UUID, list[str]] = {}
    for pod in pods:
        run = parse_run_name(pod["name"].partition(".")[2])
        if run is not None and not pod["deleted"]:
            found.setdefault(run[0], []).append(pod["name"])
    return found


def check_the_books(ids: Iterable[UUID]) -> None:
    """Each job's end was settled once, at what its attempts have cost."""
    ids = list(ids)
    with reading() as connection:
        for job in connection.execute(select(training_jobs).where(training_jobs.c.id.in_(ids))):
            reservation = connection.execute(
                select(budget_reservations).where(budget_reservations.c.job_id == job.id)
            ).one()
            cost = connection.scalar(
                select(func.sum(job_attempts.c.cost)).where(job_attempts.c.job_id == job.id)
            )
            settled = connection.scalar(
                select(func.count())
                .select_from(budget_audit_log)
                .where(
                    budget_audit_log.c.job_id == job.id,
                    budget_audit_log.c.action_type == ActionType.SETTLED,
                )
            )
            assert settled == 1, job.id
            assert reservation.settled_cost == job.actual_cost == (cost or 0), job.id


def event(kind: str, attempt: int, seq: int, at: datetime, **facts: Any) -> str:
    """A line of the trainer's, as a pod prints it."""
    told = at.isoformat(timespec="milliseconds")
    return json.dumps({"seq": seq, "attempt": attempt, "at": told, "kind": kind, **facts})
