"""What is said about past jobs: true counts, or that there are none."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from lib.domain.history import (
    NO_SPOT_HISTORY,
    NO_TRACK,
    History,
    Share,
    Tally,
    TrackRecord,
)
from lib.domain.offers import H100_PCIE, Tier


def tally(preset: str = "balanced", tier: Tier = Tier.SPOT, **counts: object) -> Tally:
    engine, gpu = ("local", "this-machine") if tier is Tier.LOCAL else ("runpod", H100_PCIE)
    return Tally(engine=engine, gpu=gpu, tier=tier, preset=preset, **counts)  # type: ignore[arg-type]


def test_without_history_nothing_is_claimed() -> None:
    nothing = History()
    assert nothing.interruption_rate() == NO_SPOT_HISTORY
    assert nothing.success(Tier.SPOT) is None
    assert nothing.preset_success("balanced") is None
    assert nothing.track("runpod", H100_PCIE, "balanced") == NO_TRACK
    assert NO_TRACK.confidence is None
    assert NO_TRACK.accuracy("Balanced") == "No finished Balanced run to compare with yet"


def test_the_interruption_rate_is_counted_over_spot_jobs_alone() -> None:
    history = History(
        (
            tally(recent=30, recent_interrupted=5),
            tally("aggressive", recent=20, recent_interrupted=4),
            tally(tier=Tier.ON_DEMAND, recent=50, recent_interrupted=0),
        )
    )
    rate = history.interruption_rate()
    assert rate.rate == Decimal("0.18")
    assert rate.basis == "9 of 50 spot jobs interrupted, last 30 days"


def test_success_is_completed_among_completed_and_failed() -> None:
    history = History((tally(completed=83, failed=4), tally("aggressive", completed=0, failed=1)))
    success = history.success(Tier.SPOT)
    assert success == Share(83, 88)
    assert success.text == "94.3 %"
    assert history.success(Tier.ON_DEMAND) is None


def test_rehearsals_do_not_raise_a_presets_success_rate() -> None:
    history = History((tally(completed=1, failed=1), tally(tier=Tier.LOCAL, completed=98)))
    assert history.preset_success("balanced") == Share(1, 2)
    assert history.rehearsals("balanced") == Share(98, 98)


def test_a_track_record_never_mixes_engines() -> None:
    history = History(
        (
            tally(compared=4, inside=3, error_sum=Decimal("0.48")),
            tally("aggressive", compared=6, inside=6, error_sum=Decimal("0.06")),
            tally(tier=Tier.ON_DEMAND, compared=2, inside=2, error_sum=Decimal("0.24")),
            tally(tier=Tier.LOCAL, compared=100, inside=0, error_sum=Decimal(90)),
        )
    )
    assert history.track("runpod", H100_PCIE, "balanced") == TrackRecord(
        runs=12, inside=11, preset_runs=6, preset_error=Decimal("0.12")
    )


def test_the_accuracy_line_is_the_requirements_own() -> None:
    record = TrackRecord(runs=40, inside=35, preset_runs=12, preset_error=Decimal("0.12"))
    assert record.accuracy("Balanced") == "Past estimates within ±12% for Balanced preset (12 runs)"
    assert record.confidence == Decimal("87.5")


@given(st.integers(1, 10**6), st.data())
def test_a_share_is_between_none_and_all(of: int, data: st.DataObject) -> None:
    share = Share(data.draw(st.integers(0, of)), of)
    assert 0 <= share.percent <= 100
    assert (share.percent == 100) >= (share.count == share.of)
