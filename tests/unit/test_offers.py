"""Offers: the published rates, and what cannot be bought says so."""

from decimal import Decimal

from lib.domain.offers import (
    LOCAL_KEY,
    ON_DEMAND_KEY,
    SPOT_KEY,
    RateSource,
    enough_memory,
    local_offer,
    published_offers,
)
from lib.domain.presets import PRESETS


def test_the_published_rates_are_marked_as_published() -> None:
    rates = {offer.key: str(offer.hourly_rate) for offer in published_offers()}
    assert rates == {SPOT_KEY: "2.49", ON_DEMAND_KEY: "7.99"}
    for offer in published_offers():
        assert offer.source is RateSource.PUBLISHED
        assert offer.fetched_at is None


def test_what_cannot_be_bought_today_says_why() -> None:
    assert all("not connected" in (offer.unavailable or "") for offer in published_offers())
    assert local_offer(Decimal(0)).unavailable is None


def test_a_key_names_the_offer_and_not_its_price() -> None:
    assert local_offer(Decimal(1)).key == local_offer(Decimal(2)).key == LOCAL_KEY


def test_every_preset_fits_on_the_published_gpu_and_none_on_a_small_one() -> None:
    spot = published_offers()[0]
    for preset in PRESETS.values():
        assert enough_memory(spot, preset.vram_gb, preset.title) is None
    refusal = enough_memory(spot, 81, "Balanced")
    assert refusal is not None
    assert "81 GB" in refusal


def test_this_machine_is_not_asked_for_gpu_memory() -> None:
    assert enough_memory(local_offer(Decimal(0)), 80, "Balanced") is None
