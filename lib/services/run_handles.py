"""A run as its engine knows it, from what the database says of it."""

from sqlalchemy import Row

from lib.domain.offers import Tier
from lib.engines.base import RunHandle


def handle(attempt: Row, tier: str | None) -> RunHandle:
    """The handle of an attempt; `tier` is its job's `gpu_pricing_tier`."""
    return RunHandle(
        name=attempt.external_name,
        job_id=attempt.job_id,
        attempt=attempt.number,
        external_id=attempt.external_id,
        hourly_rate=attempt.hourly_rate,
        started_at=attempt.started_at,
        hinted=attempt.hinted_at is not None,
        tier=Tier(tier) if tier else None,
    )
