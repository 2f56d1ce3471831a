"""The offers that a job can be priced and started on, and how they are kept up to date."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import activity, periodic, usage
from lib.db import offers as stored
from lib.db.connection import installed, reading, transaction
from lib.domain.offers import (
    NOT_CONNECTED,
    NOT_LISTED,
    RATES_NOT_READ,
    RUNPOD_ENGINE,
    SPOT_NOT_READ,
    SPOT_OFF,
    SPOT_WITHDRAWN,
    Offer,
    RateSource,
    Tier,
    local_offer,
    published_offers,
)
from lib.domain.people import MANAGING, Person
from lib.domain.presets import PRESETS
from lib.domain.usage import Usage
from lib.engines.errors import ProviderProblem
from lib.engines.runpod_catalog import fetch_offers
from lib.engines.runpod_setup import missing
from lib.services.errors import NotAllowed, Refusal
from lib.settings import settings

TASK = "offers"  # the periodic task's name
FRESH_FOR = timedelta(hours=24)  # FR1.1.3: fetched every 24 hours
SPOT_LATELY = timedelta(hours=48)  # a price of spot that is older says nothing about today
LEAST_PAUSE = timedelta(minutes=1)  # between two refreshes that people ask for
_LEAST_GB = min(preset.vram_gb for preset in PRESETS.values())


@dataclass(frozen=True)
class Freshness:
    """When the rented offers were read, and why they could not be at the last daily attempt.

    `fetched_at` is None for published rates.
    """

    connected: bool
    fetched_at: datetime | None
    error: str | None = None


def offers(connection: Connection | None = None, *, keep: str | None = None) -> tuple[Offer, ...]:
    """All offers, rented first: what RunPod offered last, and this machine.

    Where nothing has been fetched, or there is no database yet, the rented ones are the published
    H100 rates. One query, on the given connection if there is one. The offer whose key is `keep`,
    a draft's own, stays in the list after RunPod has dropped it, so that a draft is never priced on
    another one instead.
    """
    here = local_offer(settings().local_hourly_rate)
    if connection is None and installed():
        with reading() as own:
            return offers(own, keep=keep)
    if connection is None:
        return (*published_offers(), here)
    rented = stored.newest(connection, RUNPOD_ENGINE) or list(published_offers())
    if keep is not None and keep not in {here.key, *(offer.key for offer in rented)}:
        gone = _gone(connection, keep)
        rented += [gone] if gone else []
    now = datetime.now(UTC)
    return (*(_as_of_today(offer, now) for offer in rented), here)


def offer(key: str, connection: Connection | None = None) -> Offer:
    """The offer with this key. Raises Refusal where there never was one."""
    for candidate in offers(connection, keep=key):
        if candidate.key == key:
            return candidate
    raise Refusal("The GPU offer of this draft is no longer there. Choose another one.")


def freshness() -> Freshness:
    with reading() as connection:
        return Freshness(
            connected=_connected(),
            fetched_at=stored.fetched_at(connection, RUNPOD_ENGINE),
            error=periodic.last_error(connection, TASK),
        )


def refresh(actor: Person) -> datetime:
    """Reads RunPod's rates now, or leaves them where they are less than a minute old.

    Returns when they were read. Raises Refusal in plain words; the last good offers then stay.
    """
    if not _connected():
        raise Refusal("Set RUNPOD_API_KEY to read rates from RunPod; the rates are as published.")
    now = datetime.now(UTC)
    last = freshness().fetched_at
    if last is not None and now - last < LEAST_PAUSE:
        return last
    try:
        return _fetch(now, actor)
    except ProviderProblem as problem:
        with transaction() as connection:
            activity.record(
                connection,
                "offers_refreshed",
                actor_id=actor.id,
                succeeded=False,
                details={"reason": str(problem)},
            )
        raise Refusal(f"{problem} The rates are those read before.") from problem


def refresh_if_connected() -> None:
    """The periodic task: fetches once the newest batch is a day old. Raises ProviderProblem."""
    now = datetime.now(UTC)
    last = freshness()
    if last.connected and (last.fetched_at is None or now - last.fetched_at >= FRESH_FOR):
        _fetch(now, None)


def price_history(offer: Offer, limit: int = 400) -> list[Row]:
    """The offer's fetched rates, oldest first: `fetched_at`, `hourly_rate`, `stock`."""
    with reading() as connection:
        return stored.rates(connection, offer, limit)


def tier_usage(actor: Person, user_id: UUID) -> Usage:
    """How a person's ended jobs used the tiers. Raises NotAllowed for others than managers."""
    if user_id != actor.id and actor.role not in MANAGING:
        raise NotAllowed("Only managers see how others use GPUs.")
    with reading() as connection:
        return usage.of_person(connection, user_id)


def _connected() -> bool:
    return settings().runpod_api_key is not None


def _fetch(now: datetime, actor: Person | None) -> datetime:
    """Asks RunPod, outside any transaction, and keeps what some preset fits on as one batch."""
    key = settings().runpod_api_key
    assert key is not None
    found = fetch_offers(
        key,
        api_url=settings().runpod_api_url,
        graphql_url=settings().runpod_graphql_url,
        now=now,
        spot=settings().runpod_spot != "off",
    )
    large = [offer for offer in found if (offer.vram_gb or 0) >= _LEAST_GB]
    with transaction() as connection:
        stored.store(connection, large, now)
        activity.record(
            connection,
            "offers_refreshed",
            actor_id=actor.id if actor else None,
            details={"offers": len(large)},
        )
    return now


def _gone(connection: Connection, key: str) -> Offer | None:
    """An offer that was fetched once and is listed no longer."""
    engine, _, rest = key.replace("\x00", "").partition("/")
    gpu, _, tier = rest.rpartition("/")
    found = stored.last(connection, engine, gpu, tier)
    return found and replace(found, unavailable=NOT_LISTED)


def _as_of_today(offer: Offer, now: datetime) -> Offer:
    """The offer with what keeps it from being started now: RunPod's own reason comes first."""
    return replace(offer, unavailable=_reason(offer, now))


def _reason(offer: Offer, now: datetime) -> str | None:
    if not _connected():
        return NOT_CONNECTED
    if offer.tier is Tier.SPOT:
        return _reason_of_spot(offer, now) or missing()
    if offer.unavailable == NOT_CONNECTED:  # as published: nothing was ever fetched
        return RATES_NOT_READ
    return offer.unavailable or missing()


def _reason_of_spot(offer: Offer, now: datetime) -> str | None:
    """Spot is there where RunPod has lately named a price, or where an admin insists on it."""
    policy = settings().runpod_spot
    if policy == "off":
        return SPOT_OFF
    if policy == "on" and offer.unavailable in (None, NOT_CONNECTED, SPOT_WITHDRAWN, SPOT_NOT_READ):
        return None
    if offer.unavailable == NOT_CONNECTED:
        return RATES_NOT_READ
    if offer.unavailable is not None or offer.source is not RateSource.PROVIDER:
        return offer.unavailable or SPOT_WITHDRAWN
    lately = offer.fetched_at is not None and now - offer.fetched_at < SPOT_LATELY
    return None if lately else SPOT_NOT_READ
