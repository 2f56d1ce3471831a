"""The estimate's second version: shrunk to the published formula, pulled to what runs took."""

import json
import math
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.domain.accuracy import spread_of
from lib.domain.calibration import (
    PUBLISHED,
    UNTESTED_ERROR,
    Calibration,
    Evidence,
    Place,
    Prediction,
    Workload,
    informed_by,
)
from lib.domain.calibration_fit import fit, fit_untested
from lib.domain.estimate import published_hours
from lib.domain.presets import PRESETS

HERE = Place("local", "this-machine", "tiny")
WIDER = replace(HERE, base_model="wider")
RENTED = Place("runpod", "H100_PCIE_80GB", "70b")
PACE = {"conservative": 1.0, "balanced": 1.3, "aggressive": 1.5}


def work(
    conversations: int, preset: str = "balanced", epochs: int = 3, tokens: int | None = -1
) -> Workload:
    """A file of six pairs a conversation and 36 tokens a pair, unless `tokens` says otherwise."""
    pairs = 6 * conversations
    counted = 36 * pairs if tokens == -1 else tokens
    hours = published_hours(pairs, preset, epochs)
    return Workload(conversations, pairs, counted, preset, epochs, hours)


def run(
    conversations: int,
    preset: str = "balanced",
    epochs: int = 3,
    *,
    place: Place = HERE,
    noise: float = 1.0,
    key: str = "",
    startup: float = 5.0,
) -> Evidence:
    """A run that takes a start-up and then the work over a rate, in seconds."""
    workload = work(conversations, preset, epochs)
    assert workload.tokens is not None
    rate = 6000 if place.base_model == "tiny" else 2500
    seconds = (startup + workload.tokens * epochs * PACE[preset] / rate) * noise
    return Evidence(place, workload, Decimal(repr(seconds)) / 3600, key=key)


def runs(count: int, seed: int = 1, noise: float = 0.03) -> list[Evidence]:
    """Different sizes, presets, epochs and base models, in a random order."""
    dice = random.Random(seed)
    return [
        run(
            dice.choice((12, 20, 36, 64, 110, 190)),
            dice.choice(list(PRESETS)),
            dice.randint(1, 4),
            place=dice.choice((HERE, WIDER)),
            noise=math.exp(dice.gauss(0, noise)),
            key=f"run-{number}",
        )
        for number in range(count)
    ]


def cards() -> list[Evidence]:
    """The published durations of the three cards: 242 conversations and 1,567 pairs."""
    found = []
    for preset in PRESETS.values():
        epochs = preset.hyperparameters.num_train_epochs
        workload = Workload(
            242, 1567, None, preset.name, epochs, published_hours(1567, preset.name, epochs)
        )
        hours = Decimal(sum(preset.typical.hours)) / 2
        found.append(Evidence(RENTED, workload, hours, PUBLISHED))
    return found


def learn(evidence: Sequence[Evidence]) -> Calibration:
    return fit(evidence).calibration


def predicted(calibration: Calibration, one: Evidence) -> Prediction:
    found = calibration.predict(one.place, one.workload)
    assert found is not None
    return found


def log_errors(calibration: Calibration, held_out: Sequence[Evidence]) -> list[float]:
    return [float((one.hours / predicted(calibration, one).hours).ln()) for one in held_out]


workloads = st.builds(
    lambda conversations, pairs, tokens, preset, epochs: Workload(
        conversations, pairs, tokens, preset, epochs, published_hours(pairs, preset, epochs)
    ),
    st.integers(1, 10**9),
    st.integers(1, 10**9),
    st.none() | st.integers(0, 10**12),
    st.sampled_from(list(PRESETS)),
    st.integers(1, 20),
)
places = st.sampled_from((HERE, WIDER, RENTED))
evidences = st.lists(
    st.builds(
        lambda place, workload, hours, kind: Evidence(place, workload, hours, kind),
        places,
        workloads,
        st.decimals("0.0001", "100000", places=4),
        st.sampled_from(("run", "published")),
    ),
    min_size=1,
    max_size=8,
)
slow_enough = settings(max_examples=40, deadline=None)


@given(places, workloads)
def test_without_evidence_there_is_no_prediction(place: Place, workload: Workload) -> None:
    assert learn([]).predict(place, workload) is None


def test_a_place_or_base_model_without_evidence_gets_none_of_anothers() -> None:
    calibration = learn([run(60)])

    assert calibration.predict(HERE, work(60)) is not None
    assert calibration.predict(WIDER, work(60)) is None
    assert calibration.predict(RENTED, work(60)) is None
    assert calibration.predict(replace(HERE, gpu="another"), work(60)) is None


def test_what_happens_elsewhere_changes_nothing_here() -> None:
    here = runs(10)
    elsewhere = [replace(one, place=replace(one.place, gpu="another")) for one in runs(10, 2)]

    assert predicted(learn(here), here[0]) == predicted(learn(here + elsewhere), here[0])


def test_a_file_without_pairs_gets_no_prediction() -> None:
    nothing = Workload(0, 0, None, "balanced", 3, Decimal(0))

    assert learn([run(60)]).predict(HERE, nothing) is None


@given(evidences, places, workloads)
@slow_enough
def test_predictions_are_positive_and_finite(
    evidence: list[Evidence], place: Place, workload: Workload
) -> None:
    prediction = fit_untested(evidence).predict(place, workload)

    assert prediction is None or (prediction.hours.is_finite() and prediction.hours > 0)


@given(evidences, workloads, st.integers(2, 1000), st.integers(1, 19))
@slow_enough
def test_more_data_or_more_epochs_never_take_less_time(
    evidence: list[Evidence], workload: Workload, factor: int, more: int
) -> None:
    calibration, place = fit_untested(evidence), evidence[0].place
    larger = replace(
        workload,
        conversations=workload.conversations * factor,
        training_pairs=workload.training_pairs * factor,
        tokens=None if workload.tokens is None else workload.tokens * factor,
        published_hours=workload.published_hours * factor,
    )
    longer = replace(
        workload,
        epochs=workload.epochs + more,
        published_hours=workload.published_hours * (workload.epochs + more) / workload.epochs,
    )
    hours = [calibration.predict(place, one) for one in (workload, larger, longer)]

    assert hours[0] and hours[1] and hours[2]
    assert hours[0].hours <= hours[1].hours * Decimal("1.000001")
    assert hours[0].hours <= hours[2].hours * Decimal("1.000001")


def test_runs_that_got_shorter_with_size_cannot_turn_the_slope_round() -> None:
    perverse = [
        replace(run(conversations, epochs=2), hours=Decimal(1) / conversations**2, key=str(at))
        for at, conversations in enumerate((10, 20, 40, 80, 160, 320, 640, 1280) * 6)
    ]
    calibration = fit_untested(perverse)
    slope = calibration.places[0].effects["pairs"]

    assert slope >= -1
    small, large = (calibration.predict(HERE, work(size, epochs=2)) for size in (10, 1280))
    assert small and large and small.hours <= large.hours


@given(st.randoms(use_true_random=False))
@settings(max_examples=5, deadline=None)
def test_the_order_of_the_evidence_does_not_matter(dice: random.Random) -> None:
    evidence = runs(9) + cards()
    shuffled = list(evidence)
    dice.shuffle(shuffled)

    assert fit(evidence) == fit(shuffled)


def test_a_calibration_survives_json() -> None:
    calibration = learn(runs(9) + cards())

    again = Calibration.from_dict(json.loads(json.dumps(calibration.to_dict())))

    assert again == calibration
    assert again.predict(HERE, work(60)) == calibration.predict(HERE, work(60))


def test_one_run_is_enough_to_be_near_it() -> None:
    one = run(60)

    prediction = predicted(learn([one]), one)

    assert prediction.hours == pytest.approx(one.hours, rel=Decimal("0.02"))
    assert (prediction.runs, prediction.published) == (1, 0)
    assert prediction.expected_error is None
    assert prediction.basis == "published formula corrected by 1 finished run"


def test_with_the_cards_adopted_each_preset_is_estimated_as_its_card_says() -> None:
    calibration = learn(cards())

    for card in cards():
        least, most = PRESETS[card.workload.preset].typical.hours
        prediction = predicted(calibration, card)
        assert least * Decimal("0.97") <= prediction.hours <= most * Decimal("1.03")
        assert (prediction.runs, prediction.published) == (0, 3)
        assert "3 published durations" in prediction.basis


def real_runs(count: int, factor: str) -> list[Evidence]:
    """Rented runs that took so many times what the cards say."""
    return [
        replace(card, hours=card.hours * Decimal(factor), kind="run", key=f"{at}")
        for at, card in zip(range(count), cards() * count, strict=False)
    ]


@pytest.mark.parametrize("factor", ["0.2", "5"])
def test_one_real_run_outweighs_the_cards_and_many_drown_them(factor: str) -> None:
    def distance(count: int) -> float:
        real = real_runs(count, factor)
        hours = predicted(fit_untested(cards() + real), real[0]).hours
        return abs(float((hours / real[0].hours).ln()))

    assert distance(1) < 0.2
    assert distance(30) < 0.02
    assert distance(30) < distance(3) < distance(1)


def test_one_absurd_run_does_not_ruin_the_rest() -> None:
    good = runs(16)
    slept = replace(good[3], hours=good[3].hours * 400, key="slept")
    failed = replace(good[4], hours=good[4].hours / 400, key="failed")
    fresh = runs(30, seed=7)

    alone = spread_of(log_errors(fit_untested(good), fresh))
    spoiled = spread_of(log_errors(fit_untested([*good, slept, failed]), fresh))

    assert alone and spoiled
    assert spoiled.median < alone.median + 0.04
    assert spoiled.p90 < 0.20


def test_tokens_decide_where_conversations_are_longer_than_usual() -> None:
    evidence = runs(16)
    talkative = work(60)
    assert talkative.tokens is not None
    dense = Evidence(
        HERE,
        replace(talkative, tokens=talkative.tokens * 4),
        Decimal(repr(5 + talkative.tokens * 4 * 3 * PACE["balanced"] / 6000)) / 3600,
        key="dense",
    )

    calibration = learn([*evidence, dense])

    usual, more, unknown = (
        calibration.predict(HERE, replace(talkative, tokens=tokens))
        for tokens in (talkative.tokens, talkative.tokens * 4, None)
    )
    assert usual and more and unknown
    assert more.hours > usual.hours * 2
    assert unknown.hours == pytest.approx(usual.hours, rel=Decimal("0.25"))


def test_the_back_test_changes_no_coefficient() -> None:
    evidence = runs(9) + cards()
    tested = learn(evidence)

    assert fit_untested(evidence).places == tuple(
        replace(place, spread=None) for place in tested.places
    )


def test_start_up_is_told_from_the_pace() -> None:
    (place,) = fit_untested(runs(24)).places

    assert place.startup_hours * 3600 == pytest.approx(5.0, rel=0.12)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_held_out_runs_are_predicted_to_a_few_percent_and_better_than_by_seconds_a_pair(
    seed: int,
) -> None:
    learned, held_out = runs(40, seed=seed)[:16], runs(40, seed=seed)[16:]

    version_2 = spread_of(log_errors(fit_untested(learned), held_out))
    seconds_a_pair = {
        base: median(
            one.hours / (one.workload.training_pairs * one.workload.epochs)
            for one in learned
            if one.place.base_model == base
        )
        for base in ("tiny", "wider")
    }
    rival = spread_of(
        math.log(
            one.hours
            / seconds_a_pair[one.place.base_model]
            / (one.workload.training_pairs * one.workload.epochs)
        )
        for one in held_out
    )

    assert version_2 and rival
    assert version_2.median < 0.08
    assert version_2.p90 < 0.15
    assert version_2.median < rival.median / 2


def test_the_error_on_runs_left_out_is_what_fresh_runs_show() -> None:
    calibration = learn(runs(24))
    (place,) = calibration.places
    fresh = spread_of(log_errors(calibration, runs(60, seed=9)))

    assert place.spread and fresh
    assert place.spread.median == pytest.approx(fresh.median, abs=0.03)
    prediction = predicted(calibration, run(60))
    assert prediction.expected_error == Decimal(str(round(place.spread.median, 4)))


def test_a_prediction_takes_well_under_a_millisecond() -> None:
    calibration, workload = fit_untested(runs(16)), work(60)

    began = time.perf_counter()
    for _ in range(200):
        calibration.predict(HERE, workload)

    assert (time.perf_counter() - began) / 200 < 0.001


def having(error: str | None) -> Prediction:
    return Prediction(Decimal(4), 9, 0, error and Decimal(error), "9 finished runs")


def test_a_measurement_pulls_by_how_far_each_can_be_trusted() -> None:
    equal = informed_by(having("0.10"), Decimal(9), Decimal("0.10"))
    sure = informed_by(having("0.02"), Decimal(9), Decimal("0.10"))
    untested = informed_by(having(None), Decimal(9), Decimal("0.10"))

    assert equal.hours == pytest.approx(Decimal(6))  # the geometric mean
    assert Decimal(4) < sure.hours < Decimal("4.2")
    assert Decimal(8) < untested.hours < Decimal(9)
    assert equal.expected_error == Decimal("0.0707")
    assert untested.expected_error and untested.expected_error < UNTESTED_ERROR
    assert equal.basis == "9 finished runs and measured steps"
    assert equal.runs == 9


@given(
    st.decimals("0.001", "100000", places=3),
    st.decimals("0.001", "100000", places=3),
    st.none() | st.decimals("0", "5", places=4),
    st.decimals("0.0001", "5", places=4),
)
def test_the_two_together_lie_between_the_two(
    known: Decimal, measured: Decimal, own: Decimal | None, error: Decimal
) -> None:
    both = informed_by(Prediction(known, 3, 0, own, "runs"), measured, error)

    tolerance = Decimal("1.000001")
    assert min(known, measured) / tolerance <= both.hours <= max(known, measured) * tolerance
