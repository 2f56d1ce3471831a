"""The spending cap: its default, what is left of it in seconds, when it is near and reached."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.budget import Budget, decide
from lib.domain.money import CENT, ZERO
from lib.domain.spending_cap import (
    allowance,
    check_cap,
    committed,
    default_cap,
    is_near,
    low_cap_warning,
    reached,
    reached_message,
    refusal,
    seconds_left,
    used_percent,
)

D = Decimal
MONTH = Budget(
    month=date(2026, 11, 1),
    limit=D("100.00"),
    grace_percent=D(10),
    spent=D("40.00"),
    reserved=D("10.00"),
    active_jobs=1,
)
amounts = st.decimals(0, 10_000, places=2)
rates = st.decimals("0.01", 100, places=2)
percents = st.decimals(0, 100, places=2)


def cap_of(cost_max: str, allowed: str = "1000", grace: int = 10, rate: str = "1") -> D | None:
    return default_cap(D(cost_max), D(grace), D(allowed), D(rate))


def test_the_default_is_the_maximum_and_the_grace() -> None:
    assert cap_of("11.50") == D("12.65")
    assert cap_of("11.50", grace=0) == D("11.50")


def test_the_default_is_never_more_than_the_budget_allows() -> None:
    assert cap_of("11.50", allowed="12.00") == D("12.00")


def test_a_job_that_a_manager_lets_exceed_the_budget_has_its_maximum_and_no_grace() -> None:
    assert cap_of("11.50", allowed="3.00") == D("11.50")
    assert cap_of("11.50", allowed="-3.00") == D("11.50")


def test_there_is_no_cap_where_an_hour_costs_nothing() -> None:
    assert cap_of("0.00", rate="0.00") is None


def test_a_run_of_less_than_a_cent_has_a_cent() -> None:
    assert cap_of("0.00") == CENT
    assert cap_of("0.01") == D("0.02")  # rounded up: half a cent may be hidden in the maximum


def test_the_budget_allows_its_grace_and_a_team_its_limit() -> None:
    assert allowance(MONTH) == D("60.00")
    assert allowance(MONTH, [replace(MONTH, limit=D("70.00"), grace_percent=D(0))]) == D("20.00")
    assert allowance(MONTH, [replace(MONTH, limit=D("500.00"))]) == D("60.00")


@given(amounts, percents, amounts, amounts, rates)
def test_a_job_that_may_start_never_has_a_cap_above_what_the_budget_allows(
    cost_max: D, grace: D, limit: D, spent: D, rate: D
) -> None:
    budget = replace(MONTH, limit=limit, grace_percent=grace, spent=spent, reserved=ZERO)
    cap = default_cap(cost_max, grace, allowance(budget), rate)
    assert cap is not None
    assert cap >= max(cost_max, CENT)
    if cost_max and decide(budget, cost_max).allowed:
        assert budget.spent + cap <= max(budget.ceiling, budget.spent + CENT)


@given(st.lists(amounts, max_size=6), percents, amounts)
def test_jobs_started_within_the_limit_stay_within_its_grace_though_each_uses_up_its_cap(
    maxima: list[D], grace: D, limit: D
) -> None:
    """Why the grace above the maximum need not be reserved."""
    budget = replace(MONTH, limit=limit, grace_percent=grace, spent=ZERO, reserved=ZERO)
    caps = []
    for cost_max in maxima:
        if cost_max and budget.reserved + cost_max <= limit:
            caps.append(default_cap(cost_max, grace, allowance(budget), D("1.00")))
            budget = replace(budget, reserved=budget.reserved + cost_max)
    assert sum(filter(None, caps)) <= limit * (1 + grace / 100) + CENT * len(caps)


@given(amounts.filter(bool), amounts, rates)
def test_what_is_left_in_seconds_never_costs_more_than_what_is_left(
    cap: D, spent: D, rate: D
) -> None:
    seconds = seconds_left(cap, spent, rate)
    assert seconds is not None
    assert seconds >= 0
    assert seconds * rate / 3600 <= max(cap - spent, ZERO)
    assert (seconds + 1) * rate / 3600 > cap - spent
    assert (seconds == 0) or not reached(cap, spent)


def test_seconds_are_those_of_the_rate() -> None:
    assert seconds_left(D("2.00"), D("0.50"), D("3.00")) == 1800
    assert seconds_left(D("2.00"), D("2.50"), D("3.00")) == 0
    assert seconds_left(D("2.00"), D("0.50"), ZERO) is None


@pytest.mark.parametrize(
    ("cost", "near", "over"),
    [("7.99", False, False), ("8.00", True, False), ("10.00", True, True), ("11.00", True, True)],
)
def test_a_cap_is_near_at_eighty_percent_and_reached_at_all_of_it(
    cost: str, near: bool, over: bool
) -> None:
    assert is_near(D("10.00"), D(cost)) is near
    assert reached(D("10.00"), D(cost)) is over


def test_without_a_cap_nothing_is_near_or_reached() -> None:
    assert not is_near(None, D("1000.00"))
    assert not reached(None, D("1000.00"))


def test_what_is_reserved_is_the_maximum_or_a_cap_that_was_chosen_above_it() -> None:
    assert committed(D("11.50"), None) == D("11.50")
    assert committed(D("11.50"), D("5.00")) == D("11.50")
    assert committed(D("11.50"), D("20.00")) == D("20.00")


@pytest.mark.parametrize("cap", ["0.00", "-1.00", "0.001", "10000000000.00", "NaN"])
def test_what_can_be_no_cap_is_refused_by_its_name(cap: str) -> None:
    with pytest.raises(ValueError, match="Spending cap"):
        check_cap(D(cap))


def test_a_cap_below_the_least_estimate_is_warned_of() -> None:
    assert low_cap_warning(D("8.50"), D("8.50")) is None
    assert low_cap_warning(None, D("8.50")) is None
    told = low_cap_warning(D("5.00"), D("8.50"))
    assert told is not None
    assert "$5.00 is less than" in told
    assert "($8.50)" in told


def test_the_end_at_the_cap_is_told_with_its_figures_and_its_step() -> None:
    told = reached_message(D("12.65"), D("12.66"), 1_234)
    assert "$12.66 of its spending cap of $12.65" in told
    assert "checkpoint at step 1,234" in told
    assert "Start a new job" in reached_message(D("12.65"), D("12.66"), None)
    assert used_percent(D("12.65"), D("6.33")) == D("50.0")


def test_a_cap_that_is_too_high_is_told_of_as_such() -> None:
    assert refusal(D("80.00"), D("60.00")).startswith(
        "Spending cap ($80.00) is above what the budget allows ($60.00)"
    )
    assert "($0.00)" in refusal(D("80.00"), D("-5.00"))
