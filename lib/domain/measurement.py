"""A few real steps of a configuration, and how long the whole run takes by them."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Measurement:
    """What a few real steps on this machine showed, in seconds and tokens (not padding)."""

    startup_seconds: Decimal
    tokens_per_second: Decimal
    tokens_per_epoch: int
    finish_seconds: Decimal
    steps_measured: int
    steps_per_epoch: int


def measured_hours(
    measurement: Measurement, *, epochs: int, max_steps: int | None = None
) -> Decimal:
    """A run on this machine: start-up, tokens over the measured tokens per second, the end.

    `max_steps` cuts the run short; its tokens are then the steps' share of an epoch's tokens.
    """
    tokens = Decimal(measurement.tokens_per_epoch * epochs)
    if max_steps is not None:
        steps = min(max_steps, measurement.steps_per_epoch * epochs)
        tokens = Decimal(measurement.tokens_per_epoch * steps) / measurement.steps_per_epoch
    training = tokens / measurement.tokens_per_second
    return (measurement.startup_seconds + training + measurement.finish_seconds) / 3600
