"""The estimate: one value behind every figure in the panel, the review, the PDF and the database.

Version 1 is the published formula of FR1.2.1, version 2 the same corrected by finished runs
(lib/domain/calibration.py). A run on this machine is never estimated by the formula alone: version
3 takes the time of a few real steps instead.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from lib.domain.history import (
    NO_SPOT_HISTORY,
    NO_TRACK,
    VARIANCE,
    InterruptionRate,
    TrackRecord,
)
from lib.domain.measurement import Measurement, measured_hours
from lib.domain.money import ZERO, cents, usd
from lib.domain.offers import Offer, Tier
from lib.domain.presets import PRESETS

PUBLISHED_FORMULA, CALIBRATED, MEASURED_STEPS = 1, 2, 3  # algorithm versions

RECOVERY_HOURS = Decimal("0.25")  # 15 minutes a recovery, as published
HOURS_PER_INTERRUPTION_WINDOW = 8
HIGH_COST = Decimal(100)
LONG_RUN_HOURS = Decimal(24)
_HOURS = Decimal("0.000001")  # 4 ms: a rehearsal may take seconds


@dataclass(frozen=True)
class Line:
    """One line of the cost breakdown; the lines of an estimate add up to its total."""

    key: str
    label: str
    amount: Decimal
    detail: str


@dataclass(frozen=True)
class Estimate:
    """What a job takes. Hours have six decimals, dollars two; `total` is the sum of the lines."""

    duration_hours: Decimal
    gpu_compute: Decimal
    spot_buffer: Decimal
    storage: Decimal
    hourly_rate: Decimal
    tier: Tier
    algorithm_version: int
    basis: str
    interruptions: str = ""
    interruption_rate: Decimal | None = None  # of spot jobs, 0 to 1
    track: TrackRecord = NO_TRACK

    @property
    def total(self) -> Decimal:
        return self.gpu_compute + self.spot_buffer + self.storage

    @property
    def duration_min_hours(self) -> Decimal:
        return _hours(self.duration_hours * (1 - VARIANCE))

    @property
    def duration_max_hours(self) -> Decimal:
        return _hours(self.duration_hours * (1 + VARIANCE))

    @property
    def cost_min(self) -> Decimal:
        return cents(self.total * (1 - VARIANCE))

    @property
    def cost_max(self) -> Decimal:
        return cents(self.total * (1 + VARIANCE))

    @property
    def confidence(self) -> Decimal | None:
        """Percent of finished runs inside the range; None without history."""
        return self.track.confidence

    @property
    def confidence_text(self) -> str:
        if self.confidence is None:
            return "no finished run to compare with yet"
        return f"{self.confidence.normalize():f}% confidence this estimate is accurate within range"

    @property
    def disclaimer(self) -> str:
        """FR1.2.1's sentence with the true count."""
        runs = self.track.runs
        based = (
            f"±15% variance based on {runs:,} historical job{'s' if runs != 1 else ''}."
            if runs
            else "±15% variance as published."
        )
        return (
            f"{based} Actual cost depends on dataset complexity, spot interruptions, and training "
            "convergence."
        )

    @property
    def lines(self) -> tuple[Line, ...]:
        """GPU compute, spot buffer, storage and transfer, in the order of FR1.2.1."""
        rate = f"{format_hours(self.duration_hours)} × {usd(self.hourly_rate)}/hr"
        lines = [Line("gpu_compute", "GPU Compute", self.gpu_compute, rate)]
        if self.tier is Tier.SPOT:
            lines.append(
                Line(
                    "spot_buffer", "Spot Interruption Buffer", self.spot_buffer, self.interruptions
                )
            )
        included = "local disk" if self.tier is Tier.LOCAL else "not in the published formula"
        lines.append(Line("storage", "Storage and Transfer", self.storage, included))
        return tuple(lines)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The two warnings of FR1.2.1, in its words."""
        found = []
        if self.total > HIGH_COST:
            found.append(
                f"⚠ High Cost Job: {usd(self.total)} estimated. Review configuration or consider "
                "Conservative preset."
            )
        if self.duration_hours > LONG_RUN_HOURS:
            found.append(
                "⚠ Long Training Run: >24 hours. Consider reducing epochs or dataset size."
            )
        return tuple(found)

    def to_dict(self) -> dict[str, Any]:
        """Every figure by name; amounts and hours stay Decimal."""
        return {
            "duration_hours": self.duration_hours,
            "duration_min_hours": self.duration_min_hours,
            "duration_max_hours": self.duration_max_hours,
            "gpu_compute": self.gpu_compute,
            "spot_buffer": self.spot_buffer,
            "storage": self.storage,
            "total": self.total,
            "cost_min": self.cost_min,
            "cost_max": self.cost_max,
            "hourly_rate": self.hourly_rate,
            "tier": str(self.tier),
            "algorithm_version": self.algorithm_version,
            "basis": self.basis,
            "interruptions": self.interruptions,
            "interruption_rate": self.interruption_rate,
            "confidence": self.confidence,
            "track": asdict(self.track),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Estimate":
        """Reads `to_dict` back, also after a trip through JSON with amounts as strings."""
        decimal_fields = ("duration_hours", "gpu_compute", "spot_buffer", "storage", "hourly_rate")
        return cls(
            **{name: Decimal(str(data[name])) for name in decimal_fields},
            tier=Tier(data["tier"]),
            algorithm_version=data["algorithm_version"],
            basis=data["basis"],
            interruptions=data["interruptions"],
            interruption_rate=_decimal(data.get("interruption_rate")),
            track=_track(data.get("track", {})),
        )


def published_hours(training_pairs: int, preset: str, epochs: int) -> Decimal:
    """The published formula's duration: pairs × epochs × the preset's seconds per pair / 3600.

    `training_pairs` is what the file declares (FR1.2.1).
    """
    return Decimal(training_pairs * epochs * PRESETS[preset].seconds_per_pair) / 3600


def published_estimate(
    *,
    training_pairs: int,
    preset: str,
    epochs: int,
    offer: Offer,
    interruptions: InterruptionRate = NO_SPOT_HISTORY,
    track: TrackRecord = NO_TRACK,
) -> Estimate:
    """The formula of FR1.2.1 to the letter, algorithm version 1.

    Raises ValueError for an offer on this machine.
    """
    if offer.is_local:
        raise ValueError("a run on this machine is estimated from measured steps")
    return costed(
        published_hours(training_pairs, preset, epochs),
        offer,
        interruptions,
        algorithm_version=PUBLISHED_FORMULA,
        basis="published formula",
        track=track,
    )


def calibrated_estimate(
    hours: Decimal,
    *,
    basis: str,
    offer: Offer,
    interruptions: InterruptionRate = NO_SPOT_HISTORY,
    track: TrackRecord = NO_TRACK,
) -> Estimate:
    """The published formula corrected by finished runs, algorithm version 2."""
    return costed(
        hours, offer, interruptions, algorithm_version=CALIBRATED, basis=basis, track=track
    )


def costed(hours: Decimal, offer: Offer, interruptions: InterruptionRate, **rest: Any) -> Estimate:
    """What so many hours on the offer cost; on spot with the buffer of FR1.2.1.

    The buffer is ceil(hours / 8) × interruption rate × 15 minutes of the hourly rate. `rest` is
    what the estimate says of itself: version, basis, track.
    """
    buffer, explained = ZERO, ""
    if offer.tier is Tier.SPOT:
        windows = (hours / HOURS_PER_INTERRUPTION_WINDOW).to_integral_value(ROUND_CEILING)
        expected = windows * interruptions.rate
        buffer = expected * RECOVERY_HOURS * offer.hourly_rate
        explained = (
            f"{_short(expected)} expected recoveries of 15 min; "
            f"rate {interruptions.rate * 100:.0f} %: {interruptions.basis}"
        )
    return Estimate(
        duration_hours=_hours(hours),
        gpu_compute=cents(hours * offer.hourly_rate),
        spot_buffer=cents(buffer),
        storage=ZERO,
        hourly_rate=offer.hourly_rate,
        tier=offer.tier,
        interruptions=explained,
        interruption_rate=interruptions.rate if offer.tier is Tier.SPOT else None,
        **rest,
    )


def measured_estimate(
    measurement: Measurement,
    *,
    epochs: int,
    offer: Offer,
    max_steps: int | None = None,
    track: TrackRecord = NO_TRACK,
) -> Estimate:
    """A run on this machine by measured steps alone, algorithm version 3."""
    return costed(
        measured_hours(measurement, epochs=epochs, max_steps=max_steps),
        offer,
        NO_SPOT_HISTORY,
        algorithm_version=MEASURED_STEPS,
        basis=f"{measurement.steps_measured} measured steps on this machine",
        track=track,
    )


def format_hours(hours: Decimal) -> str:
    """`67.05 hrs` from an hour up, minutes and seconds below."""
    if hours >= 1:
        return f"{hours.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP):,} hrs"
    seconds = int((hours * 3600).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _hours(hours: Decimal) -> Decimal:
    return hours.quantize(_HOURS, rounding=ROUND_HALF_UP)


def _short(number: Decimal) -> str:
    """At most two decimals: 1.8, not 1.800000."""
    return f"{number.quantize(Decimal('0.01'), rounding=ROUND_HALF_UP).normalize():f}"


def _track(data: Mapping[str, Any]) -> TrackRecord:
    return TrackRecord(**{**data, "preset_error": _decimal(data.get("preset_error"))})


def _decimal(value: Any) -> Decimal | None:
    return None if value is None else Decimal(str(value))
