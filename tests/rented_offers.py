"""Rented offers that can be started today, and jobs that wait for one of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from lib.db import jobs, work
from lib.db import offers as stored
from lib.db.connection import transaction
from lib.domain.offers import (
    H100_PCIE,
    H100_PCIE_TITLE,
    RUNPOD_ENGINE,
    Offer,
    RateSource,
    Stock,
    Tier,
)
from lib.domain.people import Person
from lib.domain.presets import PRESETS
from lib.domain.states import JobStatus
from lib.engines.names import run_name
from tests.past_jobs import book, insert_past_job

H200, B200 = "H200_SXM", "B200"


def rented(
    gpu: str = H100_PCIE,
    tier: Tier = Tier.SPOT,
    rate: str = "2.49",
    *,
    gb: int = 80,
    stock: Stock = Stock.HIGH,
) -> Offer:
    return Offer(
        engine=RUNPOD_ENGINE,
        gpu=gpu,
        gpu_title=H100_PCIE_TITLE if gpu == H100_PCIE else gpu.replace("_", " "),
        tier=tier,
        hourly_rate=Decimal(rate),
        source=RateSource.PROVIDER,
        vram_gb=gb,
        fetched_at=datetime.now(UTC),
        stock=stock,
    )


SPOT, ON_DEMAND = rented(), rented(tier=Tier.ON_DEMAND, rate="7.99")


def can_be_rented(configure: Callable[..., None], *offers: Offer) -> None:
    """Sets RunPod up in an installation of the test's own, with these offers as its newest."""
    configure(
        RUNPOD_API_KEY="not-a-real-key",
        TRAINER_IMAGE="registry.example.com/trainer:1",
        PUBLIC_URL="https://desk.example.com",
        HF_TOKEN="not-a-real-token",
    )
    with transaction() as connection:
        stored.store(connection, offers, datetime.now(UTC))


def waiting_job(
    actor: Person, file: Row, *outcomes: str | None, status: str = "provisioning", **columns: Any
) -> UUID:
    """A job on spot whose attempts ended like this, a minute apart; None is one that goes on."""
    queued_at = datetime.now(UTC) - timedelta(minutes=len(outcomes))
    columns = {"progress": {}, "started_at": None} | columns
    job_id = insert_past_job(
        actor,
        file,
        status=status,
        queued_at=queued_at,
        ended_at=None,
        actual_duration_hours=None,
        actual_cost=Decimal("0.00"),
        configuration={
            "hyperparameters": PRESETS["balanced"].hyperparameters.to_dict(),
            "overrides": {},
            "max_steps": None,
            "base_model": "70b",
            "gpu_title": H100_PCIE_TITLE,
        },
        **columns,
    )
    book(job_id, running=True)
    with transaction() as connection:
        for at in (JobStatus.QUEUED, JobStatus(status)):
            jobs.record(connection, job_id, "status", f"Now {at}", to_status=at)
        for number, outcome in enumerate(outcomes, start=1):
            began = queued_at + timedelta(minutes=number - 1)
            ended = None if outcome is None else began + timedelta(seconds=1)
            work.add_attempt(
                connection,
                job_id=job_id,
                number=number,
                engine=RUNPOD_ENGINE,
                external_name=run_name(job_id, number),
                hourly_rate=Decimal("2.49"),
                created_at=began,
                ended_at=ended,
                outcome=outcome,
                retry_at=ended and datetime.now(UTC) + timedelta(seconds=40),
            )
    return job_id
