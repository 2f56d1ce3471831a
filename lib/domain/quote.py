"""A quote: what a client or a manager is given on paper, with the panel's own figures (FR1.2.1)."""

from dataclasses import dataclass
from datetime import date, datetime

from lib.domain.estimate import Estimate


@dataclass(frozen=True)
class Alternative:
    """Another configuration of the same job, for comparison."""

    title: str
    estimate: Estimate


@dataclass(frozen=True)
class Quote:
    """Everything the PDF says. Text fields are the users' own and may hold any script."""

    number: str  # "Q-2026-00042"
    issued_at: datetime  # aware, UTC
    issued_on: date  # in the billing time zone
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
    trainable_pairs: int
    pairs_explained: str
    preset_title: str
    parameters: tuple[tuple[str, str], ...]  # label, value as shown in the app
    offer_title: str
    rate_source: str  # "published default rate" and the like
    estimate: Estimate
    alternatives: tuple[Alternative, ...]
    accuracy: str  # measured accuracy of past estimates, or that there is none yet
