"""A month's spending: what it will come to, and how near earlier forecasts were (FR1.2.2)."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lib.domain.budget import Budget
from lib.domain.money import ZERO, cents

LEAST_DAYS = 7  # of spending behind a projection; fewer say nothing about the days to come
BAND = 1.2816  # standard deviations on each side that hold 80 % of a normal distribution
MIDDLE_DAY = 15  # a month's forecast is judged by what was projected in its middle
ACCURACY_MONTHS = 6


@dataclass(frozen=True)
class Projection:
    """What the month is expected to come to at its end, and the band for 8 months of 10."""

    expected: Decimal
    least: Decimal
    most: Decimal
    basis: str


def project(budget: Budget, daily: Sequence[Decimal], days_left: int) -> Projection:
    """The month's end, from what is spent and reserved and from the days before.

    `daily` is what each of the last days cost, oldest first, up to yesterday. With fewer than seven
    of them, or no day left, it is what is spent and reserved, without a claim about new jobs.
    """
    committed = budget.spent + budget.reserved
    if days_left <= 0:
        basis = "what is spent and reserved; no further day of the month is to come"
        return Projection(committed, committed, committed, basis)
    if len(daily) < LEAST_DAYS:
        basis = "what is spent and reserved; too few days yet to expect more"
        return Projection(committed, committed, committed, basis)
    a_day = statistics.mean(daily)
    swing = Decimal(str(BAND * (float(statistics.pstdev(daily)) * days_left**0.5)))
    expected = committed + a_day * days_left
    return Projection(
        expected=cents(expected),
        least=cents(max(expected - swing, committed)),
        most=cents(expected + swing),
        basis=f"spent, reserved, and {days_left} more days like the last {len(daily)}",
    )


@dataclass(frozen=True)
class ForecastAccuracy:
    """How far mid-month projections were from the months' actual spend: 0.08 for 8 %."""

    error: Decimal
    months: int

    @property
    def text(self) -> str:
        past = "month" if self.months == 1 else f"{self.months} months"
        return f"Budget forecasts have been within ±{self.error * 100:.0f}% for past {past}"


def forecast_accuracy(
    projected: Mapping[date, Decimal], actual: Mapping[date, Decimal]
) -> ForecastAccuracy | None:
    """The mean distance over the months that have both; None where there is none.

    `projected` holds each month's projection of its middle day; a month that cost nothing has no
    relative distance and is left out.
    """
    months = sorted(month for month in projected if actual.get(month, ZERO) > ZERO)
    months = months[-ACCURACY_MONTHS:]
    if not months:
        return None
    errors = [abs(projected[month] / actual[month] - 1) for month in months]
    return ForecastAccuracy(sum(errors, ZERO) / len(errors), len(errors))
