"""Offers: the published rates, and what cannot be bought says so."""

from dataclasses import replace
from decimal import Decimal

from lib.domain.offers import (
    LOCAL_KEY,
    ON_DEMAND_KEY,
    SPOT_KEY,
    RateSource,
    Stock,
    Tier,
    enough_memory,
    gpu_selection,
    local_offer,
    offer_configuration,
    published_offers,
    sibling,
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


def test_a_job_keeps_of_its_offer_what_the_requirement_names() -> None:
    spot, on_demand = published_offers()
    assert offer_configuration(spot) == {
        "gpu_type": "H100_PCIE_80GB",
        "pricing_tier": "spot",
        "hourly_rate": Decimal("2.49"),
        "checkpoint_interval_steps": 100,
        "max_recovery_attempts": 3,
        "recovery_timeout_minutes": 10,
    }
    assert offer_configuration(on_demand) == {
        "gpu_type": "H100_PCIE_80GB",
        "pricing_tier": "on_demand",
        "hourly_rate": Decimal("7.99"),
        "guaranteed_completion": True,
    }
    assert offer_configuration(local_offer(Decimal(0)))["checkpoint_interval_steps"] == 100


def test_the_selection_states_the_risk_of_spot_and_of_nothing_else() -> None:
    spot, on_demand = published_offers()
    figures = {"estimated_cost": Decimal("31.12"), "interruption_rate": Decimal("0.18")}
    assert gpu_selection(spot, **figures) == {
        "gpu_pricing_tier": "spot",
        "hourly_rate": Decimal("2.49"),
        "estimated_cost": Decimal("31.12"),
        "interruption_risk_percentage": Decimal("18.00"),
        "checkpoint_enabled": True,
    }
    assert gpu_selection(on_demand, **figures)["interruption_risk_percentage"] == 0


def test_scarce_stock_is_warned_about_with_the_level_that_was_stated() -> None:
    spot, on_demand = published_offers()
    assert replace(spot, stock=Stock.LOW).stock_warning == (
        "⚠ High spot demand currently (RunPod's stock: LOW) - longer provisioning time expected "
        "(5-10 minutes)"
    )
    none = replace(on_demand, stock=Stock.NONE).stock_warning
    assert none is not None and "No on-demand capacity currently (RunPod's stock: NONE)" in none
    for stock in (None, Stock.MEDIUM, Stock.HIGH):
        assert replace(spot, stock=stock).stock_warning is None


def test_the_other_tier_of_a_gpu_is_found_by_its_key() -> None:
    spot, on_demand = published_offers()
    other = replace(on_demand, gpu="NVIDIA H200")
    assert sibling((spot, other, on_demand), spot, Tier.ON_DEMAND) is on_demand
    assert sibling((spot, other), other, Tier.SPOT) is None
