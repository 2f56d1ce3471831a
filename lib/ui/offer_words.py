"""What the GPU page says about offers, in the words of FR1.1.3, every figure computed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType

from lib.domain.history import HISTORY_DAYS, INTERRUPTION_DAYS, History, Share
from lib.domain.money import ZERO, percent, usd
from lib.domain.offers import (
    CHECKPOINT_STEPS,
    RECOVERY_MINUTES,
    Offer,
    RateSource,
    Tier,
)
from lib.domain.usage import confidence_interval
from lib.services.estimates import Priced
from lib.services.offers import FRESH_FOR, Freshness
from lib.ui.moments import date_and_time

TOGGLE: Mapping[Tier, str] = MappingProxyType(
    {Tier.SPOT: "Spot Instance", Tier.ON_DEMAND: "On-Demand Instance"}
)
TITLES: Mapping[Tier, str] = MappingProxyType({**TOGGLE, Tier.LOCAL: "This machine"})
NO_HISTORY = "no history yet"


@dataclass(frozen=True)
class Sections:
    """What speaks for and against an offer; `badges` stand beside the price."""

    badges: Sequence[str]
    benefits: Sequence[str]
    trade_offs: Sequence[str]
    savings: str


def price_text(offer: Offer) -> str:
    return f"{usd(offer.hourly_rate)}/hr"


def sections(priced: Priced, other: Priced | None) -> Sections:
    """The sections of an offer's card. `other` is the same GPU on the other rented tier."""
    if priced.offer.tier is Tier.SPOT:
        return _spot(priced, other)
    if priced.offer.tier is Tier.ON_DEMAND:
        return _on_demand(priced, other)
    return _LOCAL


def rate_note(offer: Offer, now: datetime) -> str:
    """Where and when the rate was read."""
    if offer.source is RateSource.SETTING:
        return "the rate that this installation sets"
    read = "published default"
    if offer.fetched_at is not None:
        read = f"fetched {ago(offer.fetched_at, now)} from RunPod"
    return f"{'Current' if offer.tier is Tier.SPOT else 'Fixed'} rate, {read}"


def source_line(freshness: Freshness, now: datetime) -> str:
    """Where all rented rates come from, how old they are, and what went wrong since."""
    if freshness.fetched_at is None:
        line = "Published default rates"
        line += "; nothing has been fetched yet" if freshness.connected else ""
    else:
        line = f"Rates fetched {ago(freshness.fetched_at, now)} from RunPod"
        line += f" ({date_and_time(freshness.fetched_at)})"
        if now - freshness.fetched_at > FRESH_FOR + timedelta(hours=1):
            line += ", older than 24 hours"
    return f"{line}. Last attempt: {freshness.error}" if freshness.error else f"{line}."


def ago(moment: datetime, now: datetime) -> str:
    """`just now`, `12 min ago`, `3 h ago`, `2 d ago`."""
    minutes = int((now - moment).total_seconds() // 60)
    if minutes < 1:
        return "just now"
    if minutes < 60:
        return f"{minutes} min ago"
    hours = minutes // 60
    return f"{hours} h ago" if hours < 48 else f"{hours // 24} d ago"


def terms(spot: Priced | None, on_demand: Priced | None) -> dict[str, str]:
    """The technical terms and their explanations; how much more on demand costs is computed."""
    more = "more"
    if spot and on_demand:
        ratio = on_demand.offer.hourly_rate / spot.offer.hourly_rate
        ratio = ratio.quantize(Decimal("0.1"), ROUND_HALF_UP)
        more = f"{ratio.normalize():f}x more"
    return {
        "Spot Instance": "Unused datacenter capacity offered at discount - may be reclaimed if "
        "needed, but we automatically save progress and resume quickly",
        "On-Demand": "Dedicated GPU guaranteed for your job duration - no interruptions, but costs "
        f"{more}",
        "Checkpoint": f"Progress snapshot saved every {CHECKPOINT_STEPS} training steps - enables "
        "recovery from exact point if interrupted",
    }


def performance(history: History, tier: Tier) -> list[str]:
    """Success and interruptions over the windows of FR1.1.3, with how sure one can be."""
    name = {Tier.SPOT: "spot jobs", Tier.ON_DEMAND: "on-demand jobs", Tier.LOCAL: "runs here"}[tier]
    success = history.success(tier)
    lines = [f"Success rate: {NO_HISTORY}"]
    if success:
        low, high = confidence_interval(success)
        lines = [
            f"{_percent(success)} of {name} complete successfully "
            f"(based on last {HISTORY_DAYS} days)",
            f"{success.count} of {success.of}; {low:.0f}-{high:.0f}% with 95% confidence",
        ]
    if tier is Tier.SPOT:
        interrupted = history.interruptions()
        lines.append(
            f"{interrupted.percent:.0f}% interruption rate (last {INTERRUPTION_DAYS} days)"
            if interrupted
            else f"Interruption rate: {NO_HISTORY}"
        )
    return lines


def saved(spot: Priced | None, on_demand: Priced | None) -> Decimal | None:
    """What the job saves on spot, in dollars; None where one of them has no estimate."""
    if spot is None or on_demand is None or not spot.estimate or not on_demand.estimate:
        return None
    return on_demand.estimate.total - spot.estimate.total


def _spot(priced: Priced, on_demand: Priced | None) -> Sections:
    badges = []
    if on_demand:
        fixed = on_demand.offer.hourly_rate
        hourly = fixed - priced.offer.hourly_rate
        if hourly > ZERO:
            badges.append(f"Save {percent(hourly, fixed)}% ({usd(hourly)}/hr)")
    buffer = priced.estimate.spot_buffer if priced.estimate else ZERO
    overhead = f"; {usd(buffer)} of recovery time expected here" if buffer else ""
    return Sections(
        badges=badges,
        benefits=[
            f"Automatic recovery: Resume within {RECOVERY_MINUTES} minutes from last checkpoint "
            f"(saved every {CHECKPOINT_STEPS} steps)",
            "Best for non-urgent training, cost optimization",
        ],
        trade_offs=[
            f"10-30% interruption chance based on datacenter demand{overhead}",
            "The rate follows the market",
        ],
        savings=_compared(priced, on_demand, "on demand"),
    )


def _on_demand(priced: Priced, spot: Priced | None) -> Sections:
    return Sections(
        badges=["100% uptime guaranteed"],
        benefits=[
            f"Fixed rate {usd(priced.offer.hourly_rate)}/hr (no fluctuation)",
            "Zero interruption risk",
            "Finish exactly when estimated, no recovery delays",
            "Premium: Best for client deadlines, mission-critical training",
        ],
        trade_offs=["The highest price an hour"],
        savings=_compared(priced, spot, "spot"),
    )


def _compared(priced: Priced, other: Priced | None, name: str) -> str:
    """What this job saves against the other tier, in dollars and percent of the other's total."""
    if other is None or priced.estimate is None or other.estimate is None:
        return f"no {name} offer to compare with"
    amount = other.estimate.total - priced.estimate.total
    share = percent(abs(amount), other.estimate.total)
    if amount > ZERO:
        return f"{usd(amount)} less than {name} for this job ({share}%)"
    return f"none: {usd(-amount)} more than {name} for this job ({share}%)"


_LOCAL = Sections(
    badges=["Rehearsal"],
    benefits=[
        "A real run of this configuration on a small model",
        "Shows that file and settings work before money is spent",
        "Interrupted runs resume from their last checkpoint",
    ],
    trade_offs=["Says nothing about the quality or the time on a rented GPU"],
    savings="nothing is rented",
)


def _percent(share: Share) -> str:
    return f"{share.percent.normalize():f}%"
