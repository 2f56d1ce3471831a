"""A job that has ended, with all that its rows in the database are made of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row

from lib.demo.course import Attempt, Fate
from lib.domain.draft import Draft
from lib.domain.estimate import Estimate
from lib.domain.offers import Offer
from lib.domain.people import Person
from lib.services.assessment import Assessment


@dataclass(frozen=True)
class Words:
    """What people wrote about a job besides its draft."""

    tags: tuple[str, ...]
    lingered: timedelta  # from the draft to the start


@dataclass(frozen=True)
class PastJob:
    """A job that has ended, with all that its rows are made of."""

    id: UUID
    person: Person
    started_by: Person
    file: Row
    assessment: Assessment
    refused: Assessment | None  # what the budget did not bear before
    override: str | None  # the manager's reason
    fate: Fate
    attempts: tuple[Attempt, ...]
    steps: int
    words: Words
    queued_at: datetime
    ended_at: datetime

    @property
    def draft(self) -> Draft:
        return self.assessment.draft

    @property
    def offer(self) -> Offer:
        return self.assessment.priced.offer

    @property
    def estimate(self) -> Estimate:
        assert self.assessment.estimate is not None
        return self.assessment.estimate

    @property
    def cost(self) -> Decimal:
        return sum((attempt.cost for attempt in self.attempts), Decimal("0.00"))

    @property
    def hours(self) -> Decimal | None:
        """Over all attempts, as lib/services/settlement.py stores it."""
        if not self.attempts:
            return None
        lasted = sum((one.ended - one.began for one in self.attempts), timedelta())
        hours = Decimal(lasted // timedelta(microseconds=1)) / 3_600_000_000
        return hours.quantize(Decimal("0.0001"))

    @property
    def recoveries(self) -> int:
        return len(self.attempts[1:])
