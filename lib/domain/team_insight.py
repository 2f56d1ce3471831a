"""What the jobs of a period show of a team: how documented they are, on what, how near estimates.

The database counts; periods, shares and changes are made here. Sources: FR1.3.1 (tags, names,
documentation), FR1.1.2 and FR1.1.3 (presets and GPUs), FR1.2.1 (estimates), FR1.3.2 (the review).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from uuid import UUID

from lib.domain.history import Share
from lib.domain.money import ZERO

REVIEW_SECONDS = (30, 60)  # what FR1.3.2 wishes the median visit to the review to take
TOP_TAGS = 15  # shown as bars
TRENDS = 5  # tags that are followed over time


class Span(StrEnum):
    """The periods to choose from; one's own has two days instead."""

    MONTH = "month"
    DAYS = "30-days"
    QUARTER = "quarter"
    YEAR = "year"
    OWN = "own"

    @property
    def words(self) -> str:
        return _TITLES[self]


_TITLES = {
    Span.MONTH: "This month",
    Span.DAYS: "Last 30 days",
    Span.QUARTER: "This quarter",
    Span.YEAR: "This year",
    Span.OWN: "Own dates",
}


@dataclass(frozen=True)
class Period:
    """Whole days, both included. Raises ValueError where the last is before the first."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"until: {self.last} is before {self.first}, the first day")

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def before(self) -> "Period":
        """As many days, right before: what changes are measured against."""
        return Period(self.first - timedelta(days=self.days), self.first - timedelta(days=1))


def period_of(span: Span, today: date) -> Period:
    """A span that ends today; one's own begins as the last 30 days."""
    first = {
        Span.MONTH: today.replace(day=1),
        Span.QUARTER: today.replace(month=today.month - (today.month - 1) % 3, day=1),
        Span.YEAR: today.replace(month=1, day=1),
    }
    return Period(first.get(span, today - timedelta(days=29)), today)


@dataclass(frozen=True)
class Figures:
    """Jobs that were started in a period: all of them, or those that share what is set here.

    `documented` have a description and notes; `interrupted` had to recover at least once. Cost is
    in dollars, hours are those of ended jobs. `compared` are the completed jobs whose estimate can
    be held against the actual: `error_sum` adds their relative distances, `inside` counts those
    that ended within the range stated for them (the rule is in lib/db/history.py).
    """

    person_id: UUID | None = None
    month: date | None = None
    preset: str | None = None
    engine: str | None = None
    gpu: str | None = None
    tier: str | None = None
    jobs: int = 0
    completed: int = 0
    failed: int = 0
    interrupted: int = 0
    described: int = 0
    noted: int = 0
    documented: int = 0
    tagged: int = 0
    compared: int = 0
    inside: int = 0
    cost: Decimal = ZERO
    hours: Decimal = Decimal(0)
    estimated: Decimal = ZERO
    actual: Decimal = ZERO
    error_sum: Decimal = Decimal(0)

    @property
    def completeness(self) -> Share | None:
        """FR1.3.1: jobs with description and notes, of all; None without any."""
        return _share(self.documented, self.jobs)

    @property
    def described_share(self) -> Share | None:
        return _share(self.described, self.jobs)

    @property
    def noted_share(self) -> Share | None:
        return _share(self.noted, self.jobs)

    @property
    def completed_share(self) -> Share | None:
        """Completed jobs of all that were started, ended or not."""
        return _share(self.completed, self.jobs)

    @property
    def success(self) -> Share | None:
        """Completed among completed and failed jobs, as everywhere."""
        return _share(self.completed, self.completed + self.failed)

    @property
    def interruptions(self) -> Share | None:
        return _share(self.interrupted, self.jobs)

    @property
    def inside_share(self) -> Share | None:
        """Of the compared jobs, those that ended within the range stated for them."""
        return _share(self.inside, self.compared)

    @property
    def mean_error(self) -> Decimal | None:
        """How far actual was from estimated on average: 0.12 for 12 %; None without any."""
        return self.error_sum / self.compared if self.compared else None

    @property
    def difference(self) -> Decimal | None:
        """All that compared jobs cost over all that was estimated, less one; None for free ones."""
        return self.actual / self.estimated - 1 if self.estimated else None

    @property
    def undocumented(self) -> int:
        return self.jobs - self.documented

    @property
    def untagged(self) -> int:
        return self.jobs - self.tagged


@dataclass(frozen=True)
class TagUse:
    """How many jobs of a period have a tag, and how many were started in each month."""

    tag: str
    jobs: int
    by_month: dict[date, int]


@dataclass(frozen=True)
class ReviewFigures:
    """How the final review was used. Shares are None where nothing has been counted yet."""

    views: int
    median_seconds: float | None
    ticked: tuple[int, ...]  # ended visits with 0, 1, 2 and 3 boxes ticked
    started: int
    edited: int
    cancelled: int
    abandoned: int

    @property
    def all_ticked(self) -> Share | None:
        """Ended visits with every box ticked."""
        return self.ticked_share(len(self.ticked) - 1)

    def ticked_share(self, boxes: int) -> Share | None:
        """Ended visits with so many boxes ticked."""
        return _share(self.ticked[boxes], sum(self.ticked))

    def share(self, count: int) -> Share | None:
        """Of the visits whose outcome is known."""
        return _share(count, self.started + self.edited + self.cancelled + self.abandoned)

    @property
    def pace(self) -> str:
        """Whether the median is what FR1.3.2 wishes for."""
        least, most = REVIEW_SECONDS
        if self.median_seconds is None:
            return "no visit has ended yet"
        if self.median_seconds < least:
            return f"quicker than the wished {least} to {most} s"
        if self.median_seconds > most:
            return f"longer than the wished {least} to {most} s"
        return f"within the wished {least} to {most} s"


def change_in_percent(now: Decimal | int, before: Decimal | int) -> str | None:
    """`+12.5 %`, `no change`; None where there was nothing to compare with."""
    if not before:
        return None
    exact = (Decimal(now) / Decimal(before) - 1) * 100
    return _signed(exact, "%")


def change_in_points(now: Share | None, before: Share | None) -> str | None:
    """`-3.1 points` from one percentage to another; None where there is none of either."""
    if now is None or before is None:
        return None
    return _signed(now.percent - before.percent, "points")


def used(rows: Sequence[tuple[str, date, int]]) -> list[TagUse]:
    """Tags by use, the most used first, from how often each was used in each month."""
    months: dict[str, dict[date, int]] = {}
    for tag, month, jobs in rows:
        months.setdefault(tag, {})[month] = jobs
    uses = [TagUse(tag, sum(found.values()), found) for tag, found in months.items()]
    return sorted(uses, key=lambda use: (-use.jobs, use.tag))


def _share(count: int, of: int) -> Share | None:
    return Share(count, of) if of else None


def _signed(exact: Decimal, unit: str) -> str:
    rounded = exact.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
    return f"{rounded:+,} {unit}" if rounded else "no change"
