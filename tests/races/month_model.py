"""What a month must come to after any sequence of actions: FR1.2.2 once more, by hand.

It is written against the requirement and uses none of the app's rules, so that a fault in them
shows as a difference.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from uuid import UUID

from lib.domain.money import percent
from lib.domain.people import Person
from lib.domain.states import ACTIVE, JobStatus

ALERTS = (80, 90)
NOTHING = Decimal("0.00")


@dataclass
class Job:
    """A job as it ought to be; `held` is what was reserved for it, `cost` what it has cost."""

    id: UUID
    owner: "Account"
    status: JobStatus = JobStatus.PENDING_CONFIGURATION
    held: Decimal | None = None  # None until it was started
    cost: Decimal = NOTHING
    cancelling: bool = False

    @property
    def committed(self) -> Decimal:
        """What it counts for: what it has cost, and while it may cost more, what is held."""
        if self.held is None:
            return NOTHING
        return max(self.held, self.cost) if self.status in ACTIVE else self.cost

    def costs(self, amount: Decimal) -> None:
        """It has cost so much by now; what goes above its reservation nobody could refuse."""
        before = self.committed
        self.cost = amount
        self.owner.beyond_refusal += max(self.committed - before, NOTHING)


@dataclass
class Account:
    """One person's month.

    The promise: what is committed never exceeds `promised`, which was the ceiling when a start was
    allowed last, by more than what was started by recorded overrides since (`by_override`) and what
    running jobs cost above their reservations since (`beyond_refusal`).
    """

    person: Person
    limits: dict[date, tuple[Decimal, Decimal]]  # from a month on: the limit, and its grace in %
    jobs: list[Job] = field(default_factory=list)
    promised: Decimal = NOTHING
    by_override: Decimal = NOTHING
    beyond_refusal: Decimal = NOTHING
    overrides: list[Decimal] = field(default_factory=list)
    asked: tuple[UUID, Decimal, date] | None = None  # the pending request: limit, from which month
    log: Counter[str] = field(default_factory=Counter)

    def limit(self, month: date) -> tuple[Decimal, Decimal]:
        return self.limits[max(begin for begin in self.limits if begin <= month)]

    def ceiling(self, month: date) -> Decimal:
        limit, grace = self.limit(month)
        return limit + limit * grace / 100

    @property
    def committed(self) -> Decimal:
        return sum((job.committed for job in self.jobs), NOTHING)

    @property
    def spent(self) -> Decimal:
        return sum((job.cost for job in self.jobs), NOTHING)

    @property
    def bound(self) -> Decimal:
        return self.promised + self.by_override + self.beyond_refusal

    def bears(self, cost: Decimal, month: date) -> bool:
        return cost == 0 or self.committed + cost <= self.ceiling(month)

    def start(self, job: Job, cost: Decimal, month: date, *, overriding: bool) -> bool:
        """Whether the start must succeed; what it leaves behind if so, and if not."""
        limit, _ = self.limit(month)
        before, after = self.committed, self.committed + cost
        borne = self.bears(cost, month)
        if not borne and not overriding:
            self.log["validation_blocked"] += 1
            return False
        if not borne:
            self.by_override += cost
            self.overrides.append(after - limit)
            self.log["override_approved"] += 1
            self.log["started_by_override"] += 1
        elif after <= limit or cost == 0:
            self.log["started"] += 1
        else:
            self.log["started_in_grace"] += 1
        if borne and cost > 0:
            self.promised = self.ceiling(month)
            self.by_override = self.beyond_refusal = NOTHING
        if any(percent(before, limit) < alert <= percent(after, limit) for alert in ALERTS):
            self.log["warning_triggered"] += 1
        job.status, job.held = JobStatus.QUEUED, cost
        return True

    def end(self, job: Job, status: JobStatus, cost: Decimal) -> None:
        job.costs(cost)
        job.status = status
        self.log["settled"] += 1
