"""A run's loss as a curve: its points, and what remains of them once the noise is smoothed away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

POINTS = 500  # of a curve; more are not told apart on a screen


@dataclass(frozen=True)
class Point:
    """The training loss after a step: `hours` since the job was started on an engine, dollars
    spent by then; None where the attempt that trained it is not known."""

    step: int
    loss: float
    hours: float | None
    dollars: float | None


def smoothed(losses: Sequence[float], weight: float = 0.9) -> list[float]:
    """An exponential moving average, corrected so that it does not lean towards its first value.

    `weight`, at least 0 and below 1, is how much of each value stays in the next. Each result lies
    between the least and the most of the losses so far.
    """
    return list(_average(losses, weight))


def _average(losses: Iterable[float], weight: float) -> Iterable[float]:
    total = share = 0.0
    for loss in losses:
        total = weight * total + (1 - weight) * loss
        share = weight * share + (1 - weight)
        yield total / share
