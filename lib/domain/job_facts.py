"""What is known of one job when it is held against others, and the figures that follow (FR1.3.1).

Figures are rounded to what is shown, so that what looks alike is a tie, and nobody is ahead by
digits that nobody sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from lib.domain.estimate import Estimate
from lib.domain.history import VARIANCE
from lib.domain.money import cents, percent
from lib.domain.offers import Tier
from lib.domain.states import TERMINAL, JobStatus

#: Tokens per dollar of a run that cost nothing: above every price, and shown as a word.
FREE = Decimal("Infinity")
_COUNTS_IN_DOLLARS = Decimal("0.10")  # below, an estimate is judged by its hours


@dataclass(frozen=True)
class FileFacts:
    """A training file. `tokens`, those of one epoch, are None until the worker has counted them."""

    name: str
    digest: str
    conversations: int
    training_pairs: int
    trainable_pairs: int
    quality: Decimal | None = None  # 0 to 5, as the file says
    tokens: int | None = None


@dataclass(frozen=True)
class Training:
    """What a job's metrics came to, None where there are none. `tokens` are those trained on."""

    steps: int | None = None
    tokens: int | None = None
    final_loss: Decimal | None = None
    best_loss: Decimal | None = None
    epochs: Decimal | None = None


@dataclass(frozen=True)
class Facts:
    """One job of a comparison: all that its column is made of.

    `preset` to `rate` are a draft's choice until it is started; `estimate` is the one it was
    started with. `cost` in dollars and `hours` are of all attempts; hours only once it has ended.
    """

    id: UUID
    name: str
    status: JobStatus
    creator: str
    created_at: datetime
    file: FileFacts
    description: str = ""
    tags: tuple[str, ...] = ()
    client: str = ""
    project: str = ""
    client_id: UUID | None = None
    project_id: UUID | None = None
    template_id: UUID | None = None
    queued_at: datetime | None = None
    ended_at: datetime | None = None
    preset: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    hyperparameters: Mapping[str, Any] = field(default_factory=dict)
    max_steps: int | None = None
    base_model: str = ""
    gpu: str = ""
    tier: Tier | None = None
    rate: Decimal | None = None
    estimate: Estimate | None = None
    confidence: Decimal | None = None
    algorithm_version: int | None = None
    cost: Decimal = Decimal("0.00")
    hours: Decimal | None = None
    recoveries: int = 0
    training: Training = Training()

    @property
    def competes(self) -> bool:
        """Only a run that came to its end can be better or worse than another."""
        return self.status is JobStatus.COMPLETED


def final_loss(job: Facts) -> Decimal | None:
    """The training loss of the last step."""
    return _loss(job.training.final_loss)


def best_loss(job: Facts) -> Decimal | None:
    """The lowest training loss of any step."""
    return _loss(job.training.best_loss)


def tokens_per_dollar(job: Facts) -> Decimal | None:
    """Whole tokens trained on for a dollar; FREE for a run that cost nothing."""
    if not job.training.tokens:
        return None
    return rounded(job.training.tokens / job.cost, "1") if job.cost else FREE


def tokens_per_second(job: Facts) -> Decimal | None:
    """From start to end, start-up and recoveries included: the time that is paid for."""
    if not job.training.tokens or not job.hours:
        return None
    return rounded(job.training.tokens / (job.hours * 3600), "0.01")


def cost_per_epoch(job: Facts) -> Decimal | None:
    """Dollars for a pass through the file, by the epochs that were trained."""
    return cents(job.cost / job.training.epochs) if job.training.epochs else None


def cost(job: Facts) -> Decimal | None:
    """Dollars in the end; None before the end and for what was never started."""
    return cents(job.cost) if job.status in TERMINAL and job.queued_at else None


def time_taken(job: Facts) -> Decimal | None:
    """Hours, exact to what is shown: hundredths, below an hour seconds."""
    if job.hours is None:
        return None
    if job.hours >= 1:
        return rounded(job.hours, "0.01")
    return rounded(job.hours * 3600, "1") / 3600


def time_error(job: Facts) -> Decimal | None:
    """How far a completed job's time was from its estimate: percent of that, above it positive."""
    return _error(job, job.hours, job.estimate.duration_hours if job.estimate else None)


def cost_error(job: Facts) -> Decimal | None:
    """The same in dollars; None where the estimate was nothing."""
    return _error(job, job.cost, job.estimate.total if job.estimate else None)


def inside_range(job: Facts) -> bool | None:
    """As estimates are judged everywhere: in dollars, a run of a few cents by its hours."""
    if not job.competes or job.estimate is None:
        return None
    if job.estimate.total >= _COUNTS_IN_DOLLARS:
        return job.estimate.cost_min <= job.cost <= job.estimate.cost_max
    error = time_error(job)
    return None if error is None else abs(error) <= VARIANCE * 100


def rounded(amount: Decimal, places: str) -> Decimal:
    """Half up, to as many places as `places` has."""
    return amount.quantize(Decimal(places), rounding=ROUND_HALF_UP)


def _loss(loss: Decimal | None) -> Decimal | None:
    return None if loss is None else rounded(loss, "0.0001")


def _error(job: Facts, actual: Decimal | None, expected: Decimal | None) -> Decimal | None:
    if not job.competes or actual is None or not expected:
        return None
    return percent(actual - expected, expected)
