"""Queries about offers: every batch ever fetched is kept, the newest one is what is offered now."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Row, func, insert, select

from lib.db.tables import gpu_offers
from lib.domain.offers import Offer, RateSource, Stock, Tier


def store(connection: Connection, offers: Iterable[Offer], fetched_at: datetime) -> None:
    """One batch: what an engine offered at a moment."""
    connection.execute(
        insert(gpu_offers),
        [
            {
                "engine": offer.engine,
                "gpu": offer.gpu,
                "gpu_title": offer.gpu_title,
                "tier": str(offer.tier),
                "hourly_rate": offer.hourly_rate,
                "source": str(offer.source),
                "vram_gb": offer.vram_gb,
                "stock": offer.stock and str(offer.stock),
                "unavailable": offer.unavailable,
                "fetched_at": fetched_at,
            }
            for offer in offers
        ],
    )


def newest(connection: Connection, engine: str) -> list[Offer]:
    """The engine's newest batch; empty where nothing has been fetched."""
    row = gpu_offers.c
    batch = select(func.max(row.fetched_at)).where(row.engine == engine).scalar_subquery()
    found = connection.execute(
        select(gpu_offers).where(row.engine == engine, row.fetched_at == batch).order_by(row.id)
    )
    return [_offer(one) for one in found]


def last(connection: Connection, engine: str, gpu: str, tier: str) -> Offer | None:
    """The offer as it was fetched last, whether or not it is still offered."""
    row = gpu_offers.c
    found = connection.execute(
        select(gpu_offers)
        .where(row.engine == engine, row.gpu == gpu, row.tier == tier)
        .order_by(row.fetched_at.desc())
        .limit(1)
    ).one_or_none()
    return _offer(found) if found else None


def fetched_at(connection: Connection, engine: str) -> datetime | None:
    """When the engine's newest batch was fetched; None where none was."""
    return connection.execute(
        select(func.max(gpu_offers.c.fetched_at)).where(gpu_offers.c.engine == engine)
    ).scalar_one()


def rates(connection: Connection, offer: Offer, limit: int) -> list[Row]:
    """The offer's fetched rates, oldest first: `fetched_at`, `hourly_rate`, `stock`."""
    row = gpu_offers.c
    newest_first = (
        select(row.fetched_at, row.hourly_rate, row.stock)
        .where(
            row.engine == offer.engine,
            row.gpu == offer.gpu,
            row.tier == str(offer.tier),
            row.source == str(RateSource.PROVIDER),
        )
        .order_by(row.fetched_at.desc())
        .limit(limit)
    )
    return list(reversed(connection.execute(newest_first).all()))


def _offer(row: Row) -> Offer:
    published = row.source == RateSource.PUBLISHED
    return Offer(
        engine=row.engine,
        gpu=row.gpu,
        gpu_title=row.gpu_title,
        tier=Tier(row.tier),
        hourly_rate=row.hourly_rate,
        source=RateSource(row.source),
        vram_gb=row.vram_gb,
        fetched_at=None if published else row.fetched_at,
        unavailable=row.unavailable,
        stock=row.stock and Stock(row.stock),
    )
