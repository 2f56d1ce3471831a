"""A month's statement for finance: what the PDF tells, in the words it is told in (FR1.2.2)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from lib.domain.budget import Budget
from lib.domain.money import ZERO, usd
from lib.domain.quote import long_date
from lib.domain.spending import Projection


@dataclass(frozen=True)
class Share:
    """What one client, configuration or person took of the month, in dollars."""

    names: tuple[str, str]  # client and project, preset and tier, name and e-mail
    spent: Decimal
    reserved: Decimal
    jobs: int


@dataclass(frozen=True)
class StatedJob:
    """One job that counts in the month. `person` is empty where the statement is one person's."""

    started_on: date
    name: str
    person: str
    client: str
    project: str
    preset: str
    tier: str
    status: str
    spent: Decimal
    reserved: Decimal


@dataclass(frozen=True)
class StatedLimit:
    """A limit and the month it holds from."""

    begins: date
    person: str
    limit: Decimal
    grace_percent: Decimal
    set_by: str


@dataclass(frozen=True)
class AuditHead:
    """The end of the audit log's chain when the statement was made."""

    rows: int
    hash: str


@dataclass(frozen=True)
class Statement:
    """A month of one person or of a team.

    `as_of` is in the billing time zone, `daily` has each day's cost in order, `people` is empty
    for one person, `head` is None where the reader may not see the audit log's end.
    """

    company: str
    subject: str
    about: str  # the person's e-mail, or of how many people
    as_of: datetime
    budget: Budget
    projection: Projection
    daily: tuple[tuple[date, Decimal], ...]
    clients: tuple[Share, ...]
    configurations: tuple[Share, ...]
    people: tuple[Share, ...]
    jobs: tuple[StatedJob, ...]
    limits: tuple[StatedLimit, ...]
    accuracy: str
    head: AuditHead | None

    @property
    def title(self) -> str:
        return f"{self.budget.month:%B %Y}"

    @property
    def passed(self) -> bool:
        """Whether the month is over; its jobs may still be running."""
        return self.as_of.date() >= self.budget.resets_on

    @property
    def standing(self) -> str:
        """Whether the figures can still change, in words."""
        if self.budget.reserved > ZERO:
            return (
                f"Not final: {usd(self.budget.reserved)} are reserved for jobs that have not ended."
            )
        if not self.passed:
            return f"Not final: the month runs until {long_date(last_day(self.budget))}."
        return "Final: the month is over and all of its jobs have ended."


def total(rows: Sequence[Share] | Sequence[StatedJob]) -> tuple[Decimal, Decimal]:
    """Spent and reserved of all rows, to the cent."""
    return sum((row.spent for row in rows), ZERO), sum((row.reserved for row in rows), ZERO)


def last_day(budget: Budget) -> date:
    return date.fromordinal(budget.resets_on.toordinal() - 1)


def parse_month(text: str) -> date:
    """`2026-11` as the first of that month. Raises ValueError."""
    try:
        if len(text) != 7 or not text.isascii():
            raise ValueError
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise ValueError(f"month: {text!r:.40} is not a month such as 2026-11") from None
