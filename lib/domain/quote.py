"""A quote: what a client or a manager is given on paper, with the panel's own figures (FR1.2.1).

It has one choice, compared with the presets and tiers around it, or several to choose from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from lib.domain.estimate import Estimate
from lib.domain.history import VARIANCE
from lib.domain.money import usd
from lib.domain.offers import RECOVERY_ATTEMPTS, Tier

SINGLE, COMPARISON = "single", "comparison"  # kinds of quotes
MOST_CHOICES = 6  # alternatives in one quote
LAST_DAYS = 7  # of a quote's validity, in which it says how many are left


@dataclass(frozen=True)
class Choice:
    """One configuration with its price, as it can be agreed to."""

    preset_title: str
    offer_title: str
    rate_source: str  # "published default rate" and the like
    parameters: tuple[tuple[str, str], ...]  # label, value as shown in the app
    changes: tuple[str, ...]  # how it differs from the preset; empty where it does not
    notes: tuple[str, ...]  # why it cannot be had as it is: locked, too large for the GPU
    estimate: Estimate

    @property
    def configuration(self) -> str:
        """`Balanced, modified`."""
        return f"{self.preset_title}, modified" if self.changes else self.preset_title

    @property
    def title(self) -> str:
        """`Balanced, modified, on H100 PCIe 80GB, spot`."""
        return f"{self.configuration}, on {self.offer_title}"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, amounts as Decimal."""
        return {
            "preset_title": self.preset_title,
            "offer_title": self.offer_title,
            "rate_source": self.rate_source,
            "parameters": [list(pair) for pair in self.parameters],
            "changes": list(self.changes),
            "notes": list(self.notes),
            "estimate": self.estimate.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Choice":
        """Reads `to_dict` back, also after a trip through JSON."""
        return cls(
            preset_title=data["preset_title"],
            offer_title=data["offer_title"],
            rate_source=data["rate_source"],
            parameters=tuple((label, value) for label, value in data["parameters"]),
            changes=tuple(data["changes"]),
            notes=tuple(data["notes"]),
            estimate=Estimate.from_dict(data["estimate"]),
        )


@dataclass(frozen=True)
class Cell:
    """A preset on an offer; `estimate` is None while this machine has not been measured for it."""

    estimate: Estimate | None
    note: str = ""  # "needs 75 GB of GPU memory, has 24 GB"
    quoted: bool = False


@dataclass(frozen=True)
class ComparedPreset:
    """A row of the comparison, with a cell for every offer."""

    title: str
    cells: tuple[Cell, ...]
    note: str = ""  # "locked: ..."


@dataclass(frozen=True)
class Comparison:
    """The presets and the offers side by side: offer titles and rates, then a row a preset."""

    offers: tuple[tuple[str, Decimal], ...]
    rows: tuple[ComparedPreset, ...]


@dataclass(frozen=True)
class Revision:
    """A quote in the line of those for one job, and what it changed against the one before."""

    number: str
    issued_on: date
    total: str
    changes: tuple[str, ...]


@dataclass(frozen=True)
class Quote:
    """Everything the PDF says. Text fields are the users' own and may hold any script."""

    revisions: tuple[Revision, ...]  # all of the job's quotes, oldest first, this one last
    issued_at: datetime  # aware, UTC
    valid_until: date
    company: str
    made_by: str
    made_by_email: str
    client: str  # "" when nobody is named
    project: str
    job_name: str
    description: str
    training_file: str
    conversations: int
    training_pairs: int  # declared: what the published formula prices
    pairs_explained: str
    choices: tuple[Choice, ...]
    comparison: Comparison | None  # of a single choice

    @property
    def number(self) -> str:
        """`Q-2026-00042`."""
        return self.revisions[-1].number

    @property
    def issued_on(self) -> date:
        """In the billing time zone."""
        return self.revisions[-1].issued_on

    @property
    def kind(self) -> str:
        return SINGLE if len(self.choices) == 1 else COMPARISON


def amounts(choices: tuple[Choice, ...]) -> str:
    """The expected total of one choice, from the least to the most of several."""
    totals = [choice.estimate.total for choice in choices]
    least, most = usd(min(totals)), usd(max(totals))
    return least if least == most else f"{least} – {most}"


def summary(choices: tuple[Choice, ...]) -> str:
    """What is quoted in a few words, for lists."""
    return choices[0].title if len(choices) == 1 else f"{len(choices)} alternatives"


def terms(quote: Quote) -> tuple[tuple[str, str], ...]:
    """What a signature is put under: heading and text of each paragraph."""
    tiers = {choice.estimate.tier for choice in quote.choices}
    rented = tiers - {Tier.LOCAL}
    charge = (
        "This is an estimate, not a fixed price and not a ceiling: a run is charged for the time "
        "it takes, interruptions and recoveries included, at the hourly rate of the day it is "
        "started. A run that fails or is cancelled is charged up to then."
    )
    if not rented:
        charge += " It uses this machine: no GPU is rented."
    excluded = ["taxes", "preparing and reviewing the training data"]
    if rented:
        excluded.append("storage and transfer, which the published formula leaves out")
    excluded += [
        "a further run after one that failed or did not satisfy",
        "running the trained model",
    ]
    found = [
        ("Validity", f"Until {long_date(quote.valid_until)}."),
        ("Final charge", charge),
        ("Not included", f"{upper_first('; '.join(excluded))}."),
    ]
    if rented:
        found[0] = (
            "Validity",
            f"Until {long_date(quote.valid_until)}, as long as the hourly rates of "
            f"{long_date(quote.issued_on)} hold: the provider may change them.",
        )
    if Tier.SPOT in tiers:
        found.append(
            (
                "Spot capacity",
                "The buffer pays for the expected interruptions; more of them cost more. After "
                f"{RECOVERY_ATTEMPTS} recoveries a further failure ends the run.",
            )
        )
    return tuple(found)


def accuracy(choice: Choice) -> tuple[tuple[str, str], ...]:
    """How far past estimates came true: true counts, or that there is nothing to count yet."""
    estimate, track = choice.estimate, choice.estimate.track
    compared = "None to compare with yet"
    if track.runs:
        compared = (
            f"{track.runs:,} to compare with, {track.inside:,} of them within "
            f"±{VARIANCE * 100:.0f} % of the estimate"
        )
    return (
        ("Basis", upper_first(estimate.basis)),
        ("Finished runs", compared),
        ("Confidence", upper_first(estimate.confidence_text)),
        ("Past estimates", track.accuracy(choice.preset_title)),
    )


@dataclass(frozen=True)
class Validity:
    """Whether a quote still holds on a day, in words."""

    expired: bool
    text: str


def validity(valid_until: date, today: date) -> Validity:
    """`Valid`, `Expires in 5 days` in its last week, `Expires today`, `Expired`."""
    left = (valid_until - today).days
    if left < 0:
        return Validity(True, "Expired")
    if left > LAST_DAYS:
        return Validity(False, "Valid")
    if left == 0:
        return Validity(False, "Expires today")
    return Validity(False, f"Expires in {left} day{'' if left == 1 else 's'}")


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def long_date(day: date) -> str:
    """`24 November 2026`."""
    return f"{day.day} {day:%B %Y}"
