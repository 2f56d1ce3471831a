"""Offers: what an hour on which GPU costs, where the figure comes from, can it be bought today."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from types import MappingProxyType


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


@dataclass(frozen=True)
class Offer:
    """One way to run a job: engine, GPU, tier and price, and whether it can be bought now.

    `unavailable` says in plain words why the offer cannot be started today; it can be quoted
    all the same. `fetched_at` is None for published figures: nobody fetched them.
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

    @property
    def key(self) -> str:
        """Stable name of the offer inside a draft: engine, GPU and tier, not the price."""
        return f"{self.engine}/{self.gpu}/{self.tier}"

    @property
    def is_local(self) -> bool:
        return self.tier is Tier.LOCAL

    @property
    def title(self) -> str:
        return f"{self.gpu_title}, {TIER_TITLES[self.tier]}"


TIER_TITLES: Mapping[Tier, str] = MappingProxyType(
    {Tier.SPOT: "spot", Tier.ON_DEMAND: "on demand", Tier.LOCAL: "own hardware"}
)

LOCAL_ENGINE = "local"
H100_PCIE = "H100_PCIE_80GB"
SPOT_KEY = f"runpod/{H100_PCIE}/{Tier.SPOT}"
ON_DEMAND_KEY = f"runpod/{H100_PCIE}/{Tier.ON_DEMAND}"
LOCAL_KEY = f"{LOCAL_ENGINE}/this-machine/{Tier.LOCAL}"
NOT_CONNECTED = (
    "RunPod is not connected in this installation, so this offer can be quoted but not started. "
    "Rehearse the same configuration on this machine."
)


def published_offers() -> tuple[Offer, ...]:
    """The rates printed in FR1.1.3: $2.49 spot and $7.99 on demand, never fetched."""
    return tuple(
        Offer(
            engine="runpod",
            gpu=H100_PCIE,
            gpu_title="H100 PCIe 80GB",
            tier=tier,
            hourly_rate=rate,
            source=RateSource.PUBLISHED,
            vram_gb=80,
            unavailable=NOT_CONNECTED,
        )
        for tier, rate in ((Tier.SPOT, Decimal("2.49")), (Tier.ON_DEMAND, Decimal("7.99")))
    )


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


def enough_memory(offer: Offer, needed_gb: int, preset_title: str) -> str | None:
    """Why the preset does not fit on the offer's GPU (FR1.1.2: VRAM check), or None."""
    if offer.vram_gb is None or offer.vram_gb >= needed_gb:
        return None
    return (
        f"{preset_title} needs {needed_gb} GB of GPU memory and {offer.gpu_title} has "
        f"{offer.vram_gb} GB. Choose a smaller preset or a larger GPU."
    )
