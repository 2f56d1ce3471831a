"""Offers: what an hour on which GPU costs, where the figure comes from, can it be bought today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType
from typing import Any


class Tier(StrEnum):
    """How the GPU is paid for. `LOCAL` is this machine: nothing is rented."""

    SPOT = "spot"
    ON_DEMAND = "on_demand"
    LOCAL = "local"


class RateSource(StrEnum):
    """Where an hourly rate was read: the requirement's text, the provider, or our settings."""

    PUBLISHED = "published"
    PROVIDER = "provider"
    SETTING = "setting"


class Stock(StrEnum):
    """How many GPUs the provider says are free; it publishes levels, never a percentage."""

    NONE = "NONE"
    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


@dataclass(frozen=True)
class Offer:
    """One way to run a job: engine, GPU, tier and price, and whether it can be bought now.

    `unavailable` says in plain words why the offer cannot be started today; it can be quoted
    all the same. `fetched_at` is None for published figures: nobody fetched them. `stock` is None
    where the provider did not say.
    """

    engine: str
    gpu: str
    gpu_title: str
    tier: Tier
    hourly_rate: Decimal
    source: RateSource
    vram_gb: int | None = None  # None: not a GPU with a memory of its own
    fetched_at: datetime | None = None
    unavailable: str | None = None
    stock: Stock | None = None

    @property
    def key(self) -> str:
        """Stable name of the offer inside a draft: engine, GPU and tier, not the price."""
        return offer_key(self.engine, self.gpu, self.tier)

    @property
    def is_local(self) -> bool:
        return self.tier is Tier.LOCAL

    @property
    def title(self) -> str:
        return f"{self.gpu_title}, {TIER_TITLES[self.tier]}"

    @property
    def stock_warning(self) -> str | None:
        """FR1.1.3's warning in its words, with the level that the provider states."""
        tier = "on-demand" if self.tier is Tier.ON_DEMAND else str(self.tier)
        if self.stock is Stock.LOW:
            return (
                f"⚠ High {tier} demand currently (RunPod's stock: LOW) - longer "
                "provisioning time expected (5-10 minutes)"
            )
        if self.stock is Stock.NONE:
            return (
                f"⚠ No {tier} capacity currently (RunPod's stock: NONE) - a job "
                "would wait until a GPU is free"
            )
        return None


TIER_TITLES: Mapping[Tier, str] = MappingProxyType(
    {Tier.SPOT: "spot", Tier.ON_DEMAND: "on demand", Tier.LOCAL: "own hardware"}
)


def offer_key(engine: str, gpu: str, tier: Tier) -> str:
    return f"{engine}/{gpu}/{tier}"


LOCAL_ENGINE, RUNPOD_ENGINE = "local", "runpod"
H100_PCIE, H100_PCIE_TITLE = "H100_PCIE_80GB", "H100 PCIe 80GB"
SPOT_KEY = offer_key(RUNPOD_ENGINE, H100_PCIE, Tier.SPOT)
ON_DEMAND_KEY = offer_key(RUNPOD_ENGINE, H100_PCIE, Tier.ON_DEMAND)
LOCAL_KEY = offer_key(LOCAL_ENGINE, "this-machine", Tier.LOCAL)

PUBLISHED_RATES: Mapping[Tier, Decimal] = MappingProxyType(
    {Tier.SPOT: Decimal("2.49"), Tier.ON_DEMAND: Decimal("7.99")}
)
CHECKPOINT_STEPS = 100
RECOVERY_ATTEMPTS = 3
RECOVERY_MINUTES = 10
PROVISIONING_MINUTES = "2-5"  # as published; more where machines are scarce

NOT_CONNECTED = (
    "RunPod is not connected in this installation, so this offer can be quoted but not started. "
    "Rehearse the same configuration on this machine."
)
_NOT_YET = "RunPod is connected, but nothing can be started there yet"
RATES_NOT_READ = (
    f"{_NOT_YET}: its rates have not been read. The worker does that within the hour, Refresh "
    "rates at once."
)
NO_IMAGE = (
    f"{_NOT_YET}: set TRAINER_IMAGE to the trainer's image, as docs/operations.md describes it."
)
NO_ADDRESS = (
    f"{_NOT_YET}: set PUBLIC_URL to an address of this app that RunPod's machines can reach. They "
    "fetch their data there and bring their results."
)
NO_MODEL_TOKEN = (
    f"{_NOT_YET}: set HF_TOKEN, since the base model is a gated one, or RENTED_BASE_MODEL to one "
    "that is open."
)
SPOT_OFF = (
    "Spot is switched off in this installation (RUNPOD_SPOT=off), so this offer can be quoted but "
    "not started."
)
SPOT_NOT_READ = (
    "RunPod's price of spot has not been read lately, so nobody knows whether this account gets "
    "it. Refresh the rates; nothing else is taken in its place."
)
SPOT_WITHDRAWN = (
    "RunPod no longer offers spot instances of this GPU to this account. The rate shown is the "
    "published one, for comparison; nothing else is taken in its place."
)
SPOT_REFUSED = (
    "RunPod refused the order for a spot machine, so this account does not get any at present. "
    "Nothing else was rented in its place: choose on demand, or this machine."
)
NOT_LISTED = "RunPod does not list this GPU at present, so it cannot be rented."
NO_BALANCE = (
    "RunPod's account has no money left, so nothing can be started there. An admin has to top it "
    "up."
)
#: Reasons that lie in this installation alone: what it quotes can be had all the same.
OF_THIS_INSTALLATION = frozenset(
    {NOT_CONNECTED, RATES_NOT_READ, NO_IMAGE, NO_ADDRESS, NO_MODEL_TOKEN, SPOT_OFF, NO_BALANCE}
)


def published_offer(tier: Tier, unavailable: str | None = NOT_CONNECTED) -> Offer:
    """The H100 at the rate printed in FR1.1.3, $2.49 spot and $7.99 on demand, never fetched."""
    return Offer(
        engine=RUNPOD_ENGINE,
        gpu=H100_PCIE,
        gpu_title=H100_PCIE_TITLE,
        tier=tier,
        hourly_rate=PUBLISHED_RATES[tier],
        source=RateSource.PUBLISHED,
        vram_gb=80,
        unavailable=unavailable,
    )


def published_offers() -> tuple[Offer, ...]:
    """Both published offers, spot first."""
    return tuple(published_offer(tier) for tier in PUBLISHED_RATES)


def local_offer(hourly_rate: Decimal) -> Offer:
    """This machine: a real run on a small model, at the rate that the installation sets."""
    return Offer(
        engine=LOCAL_ENGINE,
        gpu="this-machine",
        gpu_title="This machine",
        tier=Tier.LOCAL,
        hourly_rate=hourly_rate,
        source=RateSource.SETTING,
    )


def enough_memory(offer: Offer, needed_gb: Decimal | int, preset_title: str) -> str | None:
    """Why the configuration does not fit on the offer's GPU (FR1.1.2: VRAM check), or None."""
    if offer.vram_gb is None or offer.vram_gb >= needed_gb:
        return None
    return (
        f"{preset_title} needs {needed_gb} GB of GPU memory and {offer.gpu_title} has "
        f"{offer.vram_gb} GB. Choose a smaller preset, a lower rank or a larger GPU."
    )


def sibling(offers: Sequence[Offer], offer: Offer, tier: Tier) -> Offer | None:
    """The offer of the same engine and GPU on another tier; None where there is none."""
    wanted = offer_key(offer.engine, offer.gpu, tier)
    return next((other for other in offers if other.key == wanted), None)


def offer_configuration(offer: Offer) -> dict[str, Any]:
    """What a job's configuration keeps of its offer, by the names of FR1.1.3.

    Spot: checkpoints and recovery; on demand: the guarantee. A run on this machine writes the same
    checkpoints.
    """
    kept = {
        "gpu_type": offer.gpu,
        "pricing_tier": str(offer.tier),
        "hourly_rate": offer.hourly_rate,
    }
    if offer.tier is Tier.ON_DEMAND:
        return {**kept, "guaranteed_completion": True}
    kept["checkpoint_interval_steps"] = CHECKPOINT_STEPS
    if offer.tier is Tier.SPOT:
        kept["max_recovery_attempts"] = RECOVERY_ATTEMPTS
        kept["recovery_timeout_minutes"] = RECOVERY_MINUTES
    return kept


def gpu_selection(
    offer: Offer, *, estimated_cost: Decimal, interruption_rate: Decimal
) -> dict[str, Any]:
    """The GPU selection as FR1.1.3 stores it in a job's configuration.

    `interruption_rate` is a share from 0 to 1 and counts on spot alone. Every run writes
    checkpoints, whatever its tier.
    """
    risk = interruption_rate * 100 if offer.tier is Tier.SPOT else Decimal(0)
    return {
        "gpu_pricing_tier": str(offer.tier),
        "hourly_rate": offer.hourly_rate,
        "estimated_cost": estimated_cost,
        "interruption_risk_percentage": risk,
        "checkpoint_enabled": True,
    }
