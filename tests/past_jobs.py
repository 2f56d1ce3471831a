"""Rows of jobs that ended in the past, whatever the engine: history without waiting for it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, insert, select

from lib.db.connection import transaction
from lib.db.tables import budget_reservations, training_jobs
from lib.domain.draft import new_draft
from lib.domain.estimate import published_estimate
from lib.domain.offers import H100_PCIE, ON_DEMAND_KEY, SPOT_KEY, Tier, published_offers
from lib.domain.people import Person
from lib.domain.presets import PRESETS


def insert_past_job(
    actor: Person,
    file: Row,
    *,
    engine: str = "runpod",
    gpu: str = H100_PCIE,
    tier: str = "spot",
    preset: str = "balanced",
    status: str = "completed",
    estimated_hours: str | Decimal = "10",
    actual_hours: str | Decimal = "10",
    days_ago: float = 1,
    recoveries: int = 0,
    base_model: str | None = None,
    **columns: Any,
) -> UUID:
    """One ended job: the rate is the published one of the tier, nothing on this machine."""
    rates = {offer.tier: offer.hourly_rate for offer in published_offers()}
    rate = rates.get(Tier(tier), Decimal("0.00"))
    estimated, actual = Decimal(estimated_hours), Decimal(actual_hours)
    ended_at = datetime.now(UTC) - timedelta(days=days_ago)
    draft = new_draft(str(file.id), file.name, file.conversation_count, ended_at.date())
    estimate = published_estimate(
        training_pairs=1, preset=preset, epochs=1, offer=published_offers()[0]
    ).to_dict() | {
        "duration_hours": estimated,
        "gpu_compute": estimated * rate,
        "spot_buffer": Decimal("0.00"),
        "total": estimated * rate,
        "hourly_rate": rate,
        "tier": tier,
    }
    base_model = base_model or ("tiny" if engine == "local" else "70b")
    values = {
        "training_file_id": file.id,
        "created_by": actor.id,
        "status": status,
        "draft": draft.to_dict()
        | {
            "preset": preset,
            "offer_key": {"spot": SPOT_KEY, "on_demand": ON_DEMAND_KEY}.get(tier, ""),
        },
        "name": f"{preset} {tier} {days_ago}",
        "preset": preset,
        "engine": engine,
        "gpu_type": gpu,
        "gpu_pricing_tier": tier,
        "gpu_hourly_rate": rate,
        "estimate": estimate,
        "estimated_duration_hours": estimated,
        "estimated_cost_min": estimated * rate * Decimal("0.85"),
        "estimated_cost_max": estimated * rate * Decimal("1.15"),
        "estimation_algorithm_version": 1,
        "budget_month": ended_at.date().replace(day=1),
        "queued_at": ended_at - timedelta(hours=float(actual)),
        "started_at": ended_at - timedelta(hours=float(actual)),
        "ended_at": ended_at,
        "actual_duration_hours": actual,
        "actual_cost": actual * rate,
        "checkpoint_recovery_count": recoveries,
        "configuration": {
            "hyperparameters": PRESETS[preset].hyperparameters.to_dict(),
            "overrides": {},
            "max_steps": None,
            "base_model": base_model,
        },
    } | columns
    with transaction() as connection:
        return connection.execute(
            insert(training_jobs).values(**values).returning(training_jobs.c.id)
        ).scalar_one()


def book(job_id: UUID, *, held: str = "50.00", running: bool = False) -> None:
    """Makes a past job count in its month, by the reservation that its start would have made."""
    with transaction() as connection:
        job = connection.execute(select(training_jobs).where(training_jobs.c.id == job_id)).one()
        connection.execute(
            insert(budget_reservations).values(
                job_id=job_id,
                user_id=job.created_by,
                month=job.budget_month,
                amount=Decimal(held),
                settled_at=None if running else job.ended_at,
                settled_cost=None if running else job.actual_cost,
            )
        )
