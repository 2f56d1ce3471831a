"""The recommendation of FR1.1.3: its rules, their order, its words, and the question it asks."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.money import usd
from lib.domain.offers import Tier
from lib.domain.recommendation import high_cost_question, recommend

LONG = "Long training run - on-demand guarantees completion"
URGENT = "Urgent deadline - guaranteed completion"
ELSE = "Cost-effective choice for most training runs"

HOURS = st.decimals("0.01", 400, places=2)
DOLLARS = st.decimals(0, 5000, places=2)
REMAINING = st.decimals(-1000, 5000, places=2)
DEADLINES = st.none() | st.decimals(-48, 500, places=2)


@pytest.mark.parametrize(
    ("hours", "spot", "on_demand", "remaining", "deadline", "tier", "message"),
    [
        # nothing special
        ("12", "30", "96", "500", None, Tier.SPOT, ELSE),
        ("12", "30", "96", "500", "24", Tier.SPOT, ELSE),
        # length and cost, at their edges
        ("20", "50", "160", "500", None, Tier.SPOT, ELSE),
        ("20.01", "50", "160", "500", None, Tier.ON_DEMAND, LONG),
        ("12", "150", "480", "500", None, Tier.SPOT, ELSE),
        ("12", "150.01", "480", "500", None, Tier.ON_DEMAND, LONG),
        # a long run goes before an empty budget
        ("21", "52", "168", "0", None, Tier.ON_DEMAND, LONG),
        # the budget, at its edge
        ("12", "30", "96", "96", None, Tier.SPOT, ELSE),
        (
            *("12", "30", "96", "95.99", None),
            *(Tier.SPOT, "Budget optimization - spot instances save $66.00"),
        ),
        # the budget goes before the deadline
        (
            *("12", "30.5", "96", "-3", "2"),
            *(Tier.SPOT, "Budget optimization - spot instances save $65.50"),
        ),
        # the deadline, at its edge, and one that has passed
        ("12", "30", "96", "500", "23.99", Tier.ON_DEMAND, URGENT),
        ("12", "30", "96", "500", "-1", Tier.ON_DEMAND, URGENT),
        # spot that saves nothing is no way to save
        ("12", "96", "96", "50", "2", Tier.ON_DEMAND, URGENT),
    ],
)
def test_the_first_rule_that_applies_decides(
    hours: str,
    spot: str,
    on_demand: str,
    remaining: str,
    deadline: str | None,
    tier: Tier,
    message: str,
) -> None:
    found = recommend(
        Decimal(hours),
        Decimal(spot),
        Decimal(on_demand),
        Decimal(remaining),
        None if deadline is None else Decimal(deadline),
    )
    assert (found.tier, found.message) == (tier, message)


@given(HOURS, DOLLARS, DOLLARS, REMAINING, DEADLINES)
def test_the_order_holds_for_all_figures(hours, spot, on_demand, remaining, deadline) -> None:
    found = recommend(hours, spot, on_demand, remaining, deadline)
    if hours > 20 or spot > 150:
        assert (found.tier, found.message) == (Tier.ON_DEMAND, LONG)
    elif remaining < on_demand and spot < on_demand:
        assert found.tier is Tier.SPOT
        assert found.message == (
            f"Budget optimization - spot instances save {usd(on_demand - spot)}"
        )
    elif deadline is not None and deadline < 24:
        assert (found.tier, found.message) == (Tier.ON_DEMAND, URGENT)
    else:
        assert (found.tier, found.message) == (Tier.SPOT, ELSE)


@given(HOURS, DOLLARS, DOLLARS, REMAINING)
def test_a_deadline_never_moves_anybody_to_spot(hours, spot, on_demand, remaining) -> None:
    without = recommend(hours, spot, on_demand, remaining, None)
    near = recommend(hours, spot, on_demand, remaining, Decimal(1))
    assert not (without.tier is Tier.ON_DEMAND and near.tier is Tier.SPOT)


def test_on_demand_above_150_dollars_is_asked_about_in_the_words_of_the_requirement() -> None:
    assert high_cost_question(Decimal("50"), Decimal("150")) is None
    assert high_cost_question(Decimal("60.25"), Decimal("200.50")) == (
        "High-Cost On-Demand Instance - Estimated cost: $200.50. Spot instance would save "
        "$140.25. Are you sure?"
    )
