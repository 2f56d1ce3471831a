"""What finished jobs show: success, interruptions, and how near their estimates came.

Counts come from the database, grouped; the shares that pages, estimates and quotes state are made
here. Jobs of different engines and GPUs are never put together for an estimate (FR1.2.1).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from lib.domain.offers import LOCAL_ENGINE, Tier

VARIANCE = Decimal("0.15")  # the ±15 % of FR1.2.1
HISTORY_DAYS = 90  # accuracy and success, as FR1.1.3 and FR1.2.1 state
INTERRUPTION_DAYS = 30
PUBLISHED_INTERRUPTION_RATE = Decimal("0.20")  # the middle of the published 10-30 %


@dataclass(frozen=True)
class Share:
    """`count` out of `of`; there is no share of nothing, so `of` is at least 1."""

    count: int
    of: int

    @property
    def percent(self) -> Decimal:
        """0 to 100, with one decimal."""
        exact = Decimal(100 * self.count) / self.of
        return exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)

    @property
    def text(self) -> str:
        """`98 %` or `95.4 %`."""
        return f"{self.percent.normalize():f} %"


@dataclass(frozen=True)
class InterruptionRate:
    """The share of spot jobs that are interrupted, 0 to 1, and where that figure comes from."""

    rate: Decimal
    basis: str


NO_SPOT_HISTORY = InterruptionRate(
    PUBLISHED_INTERRUPTION_RATE, "the middle of the published 10-30 %; no history yet"
)


@dataclass(frozen=True)
class TrackRecord:
    """What an estimate's confidence rests on; all zero without history.

    `inside` of `runs` ended within ±15 % of what was or, for a calibrated estimate, would have
    been estimated. `preset_error` is the mean distance of actual from estimated in the last 90
    days, 0.12 for 12 %, over the `preset_runs` of one preset.
    """

    runs: int = 0
    inside: int = 0
    preset_runs: int = 0
    preset_error: Decimal | None = None

    @property
    def confidence(self) -> Decimal | None:
        """Percent of finished runs inside the range; None while none has finished."""
        return Share(self.inside, self.runs).percent if self.runs else None

    def accuracy(self, preset_title: str) -> str:
        """FR1.2.1's line about past estimates, or that there are none."""
        if self.preset_error is None:
            return f"No finished {preset_title} run to compare with yet"
        past = f"Past estimates within ±{self.preset_error * 100:.0f}% for {preset_title} preset"
        return f"{past} ({runs(self.preset_runs)})"


NO_TRACK = TrackRecord()


@dataclass(frozen=True)
class Tally:
    """Ended jobs of one engine, GPU, tier and preset in the last 90 days.

    `compared` are the completed jobs whose estimate can be held against the actual; `error_sum`
    adds their relative distances, `inside` counts those within ±15 %. The `recent` counts are of
    started jobs, ended or not, in the last 30 days.
    """

    engine: str
    gpu: str
    tier: Tier
    preset: str
    completed: int = 0
    failed: int = 0
    compared: int = 0
    inside: int = 0
    error_sum: Decimal = Decimal(0)
    recent: int = 0
    recent_interrupted: int = 0


@dataclass(frozen=True)
class History:
    """All tallies, and the questions that are asked of them."""

    tallies: tuple[Tally, ...] = ()

    def interruption_rate(self) -> InterruptionRate:
        """FR1.1.3: spot jobs of the last 30 days that had to recover; published without any."""
        share = self.interruptions()
        if share is None:
            return NO_SPOT_HISTORY
        rate = Decimal(share.count) / share.of
        basis = f"{share.count} of {share.of} spot jobs interrupted, last {INTERRUPTION_DAYS} days"
        return InterruptionRate(rate, basis)

    def interruptions(self) -> Share | None:
        """The same as a share, None without a spot job in the last 30 days."""
        spot = [tally for tally in self.tallies if tally.tier is Tier.SPOT]
        started = sum(tally.recent for tally in spot)
        return Share(sum(tally.recent_interrupted for tally in spot), started) if started else None

    def success(self, tier: Tier) -> Share | None:
        """Completed among completed and failed jobs of a tier, last 90 days; None without any."""
        return _success(tally for tally in self.tallies if tally.tier is tier)

    def preset_success(self, preset: str) -> Share | None:
        """Completed among the ended rented jobs of a preset; rehearsals here prove less."""
        return _success(
            tally
            for tally in self.tallies
            if tally.preset == preset and tally.engine != LOCAL_ENGINE
        )

    def rehearsals(self, preset: str) -> Share | None:
        """The same for runs on this machine."""
        return _success(
            tally
            for tally in self.tallies
            if tally.preset == preset and tally.engine == LOCAL_ENGINE
        )

    def track(self, engine: str, gpu: str, preset: str) -> TrackRecord:
        """How estimates for this engine and GPU did, and those of the preset among them."""
        here = [tally for tally in self.tallies if (tally.engine, tally.gpu) == (engine, gpu)]
        same = [tally for tally in here if tally.preset == preset]
        preset_runs = sum(tally.compared for tally in same)
        return TrackRecord(
            runs=sum(tally.compared for tally in here),
            inside=sum(tally.inside for tally in here),
            preset_runs=preset_runs,
            preset_error=(
                sum((tally.error_sum for tally in same), Decimal(0)) / preset_runs
                if preset_runs
                else None
            ),
        )


NO_HISTORY = History()


def runs(count: int) -> str:
    """`1 run`, `347 runs`."""
    return f"{count:,} run{'s' if count != 1 else ''}"


def _success(tallies: Iterable[Tally]) -> Share | None:
    listed = list(tallies)
    completed = sum(tally.completed for tally in listed)
    ended = completed + sum(tally.failed for tally in listed)
    return Share(completed, ended) if ended else None
