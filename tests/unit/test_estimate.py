"""The estimate: the published formula to the cent, and what holds for every estimate."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.estimate import (
    Estimate,
    format_hours,
    measured_estimate,
    published_estimate,
)
from lib.domain.history import InterruptionRate
from lib.domain.measurement import Measurement
from lib.domain.offers import Offer, RateSource, Tier, local_offer, published_offers
from lib.domain.presets import PRESETS

SPOT, ON_DEMAND = published_offers()
PAIRS = st.integers(1, 1_000_000)
EPOCHS = st.integers(1, 20)
PRESET = st.sampled_from(list(PRESETS))
RATES = st.decimals(0, 1000, places=2)


@st.composite
def rented_offers(draw: st.DrawFn) -> Offer:
    return Offer(
        engine="runpod",
        gpu="GPU",
        gpu_title="GPU",
        tier=draw(st.sampled_from([Tier.SPOT, Tier.ON_DEMAND])),
        hourly_rate=draw(RATES),
        source=RateSource.PROVIDER,
    )


@st.composite
def published(draw: st.DrawFn) -> Estimate:
    return published_estimate(
        training_pairs=draw(PAIRS),
        preset=draw(PRESET),
        epochs=draw(EPOCHS),
        offer=draw(rented_offers()),
        interruptions=InterruptionRate(draw(st.decimals(0, 1, places=2)), "a test"),
    )


@st.composite
def measured(draw: st.DrawFn) -> Estimate:
    measurement = Measurement(
        startup_seconds=draw(st.decimals(0, 600, places=3)),
        tokens_per_second=draw(st.decimals("0.1", 100_000, places=1)),
        tokens_per_epoch=draw(st.integers(1, 10_000_000)),
        finish_seconds=draw(st.decimals(0, 60, places=3)),
        steps_measured=20,
        steps_per_epoch=draw(st.integers(1, 100_000)),
    )
    return measured_estimate(
        measurement,
        epochs=draw(EPOCHS),
        offer=local_offer(draw(RATES)),
        max_steps=draw(st.none() | st.integers(1, 1_000_000)),
    )


ESTIMATES = published() | measured()


def balanced(pairs: int, epochs: int = 3, offer: Offer = SPOT) -> Estimate:
    return published_estimate(training_pairs=pairs, preset="balanced", epochs=epochs, offer=offer)


# Worked out by hand: pairs x epochs x seconds per pair / 3600 hours, times $2.49 or $7.99; the
# buffer is ceil(hours / 8) x 20 % x 15 minutes at the spot rate.
@pytest.mark.parametrize(
    ("pairs", "preset", "hours", "spot", "buffer", "on_demand"),
    [
        (447, "conservative", "29.800000", "74.20", "0.50", "238.10"),
        (447, "balanced", "67.050000", "166.95", "1.12", "535.73"),
        (447, "aggressive", "149.000000", "371.01", "2.37", "1190.51"),
        (1567, "conservative", "104.466667", "260.12", "1.74", "834.69"),
        (1567, "balanced", "235.050000", "585.27", "3.74", "1878.05"),
        (1567, "aggressive", "522.333333", "1300.61", "8.22", "4173.44"),
    ],
)
def test_the_published_formula_to_the_cent(
    pairs: int, preset: str, hours: str, spot: str, buffer: str, on_demand: str
) -> None:
    epochs = PRESETS[preset].hyperparameters.num_train_epochs
    for offer, compute, reserve in ((SPOT, spot, buffer), (ON_DEMAND, on_demand, "0.00")):
        estimate = published_estimate(
            training_pairs=pairs, preset=preset, epochs=epochs, offer=offer
        )
        assert str(estimate.duration_hours) == hours
        assert str(estimate.gpu_compute) == compute
        assert str(estimate.spot_buffer) == reserve
        assert estimate.total == Decimal(compute) + Decimal(reserve)
        assert estimate.algorithm_version == 1


def test_the_range_is_fifteen_percent_to_both_sides() -> None:
    estimate = balanced(447)
    assert (str(estimate.cost_min), str(estimate.cost_max)) == ("142.86", "193.28")
    assert str(estimate.duration_min_hours) == "56.992500"
    assert str(estimate.duration_max_hours) == "77.107500"


def test_measured_steps_to_the_second() -> None:
    measurement = Measurement(
        startup_seconds=Decimal(10),
        tokens_per_second=Decimal(100),
        tokens_per_epoch=36_000,
        finish_seconds=Decimal(5),
        steps_measured=20,
        steps_per_epoch=36,
    )
    offer = local_offer(Decimal("10.00"))
    whole = measured_estimate(measurement, epochs=2, offer=offer)
    cut = measured_estimate(measurement, epochs=2, offer=offer, max_steps=3)
    assert whole.duration_hours == Decimal("0.204167")  # 10 + 720 + 5 seconds
    assert whole.total == Decimal("2.04")
    assert cut.duration_hours == Decimal("0.0125")  # 10 + 3 x 10 + 5 seconds
    assert whole.algorithm_version == 3


@given(ESTIMATES)
def test_the_lines_add_up_to_the_total_to_the_cent(estimate: Estimate) -> None:
    assert sum(line.amount for line in estimate.lines) == estimate.total
    assert all(line.amount == line.amount.quantize(Decimal("0.01")) for line in estimate.lines)


@given(ESTIMATES)
def test_the_total_lies_within_its_range(estimate: Estimate) -> None:
    assert 0 <= estimate.cost_min <= estimate.total <= estimate.cost_max
    assert (
        0 <= estimate.duration_min_hours <= estimate.duration_hours <= estimate.duration_max_hours
    )


@given(PAIRS, EPOCHS, PRESET, rented_offers())
def test_more_pairs_or_epochs_never_cost_less(
    pairs: int, epochs: int, preset: str, offer: Offer
) -> None:
    def estimate(pairs: int, epochs: int) -> Estimate:
        return published_estimate(training_pairs=pairs, preset=preset, epochs=epochs, offer=offer)

    base = estimate(pairs, epochs)
    for more in (estimate(pairs + 1, epochs), estimate(pairs, epochs + 1)):
        assert more.duration_hours >= base.duration_hours
        assert more.total >= base.total
        assert more.cost_max >= base.cost_max


@given(ESTIMATES)
def test_an_estimate_survives_the_trip_through_json(estimate: Estimate) -> None:
    stored = json.loads(json.dumps(estimate.to_dict(), default=str))
    assert Estimate.from_dict(stored) == estimate


def test_this_machine_is_never_estimated_by_the_published_formula() -> None:
    with pytest.raises(ValueError, match="measured steps"):
        balanced(447, offer=local_offer(Decimal("1.00")))


LONG = "⚠ Long Training Run: >24 hours. Consider reducing epochs or dataset size."
COSTLY = "⚠ High Cost Job: $168.07 estimated. Review configuration or consider Conservative preset."


@pytest.mark.parametrize(
    ("epochs", "pairs", "warnings"),
    [
        (1, 480, ()),  # 24 hours to the minute are not more than 24 hours
        (1, 481, (LONG,)),
        (3, 447, (COSTLY, LONG)),
    ],
)
def test_long_and_costly_jobs_are_warned_about(
    epochs: int, pairs: int, warnings: tuple[str, ...]
) -> None:
    assert balanced(pairs, epochs).warnings == warnings


@pytest.mark.parametrize(
    ("hours", "shown"),
    [("67.05", "67.05 hrs"), ("1", "1.00 hrs"), ("0.0208", "1 min 15 s"), ("0.0100", "36 s")],
)
def test_hours_are_shown_as_people_say_them(hours: str, shown: str) -> None:
    assert format_hours(Decimal(hours)) == shown
