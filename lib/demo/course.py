"""How a run went: its attempts with their phases, steps and costs, however it was to end."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from lib.demo.cast import EXHAUSTED, FAILURES, Failure
from lib.domain.money import ZERO, cents
from lib.domain.offers import RECOVERY_ATTEMPTS, Offer, Tier
from lib.domain.states import JobStatus

INTERRUPTED_SHARE = 0.18  # of spot jobs
_FAILED_SHARE, _CANCELLED_SHARE = 0.045, 0.05
#: Seconds, least and most: until the machine is there, until the model is loaded, after a stop.
_RENTED = ((90, 420), (180, 540), (40, 480))
_HERE = ((0.1, 0.4), (3, 6), (1, 2))
_CHECKPOINTS = 20  # a run; what was trained since the last one is lost


@dataclass(frozen=True)
class Attempt:
    """One attempt. `running` is None where it never came to train; steps are numbered from 1."""

    number: int
    began: datetime
    starting: datetime
    running: datetime | None
    ended: datetime
    first_step: int
    last_step: int
    outcome: str
    cost: Decimal

    def moment_of(self, step: int) -> datetime:
        """When a step of this attempt was done."""
        assert self.running is not None
        done = (step - self.first_step) / max(1, self.last_step - self.first_step)
        return self.running + (self.ended - self.running) * done


@dataclass(frozen=True)
class Fate:
    """How a job is to end, at which share of its run, after how many interruptions."""

    status: JobStatus
    share: float = 1.0
    interruptions: int = 0
    failure: Failure | None = None
    waiting: bool = False  # cancelled before it began


def draw_fate(dice: random.Random, tier: Tier) -> Fate:
    """Most runs are completed; on spot, some are interrupted on the way."""
    roll, interruptions = dice.random(), 0
    if tier is Tier.SPOT and dice.random() < INTERRUPTED_SHARE:
        interruptions = dice.choices((1, 2, 3), (74, 20, 6))[0]
    if roll < _CANCELLED_SHARE and interruptions == 0:
        return Fate(JobStatus.CANCELLED, dice.uniform(0.05, 0.7), waiting=dice.random() < 0.3)
    if interruptions == RECOVERY_ATTEMPTS and dice.random() < 0.5:
        message = (
            f"The run was interrupted, and {RECOVERY_ATTEMPTS} further attempts did not get "
            "through either. Start a new job when the cause is found."
        )
        failure = Failure(EXHAUSTED, message, 0.3, 0.9)
        return Fate(JobStatus.FAILED, dice.uniform(0.3, 0.9), interruptions, failure)
    if roll < _CANCELLED_SHARE + _FAILED_SHARE:
        failure = dice.choice(FAILURES)
        share = dice.uniform(failure.least, failure.most)
        return Fate(JobStatus.FAILED, share, interruptions if share > 0.2 else 0, failure)
    return Fate(JobStatus.COMPLETED, 1.0, interruptions)


def draw_course(
    dice: random.Random, offer: Offer, began: datetime, hours: float, steps: int, fate: Fate
) -> tuple[Attempt, ...]:
    """The attempts of a run that would train `hours` if nothing came between; none if it waited."""
    if fate.waiting:
        return ()
    reached = max(1, round(steps * fate.share)) if fate.share else 0
    stops = sorted(dice.sample(range(1, reached), fate.interruptions)) if reached else []
    attempts: list[Attempt] = []
    provisioning, loading, pause = _HERE if offer.is_local else _RENTED
    first, every = 0, max(1, steps // _CHECKPOINTS)
    for number, last in enumerate([*stops, reached], start=1):
        starting = began + timedelta(seconds=dice.uniform(*provisioning))
        loaded = starting + timedelta(seconds=dice.uniform(*loading))
        ended = loaded + timedelta(hours=hours * (last - first) / steps)
        final = number > len(stops)
        attempts.append(
            Attempt(
                number=number,
                began=began,
                starting=starting,
                running=loaded if reached else None,
                ended=ended,
                first_step=first,
                last_step=last,
                outcome=_last_outcome(fate) if final else "interrupted",
                cost=cost_of(offer, ended - began),
            )
        )
        first = last // every * every
        began = ended + timedelta(seconds=dice.uniform(*pause))
    return tuple(attempts)


def cost_of(offer: Offer, lasted: timedelta) -> Decimal:
    if not offer.hourly_rate:
        return ZERO
    return cents(offer.hourly_rate * (lasted // timedelta(milliseconds=1)) / 3_600_000)


def _last_outcome(fate: Fate) -> str:
    exhausted = fate.failure is not None and fate.failure.code == EXHAUSTED
    return "interrupted" if exhausted else str(fate.status)
