"""Which tier FR1.1.3 recommends for a job, and when choosing on demand is asked about once more."""

from dataclasses import dataclass
from decimal import Decimal

from lib.domain.money import ZERO, usd
from lib.domain.offers import Tier

LONG_RUN_HOURS = Decimal(20)
HIGH_COST = Decimal(150)
URGENT_HOURS = Decimal(24)


@dataclass(frozen=True)
class Recommendation:
    """A tier, and FR1.1.3's sentence that says why."""

    tier: Tier
    message: str


def recommend(
    hours: Decimal,
    spot_total: Decimal,
    on_demand_total: Decimal,
    budget_remaining: Decimal,
    hours_to_deadline: Decimal | None,
) -> Recommendation:
    """The rules of FR1.1.3 in its order; the first one that applies decides.

    FR1.1.3 does not say which tier's cost "estimated_cost > 150" is about. It is the spot estimate
    here: a job is dear where even the cheaper way is, and a long run is recommended on demand for
    its length rather than for a price that on demand itself makes. The budget rule recommends spot
    only where spot saves something. Amounts are dollars; without a deadline nothing is urgent.
    """
    if hours > LONG_RUN_HOURS or spot_total > HIGH_COST:
        return Recommendation(Tier.ON_DEMAND, "Long training run - on-demand guarantees completion")
    saved = on_demand_total - spot_total
    if budget_remaining < on_demand_total and saved > ZERO:
        return Recommendation(Tier.SPOT, f"Budget optimization - spot instances save {usd(saved)}")
    if hours_to_deadline is not None and hours_to_deadline < URGENT_HOURS:
        return Recommendation(Tier.ON_DEMAND, "Urgent deadline - guaranteed completion")
    return Recommendation(Tier.SPOT, "Cost-effective choice for most training runs")


def high_cost_question(spot_total: Decimal, on_demand_total: Decimal) -> str | None:
    """What is asked before an on-demand instance above $150 is chosen; None up to that."""
    if on_demand_total <= HIGH_COST:
        return None
    saved = max(on_demand_total - spot_total, ZERO)
    return (
        f"High-Cost On-Demand Instance - Estimated cost: {usd(on_demand_total)}. Spot instance "
        f"would save {usd(saved)}. Are you sure?"
    )
