"""Budget rules: nothing is allowed above the limit and its grace, alerts at 80 and 90 %."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.budget import (
    Budget,
    Verdict,
    alert,
    billing_month,
    decide,
    forecast,
    next_month,
)

AMOUNTS = st.decimals(0, 100_000, places=2)


def month(
    limit: str = "500.00", spent: str = "0.00", reserved: str = "0.00", grace: int = 10
) -> Budget:
    return Budget(
        month=date(2026, 11, 1),
        limit=Decimal(limit),
        grace_percent=Decimal(grace),
        spent=Decimal(spent),
        reserved=Decimal(reserved),
        active_jobs=0,
    )


@st.composite
def months(draw: st.DrawFn) -> Budget:
    return Budget(
        month=date(2026, 11, 1),
        limit=draw(AMOUNTS),
        grace_percent=draw(st.decimals(0, 100, places=2)),
        spent=draw(AMOUNTS),
        reserved=draw(AMOUNTS),
        active_jobs=draw(st.integers(0, 50)),
    )


@pytest.mark.parametrize(
    ("cost", "verdict"),
    [
        ("100.00", Verdict.WITHIN),  # to the last cent of the limit
        ("100.01", Verdict.GRACE),
        ("150.00", Verdict.GRACE),  # to the last cent of the grace
        ("150.01", Verdict.EXCEEDED),
    ],
)
def test_the_limit_and_the_grace_hold_to_the_cent(cost: str, verdict: Verdict) -> None:
    budget = month(spent="300.00", reserved="100.00")
    assert decide(budget, Decimal(cost)).verdict is verdict


@given(months(), AMOUNTS)
def test_nothing_that_costs_is_allowed_above_the_ceiling(budget: Budget, cost: Decimal) -> None:
    decision = decide(budget, cost)
    committed = budget.spent + budget.reserved + cost
    assert decision.projected == committed
    if cost:
        assert decision.allowed == (committed <= budget.ceiling)
        assert bool(decision.message) == (committed > budget.limit)


@given(months(), AMOUNTS, AMOUNTS)
def test_a_cheaper_job_is_never_refused_where_a_dearer_one_is_allowed(
    budget: Budget, one: Decimal, other: Decimal
) -> None:
    cheap, dear = sorted((one, other))
    assert decide(budget, cheap).allowed or not decide(budget, dear).allowed


@given(months())
def test_what_is_free_is_always_allowed(budget: Budget) -> None:
    assert decide(budget, Decimal("0.00")).verdict is Verdict.WITHIN


def test_a_refusal_names_the_cost_and_what_is_left() -> None:
    decision = decide(month(spent="450.00"), Decimal("193.28"))
    assert decision.message == (
        "Estimated cost ($193.28) exceeds remaining monthly budget ($50.00). Adjust configuration "
        "or increase budget limit."
    )


def test_a_job_within_the_grace_is_allowed_with_a_warning() -> None:
    decision = decide(month(spent="450.00"), Decimal("75.00"))
    assert decision.allowed
    assert decision.message == (
        "⚠ Slight Overage: This job will exceed budget by 5% ($525.00 total vs $500.00 limit). "
        "Proceeding allowed as within 10% grace period."
    )


def test_what_is_left_is_never_said_to_be_negative() -> None:
    assert "($0.00)" in decide(month(spent="540.00"), Decimal("20.00")).message


@pytest.mark.parametrize(
    ("spent", "said"),
    [
        ("399.00", None),
        (
            "400.00",
            "⚠ Budget Alert: You've used 80% of your monthly budget ($400.00 of $500.00). "
            "Remaining: $100.00 for this billing period (resets 2026-12-01).",
        ),
        (
            "450.00",
            "⚠ Critical Budget Alert: 90% of monthly budget used ($450.00 of $500.00). "
            "Only $50.00 remaining. Consider prioritizing essential training runs.",
        ),
    ],
)
def test_alerts_come_at_eighty_and_ninety_percent(spent: str, said: str | None) -> None:
    assert alert(month(spent=spent)) == said


def test_the_forecast_adds_the_job_to_what_is_spent_and_reserved() -> None:
    busy = replace(month(spent="300.00", reserved="100.00"), active_jobs=2)
    assert forecast(busy, Decimal("75.00")).text == (
        "Projected Monthly Spend: $475.00 (includes 2 active jobs + this job). "
        "Budget Limit: $500.00."
    )
    assert forecast(busy, Decimal("125.50")).text.endswith(
        "Budget Limit: $500.00. Projected Overage: $25.50"
    )


def test_a_budget_of_nothing_raises_no_alert() -> None:
    assert alert(month(limit="0.00")) is None


def test_the_billing_month_is_that_of_the_time_zone() -> None:
    moment = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
    assert billing_month(moment, ZoneInfo("UTC")) == date(2026, 11, 1)
    assert billing_month(moment, ZoneInfo("Europe/Berlin")) == date(2026, 12, 1)


def test_the_year_turns_after_december() -> None:
    assert next_month(date(2026, 12, 1)) == date(2027, 1, 1)
    assert next_month(date(2026, 1, 1)) == date(2026, 2, 1)
