"""The estimate: one value behind every figure in the panel, the review, the PDF and the database.

Version 1 is the published formula of FR1.2.1. A run on this machine is never estimated by it:
`measured_estimate` takes the time of a few real steps instead.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal
from typing import Any

from lib.domain.money import ZERO, cents, usd
from lib.domain.offers import Offer, Tier
from lib.domain.presets import PRESETS

PUBLISHED_FORMULA = 1  # algorithm versions; 2 is the calibrated model
MEASURED_STEPS = 3

VARIANCE = Decimal("0.15")  # the +-15 % of FR1.2.1
RECOVERY_HOURS = Decimal("0.25")  # 15 minutes a recovery, as published
HOURS_PER_INTERRUPTION_WINDOW = 8
PUBLISHED_INTERRUPTION_RATE = Decimal("0.20")  # the middle of the published 10-30 %
HIGH_COST = Decimal(100)
LONG_RUN_HOURS = Decimal(24)
_HOURS = Decimal("0.0001")


@dataclass(frozen=True)
class InterruptionRate:
    """The share of spot jobs that are interrupted, 0 to 1, and where that figure comes from."""

    rate: Decimal
    basis: str


NO_SPOT_HISTORY = InterruptionRate(
    PUBLISHED_INTERRUPTION_RATE, "the middle of the published 10-30 %; no history yet"
)


@dataclass(frozen=True)
class Measurement:
    """What a few real steps on this machine showed, in seconds and tokens (not padding)."""

    startup_seconds: Decimal
    tokens_per_second: Decimal
    tokens_per_epoch: int
    finish_seconds: Decimal
    steps_measured: int
    steps_per_epoch: int


@dataclass(frozen=True)
class Line:
    """One line of the cost breakdown; the lines of an estimate add up to its total."""

    key: str
    label: str
    amount: Decimal
    detail: str


@dataclass(frozen=True)
class Estimate:
    """What a job takes. Hours have four decimals, dollars two; `total` is the sum of the lines."""

    duration_hours: Decimal
    gpu_compute: Decimal
    spot_buffer: Decimal
    storage: Decimal
    hourly_rate: Decimal
    tier: Tier
    algorithm_version: int
    basis: str
    interruptions: str = ""
    confidence: Decimal | None = None  # percent of finished runs inside the range; None: no history

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
    def confidence_text(self) -> str:
        if self.confidence is None:
            return "no history yet" if self.algorithm_version != MEASURED_STEPS else "measured here"
        return f"{self.confidence} % of finished runs were inside this range"

    @property
    def lines(self) -> tuple[Line, ...]:
        """GPU compute, spot buffer, storage and transfer, in the order of FR1.2.1."""
        rate = f"{format_hours(self.duration_hours)} × {usd(self.hourly_rate)}/hr"
        lines = [Line("gpu_compute", "GPU compute", self.gpu_compute, rate)]
        if self.tier is Tier.SPOT:
            lines.append(
                Line(
                    "spot_buffer", "Spot interruption buffer", self.spot_buffer, self.interruptions
                )
            )
        included = "local disk" if self.tier is Tier.LOCAL else "not in the published formula"
        lines.append(Line("storage", "Storage and transfer", self.storage, included))
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
            "confidence": self.confidence,
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
            confidence=None if data["confidence"] is None else Decimal(str(data["confidence"])),
        )


def published_estimate(
    *,
    training_pairs: int,
    preset: str,
    epochs: int,
    offer: Offer,
    interruptions: InterruptionRate = NO_SPOT_HISTORY,
) -> Estimate:
    """The formula of FR1.2.1 to the letter, algorithm version 1.

    hours = training pairs × epochs × seconds per pair of the preset / 3600; the spot buffer is
    ceil(hours / 8) × interruption rate × 15 minutes of the hourly rate. `training_pairs` is what
    the file declares. Raises ValueError for an offer on this machine.
    """
    if offer.is_local:
        raise ValueError("a run on this machine is estimated from measured steps")
    hours = Decimal(training_pairs * epochs * PRESETS[preset].seconds_per_pair) / 3600
    buffer, explained = ZERO, ""
    if offer.tier is Tier.SPOT:
        windows = (hours / HOURS_PER_INTERRUPTION_WINDOW).to_integral_value(ROUND_CEILING)
        expected = windows * interruptions.rate
        buffer = expected * RECOVERY_HOURS * offer.hourly_rate
        explained = (
            f"{expected.normalize():f} expected recoveries of 15 min; "
            f"rate {interruptions.rate * 100:.0f} %: {interruptions.basis}"
        )
    return Estimate(
        duration_hours=_hours(hours),
        gpu_compute=cents(hours * offer.hourly_rate),
        spot_buffer=cents(buffer),
        storage=ZERO,
        hourly_rate=offer.hourly_rate,
        tier=offer.tier,
        algorithm_version=PUBLISHED_FORMULA,
        basis="published formula",
        interruptions=explained,
    )


def measured_estimate(
    measurement: Measurement, *, epochs: int, offer: Offer, max_steps: int | None = None
) -> Estimate:
    """A run on this machine: tokens still to train over the measured tokens per second.

    `max_steps` cuts the run short; its tokens are then the steps' share of an epoch's tokens.
    """
    tokens = Decimal(measurement.tokens_per_epoch * epochs)
    if max_steps is not None:
        steps = min(max_steps, measurement.steps_per_epoch * epochs)
        tokens = Decimal(measurement.tokens_per_epoch * steps) / measurement.steps_per_epoch
    training = tokens / measurement.tokens_per_second
    seconds = measurement.startup_seconds + training + measurement.finish_seconds
    hours = seconds / 3600
    return Estimate(
        duration_hours=_hours(hours),
        gpu_compute=cents(hours * offer.hourly_rate),
        spot_buffer=ZERO,
        storage=ZERO,
        hourly_rate=offer.hourly_rate,
        tier=offer.tier,
        algorithm_version=MEASURED_STEPS,
        basis=f"{measurement.steps_measured} measured steps on this machine",
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
