"""How near predictions came, and whether a new fit may take the place of another."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lib.domain.accuracy import (
    ComparedJob,
    Fitted,
    back_test,
    by_place_and_preset,
    judge,
    relative,
    spread_of,
)
from lib.domain.calibration import Calibration, Evidence, Known, Place, PlaceModel, Workload
from lib.domain.effects import effects, factor_text

HERE = Place("local", "this-machine", "tiny")
TEN_HOURS = Workload(100, 600, None, "balanced", 3, Decimal(10))


def calibration(level: float, *, runs: int = 3, published: int = 0) -> Calibration:
    """One that says exp(level) times the published hours, whatever the workload."""
    known = {"tiny": Known(runs, published)}
    model = PlaceModel("local", "this-machine", 0.0, level, {}, {}, known)
    return Calibration((model,))


def run(key: str, hours: str, **workload: object) -> Evidence:
    return Evidence(HERE, replace(TEN_HOURS, **workload), Decimal(hours), key=key)  # type: ignore[arg-type]


def test_the_spread_of_errors() -> None:
    errors = [math.log(1 + error) for error in (0.01, -0.02, 0.03, -0.20, 0.50)]

    spread = spread_of(errors)

    assert spread
    assert (spread.runs, spread.inside) == (5, 0.6)
    assert spread.median == pytest.approx(0.03)
    assert spread.p90 == pytest.approx(0.38)
    assert spread_of(errors[:2]) is None
    assert relative(10_000.0) < math.inf


def test_each_run_is_judged_by_who_had_not_seen_it() -> None:
    """The active version's own run counts with its error when left out, the later one as it is."""
    runs = [run("old", "5"), run("new", "6")]
    active = Fitted(calibration(math.log(0.5)), {"old": math.log(1.3)})
    candidate = Fitted(calibration(math.log(0.55)), {"old": math.log(1.1), "new": math.log(1.1)})

    test = back_test(runs, candidate, active)

    assert test.active and test.candidate and test.published
    assert test.active.mean == pytest.approx((0.3 + 0.2) / 2)
    assert test.candidate.mean == pytest.approx(0.1)
    assert test.published.mean == pytest.approx((0.5 + 0.4) / 2)
    verdict = judge(test, candidate.calibration, active.calibration)
    assert verdict.adopted
    assert verdict.reason == (
        "Adopted: off by 10.0 % on average, the version in use by 25.0 % on average, on 2 runs "
        "that neither had seen."
    )


def test_a_worse_one_is_not_adopted() -> None:
    runs = [run("a", "5"), run("b", "5")]
    active = Fitted(calibration(math.log(0.5)), {"a": 0.0, "b": 0.0})
    candidate = Fitted(calibration(0.0), {"a": 0.1, "b": 0.1})

    verdict = judge(back_test(runs, candidate, active), candidate.calibration, active.calibration)

    assert not verdict.adopted
    assert verdict.reason.startswith("Not adopted, it predicts worse: off by 10.5 % on average")


def test_where_a_fit_has_no_prediction_the_published_formula_stands_in() -> None:
    only_one = run("a", "5")
    unknown = replace(only_one, key="b", place=replace(HERE, base_model="another"))
    fitted = Fitted(calibration(0.0), {"a": None})

    test = back_test([only_one, unknown], fitted, None)

    assert test.candidate and test.published
    assert test.candidate.mean == test.published.mean == pytest.approx(0.5)
    assert test.active is None


def test_an_absurd_run_counts_as_wholly_wrong_and_no_more() -> None:
    test = back_test([run("a", "1000000")], Fitted(Calibration(), {}), None)

    assert test.candidate and test.candidate.mean == 1.0


def test_without_evidence_nothing_is_adopted_but_withdrawn_cards_always_go() -> None:
    nothing = Fitted(Calibration(), {})
    test = back_test([], nothing, None)

    assert not judge(test, Calibration(), None).adopted
    by_cards = calibration(-3.0, runs=0, published=3)
    verdict = judge(back_test([], nothing, Fitted(by_cards, {})), Calibration(), by_cards)
    assert verdict.adopted
    assert "withdrawn" in verdict.reason


def test_jobs_are_put_together_by_place_and_preset() -> None:
    def job(place: str, preset: str, actual: str) -> ComparedJob:
        now = datetime(2026, 11, 24, tzinfo=UTC)
        return ComparedJob(None, place, preset, Decimal(10), Decimal(actual), now)

    groups = by_place_and_preset(
        [job("H100", "balanced", "11"), job("H100", "balanced", "13"), job("A", "balanced", "9")]
    )

    assert [(one.place, one.jobs, one.inside) for one in groups] == [
        ("A", 1, 1.0),
        ("H100", 2, 0.5),
    ]
    assert groups[1].median == groups[1].bias == pytest.approx(0.2)
    assert groups[1].p90 == pytest.approx(0.28)
    assert groups[0].bias == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("factor", "text"),
    [
        (1.32, "1.3 ×"),
        (0.1, "0.1 ×"),
        (250.0, "250 ×"),
        (1 / 17.4, "1/17 of"),
        (1 / 18_734, "1/19,000 of"),
        (0.0, "1/1,000,000,000,000 of"),
    ],
)
def test_factors_in_words(factor: float, text: str) -> None:
    assert factor_text(factor) == text


def test_effects_in_words() -> None:
    model = PlaceModel(
        engine="local",
        gpu="this-machine",
        startup_hours=5 / 3600,
        level=math.log(0.5),
        effects={"base:tiny": 0.0, "preset:aggressive": math.log(2.6), "pairs": 0.05},
        centres={"pairs": 6.0},
        known={"tiny": Known(4)},
    )

    (effect,) = effects(Calibration((model,)))

    assert effect.text == "Aggressive takes 1.3 × the published time"
    assert effect.seconds_per_pair == pytest.approx(390)
    assert effect.startup_seconds == pytest.approx(5)
