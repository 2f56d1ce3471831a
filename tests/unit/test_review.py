"""The rules of the final check: thresholds, words, budget impact, and what counts as changed."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.estimate import Estimate
from lib.domain.money import cents
from lib.domain.offers import Tier
from lib.domain.review import (
    BOXES,
    BudgetImpact,
    Change,
    Notice,
    Shown,
    SimilarJob,
    Tone,
    confirmations,
    cost_range,
    notices,
)

MONEY = st.decimals("0.00", "9999.99", places=2)


def estimate(total: str, hours: str = "10") -> Estimate:
    return Estimate(
        duration_hours=Decimal(hours),
        gpu_compute=Decimal(total),
        spot_buffer=Decimal(0),
        storage=Decimal(0),
        hourly_rate=Decimal("2.49"),
        tier=Tier.SPOT,
        algorithm_version=1,
        basis="published formula",
    )


def told(
    found: Estimate,
    preset: str = "balanced",
    *,
    remaining: str = "9999",
    first_job: bool = False,
    cheapest: Estimate | None = None,
) -> dict[str, Notice]:
    listed = notices(
        found, preset, remaining=Decimal(remaining), first_job=first_job, cheapest=cheapest
    )
    return {notice.code: notice for notice in listed}


def impact(used: str, limit: str, least: str = "0", most: str = "0") -> BudgetImpact:
    return BudgetImpact(
        used=Decimal(used),
        reserved=Decimal(0),
        limit=Decimal(limit),
        cost_min=Decimal(least),
        cost_max=Decimal(most),
    )


def test_a_range_of_whole_dollars_is_written_as_the_requirement_does() -> None:
    assert cost_range(estimate("20.00")) == "$17-23"
    assert cost_range(estimate("52.50")) == "$44.63-60.38"
    assert cost_range(estimate("2000.00")) == "$1,700-2,300"


def test_consent_is_given_to_the_true_figures() -> None:
    boxes = confirmations(estimate("20.00"))
    assert len(boxes) == BOXES
    assert boxes == (
        "I have reviewed the complete training configuration above and confirm all settings are "
        "correct",
        "I understand the estimated cost ($17-23) and agree to proceed with charges within this "
        "range",
        "I have obtained necessary budget approval (if required by my organization) and "
        "authorization to incur these costs",
    )


def test_a_job_above_100_dollars_is_told_what_conservative_really_saves() -> None:
    warned = told(estimate("250.00"), cheapest=estimate("110.00"))
    assert warned["cost"].text == (
        "⚠ High-Cost Training Run: This job will cost $250.00. Consider Conservative preset to "
        "reduce cost by 56%."
    )
    assert "cost" not in told(estimate("100.00"))


@pytest.mark.parametrize(
    ("preset", "cheapest"), [("conservative", None), ("balanced", None), ("balanced", "250.01")]
)
def test_nothing_is_advised_that_saves_nothing(preset: str, cheapest: str | None) -> None:
    other = estimate(cheapest) if cheapest else None
    warned = told(estimate("250.00"), preset, cheapest=other)
    assert warned["cost"].text == "⚠ High-Cost Training Run: This job will cost $250.00."


def test_aggressive_parameters_are_warned_of_in_the_published_words() -> None:
    assert told(estimate("1.00"), "aggressive")["aggressive"].text == (
        "⚠ Advanced Configuration: Aggressive parameters may take longer and cost more. "
        "Recommended only for complex datasets."
    )
    assert "aggressive" not in told(estimate("1.00"))


def test_the_budget_is_low_below_one_and_a_half_times_the_most_it_may_cost() -> None:
    job = estimate("20.00")  # at most 23.00
    assert "budget" not in told(job, remaining="34.50")
    assert told(job, remaining="34.49")["budget"].text == (
        "⚠ Limited Budget Remaining: This job will use most of your remaining monthly budget. "
        "Consider budgeting for potential overages."
    )
    assert "budget" not in told(estimate("0.00"), remaining="-1")


def test_a_run_of_more_than_20_hours_is_long() -> None:
    assert "duration" not in told(estimate("1.00", "20"))
    assert told(estimate("1.00", "20.000001"))["duration"].text == (
        "⚠ Extended Training Time: This job may take over 20 hours. Spot interruptions are more "
        "likely for long runs."
    )


def test_the_first_job_is_an_information_and_no_warning() -> None:
    first = told(estimate("1.00"), first_job=True)["first"]
    assert first.information
    assert first.text == (
        "ℹ First Training Run: This is your first training job. Start with Conservative preset to "
        "gain familiarity with the platform."
    )
    assert told(estimate("1.00")) == {}


def test_the_budget_impact_of_the_requirements_example() -> None:
    shown = impact("387.00", "500.00", "45.00", "52.00")
    assert shown.used_text == "$387.00 of $500.00 used - 77%"
    assert shown.projected_text == "$439.00 total (88% of budget)"
    assert shown.remaining_text == "$61.00 available"
    assert shown.tone is Tone.GOOD
    assert shown.forecast == "Sufficient budget for 1 more job this month"
    assert impact("387.00", "600.00", "45.00", "60.00").forecast == (
        "Sufficient budget for 2-3 more jobs this month"
    )


@pytest.mark.parametrize(
    ("most", "tone"),
    [
        ("89.99", Tone.GOOD),
        ("90.00", Tone.TIGHT),
        ("95.00", Tone.TIGHT),
        ("95.01", Tone.TOO_TIGHT),
        ("120.00", Tone.TOO_TIGHT),
    ],
)
def test_yellow_begins_at_90_percent_and_red_above_95(most: str, tone: Tone) -> None:
    assert impact("0.00", "100.00", most, most).tone is tone


def test_a_job_above_the_limit_leaves_nothing_and_says_by_how_much() -> None:
    shown = impact("90.00", "100.00", "15.00", "20.00")
    assert shown.remaining_text == "none: $10.00 above the limit"
    assert shown.forecast == "No budget for a further job such as this one this month"


def test_without_a_limit_or_without_costs_there_are_words_too() -> None:
    assert impact("0.00", "0.00").tone is Tone.GOOD
    assert impact("0.00", "0.00", "1.00", "1.00").tone is Tone.TOO_TIGHT
    assert "cost nothing" in impact("0.00", "0.00").forecast


@given(used=MONEY, limit=MONEY, total=MONEY)
def test_as_many_more_jobs_fit_as_are_forecast(
    used: Decimal, limit: Decimal, total: Decimal
) -> None:
    job = estimate(str(cents(total)))
    shown = BudgetImpact(used, Decimal(0), limit, job.cost_min, job.cost_max)
    if not shown.forecast.startswith("Sufficient budget for "):
        return
    fewest, _, most = shown.forecast.split()[3].replace(",", "").partition("-")
    assert int(fewest) * job.cost_max <= shown.remaining
    assert (int(most or fewest) + 1) * job.cost_min > shown.remaining or not most


def test_an_earlier_job_is_told_with_how_far_it_was_off() -> None:
    job = SimilarJob("1", "Tone", Decimal("52.50"), Decimal("50.00"))
    assert job.text == "Final cost was $52.50 vs estimated $50.00 (difference: +5%)"
    cheaper = replace(job, actual=Decimal("47.25"))
    assert cheaper.text.endswith("(difference: -5.5%)")
    assert replace(job, estimated=Decimal(0), actual=Decimal(0)).text == (
        "Final cost was $0.00 vs estimated $0.00"
    )


def test_what_changed_is_told_old_and_new_also_where_a_figure_came_or_went() -> None:
    before = Shown({"Preset": "Balanced", "Stock": "HIGH", "Ends after": "5 steps"})
    now = Shown({"Preset": "Balanced", "Stock": "LOW", "Deadline": "Friday"})
    assert before.changes(now) == (
        Change("Stock", "HIGH", "LOW"),
        Change("Ends after", "5 steps", "none"),
        Change("Deadline", "none", "Friday"),
    )
    assert before.digest != now.digest
    assert before.changes(before) == ()


@given(st.dictionaries(st.text(), st.text()), st.dictionaries(st.text(), st.text()))
def test_the_same_digest_means_that_nothing_has_changed(
    before: dict[str, str], now: dict[str, str]
) -> None:
    one, two = Shown(before), Shown(now)
    if one.digest == two.digest:
        assert one.changes(two) == ()
