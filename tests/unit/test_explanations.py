"""The panel's tooltips and movements say computed figures in the requirement's words."""

from dataclasses import replace
from decimal import Decimal

from lib.domain.estimate import published_estimate
from lib.domain.explanations import (
    explain_line,
    formula_against_card,
    movement,
    warnings,
)
from lib.domain.history import InterruptionRate, TrackRecord
from lib.domain.offers import published_offers
from lib.domain.presets import PRESETS

SPOT, ON_DEMAND = published_offers()
SEED = published_estimate(training_pairs=1567, preset="balanced", epochs=3, offer=SPOT)


def test_the_saving_in_the_tooltip_is_the_one_given() -> None:
    said = explain_line("gpu_compute", SEED, Decimal("68.8"))
    assert said == ("Primary cost based on training duration. Spot instances offer 68.8% savings.")
    assert "savings" not in explain_line("gpu_compute", SEED, None)


def test_the_recoveries_of_a_twelve_hour_job_follow_from_the_rate() -> None:
    often = published_estimate(
        training_pairs=10,
        preset="balanced",
        epochs=1,
        offer=SPOT,
        interruptions=InterruptionRate(Decimal("0.75"), "a test"),
    )
    assert "Average 0.4 recoveries" in explain_line("spot_buffer", SEED, None)
    assert "Average 1.5 recoveries" in explain_line("spot_buffer", often, None)


def test_the_share_inside_the_range_is_counted_or_not_claimed() -> None:
    assert "No finished job yet" in explain_line("total", SEED, None)
    known = replace(SEED, track=TrackRecord(runs=40, inside=34))
    assert "85% of jobs finish within this range" in explain_line("total", known, None)


def test_the_formula_and_the_card_are_told_apart_until_a_run_settles_it() -> None:
    said = formula_against_card(SEED, PRESETS["balanced"])
    assert said is not None
    assert "12-15 hours" in said
    assert "235" in said
    settled = replace(SEED, track=TrackRecord(runs=1, inside=1))
    assert formula_against_card(settled, PRESETS["balanced"]) is None
    as_promised = replace(SEED, duration_hours=Decimal(13))
    assert formula_against_card(as_promised, PRESETS["balanced"]) is None


def test_a_change_is_told_in_the_words_for_it() -> None:
    before, now = Decimal("168.07"), Decimal("67.56")
    cheaper = movement(before, now, offer_changed=False)
    assert cheaper is not None
    assert cheaper.text == "↓ $100.51 savings vs previous (-59.8%)"
    dearer = movement(now, before, offer_changed=False)
    assert dearer is not None
    assert dearer.text == "↑ $100.51 higher than previous estimate (+148.8%)"


def test_another_gpu_is_told_as_saved_or_increase() -> None:
    saved = movement(Decimal(100), Decimal(40), offer_changed=True)
    more = movement(Decimal(0), Decimal(40), offer_changed=True)
    assert saved is not None
    assert saved.text == "↓ $60.00 saved (-60.0%)"
    assert more is not None
    assert more.text == "↑ $40.00 increase"


def test_no_movement_is_no_movement() -> None:
    assert movement(Decimal(40), Decimal(40), offer_changed=True) is None


def test_a_conservative_job_is_not_told_to_consider_conservative() -> None:
    dear = published_estimate(training_pairs=1567, preset="conservative", epochs=2, offer=SPOT)
    told = warnings(dear, PRESETS["conservative"])
    assert told[0] == "⚠ High Cost Job: $261.86 estimated. Review configuration."
    assert told[1:] == dear.warnings[1:]
    assert warnings(SEED, PRESETS["balanced"]) == SEED.warnings
