"""What the installation knew at each moment of the simulation: past jobs, and budgets.

Both move forward only, and forget what has left their windows, so that a million jobs take no
longer, one by one, than a hundred.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lib.domain.budget import Budget, billing_month
from lib.domain.estimate import Estimate
from lib.domain.history import HISTORY_DAYS, INTERRUPTION_DAYS, VARIANCE, History, Tally
from lib.domain.money import ZERO
from lib.domain.offers import Offer
from lib.domain.states import JobStatus

Group = tuple[str, str, Any, str]  # engine, GPU, tier, preset


class _Due:
    """Things that will happen, given out once their moment has come."""

    def __init__(self) -> None:
        self._heap: list[tuple[datetime, int, Any]] = []
        self._order = count()

    def add(self, moment: datetime, what: Any) -> None:
        heapq.heappush(self._heap, (moment, next(self._order), what))

    def until(self, moment: datetime) -> Iterator[Any]:
        while self._heap and self._heap[0][0] <= moment:
            yield heapq.heappop(self._heap)[2]


def _nothing() -> dict[str, Any]:
    """No count and no error yet, by the names of a Tally's fields."""
    names = ("completed", "failed", "compared", "inside", "recent", "recent_interrupted")
    return {**dict.fromkeys(names, 0), "error_sum": Decimal(0)}


class PastJobs:
    """The history that estimates of a moment rest on, counted as lib/db/history.py counts it."""

    def __init__(self) -> None:
        self._due = _Due()
        self._tallies: defaultdict[Group, dict[str, Any]] = defaultdict(_nothing)

    def at(self, moment: datetime) -> History:
        for group, change, sign in self._due.until(moment):
            counted = self._tallies[group]
            for name, value in change.items():
                counted[name] += sign * value
        return History(tuple(Tally(*group, **counted) for group, counted in self._tallies.items()))

    def add(
        self,
        offer: Offer,
        preset: str,
        estimate: Estimate,
        *,
        queued_at: datetime,
        ended_at: datetime,
        status: JobStatus,
        recoveries: int,
        hours: Decimal,
        cost: Decimal,
    ) -> None:
        """A job that will have ended then; it counts from its start on, and its end from then."""
        group = (offer.engine, offer.gpu, offer.tier, preset)
        started = {"recent": 1, "recent_interrupted": int(recoveries > 0)}
        self._count(group, started, queued_at, INTERRUPTION_DAYS)
        if status is JobStatus.FAILED:
            self._count(group, {"failed": 1}, ended_at, HISTORY_DAYS)
        if status is JobStatus.COMPLETED:
            by_hours = abs(hours / estimate.duration_hours - 1)
            in_dollars = estimate.total >= Decimal("0.10")
            inside = estimate.cost_min <= cost <= estimate.cost_max
            ended = {
                "completed": 1,
                "compared": 1,
                "inside": int(inside if in_dollars else by_hours <= VARIANCE),
                "error_sum": abs(cost / estimate.total - 1) if in_dollars else by_hours,
            }
            self._count(group, ended, ended_at, HISTORY_DAYS)

    def _count(self, group: Group, change: Mapping[str, Any], moment: datetime, days: int) -> None:
        self._due.add(moment, (group, change, 1))
        self._due.add(moment + timedelta(days=days), (group, change, -1))


@dataclass
class _Month:
    spent: Decimal = ZERO
    held: dict[UUID, Decimal] = field(default_factory=dict)
    reserved: Decimal = ZERO


class Ledger:
    """Every person's months: spent, and held by what has not ended yet."""

    def __init__(
        self,
        limits: Mapping[UUID, Sequence[tuple[date, Decimal]]],
        grace_percent: Decimal,
        time_zone: ZoneInfo,
    ) -> None:
        """`limits` by person: effective month and dollars, oldest first."""
        self._limits, self._grace, self._zone = limits, grace_percent, time_zone
        self._due = _Due()
        self._months: defaultdict[tuple[UUID, date], _Month] = defaultdict(_Month)
        self._completed: Counter[UUID] = Counter()

    def at(self, user_id: UUID, moment: datetime) -> Budget:
        """The person's month as a start at that moment would find it."""
        for key, job_id, cost, completed in self._due.until(moment):
            month = self._months[key]
            month.reserved -= month.held.pop(job_id)
            month.spent += cost
            self._completed[key[0]] += completed
        first = billing_month(moment, self._zone)
        found = self._months[user_id, first]
        return Budget(
            month=first,
            limit=[limit for since, limit in self._limits[user_id] if since <= first][-1],
            grace_percent=self._grace,
            spent=found.spent,
            reserved=found.reserved,
            active_jobs=len(found.held),
        )

    def completed(self, user_id: UUID) -> int:
        """How many jobs of this person had been completed at the moment last asked about."""
        return self._completed[user_id]

    def hold(
        self,
        budget: Budget,
        user_id: UUID,
        job_id: UUID,
        amount: Decimal,
        ended_at: datetime,
        cost: Decimal,
        *,
        completed: bool,
    ) -> None:
        """Reserves for a job until it ends, and then counts what it cost."""
        key = (user_id, budget.month)
        self._months[key].held[job_id] = amount
        self._months[key].reserved += amount
        self._due.add(ended_at, (key, job_id, cost, int(completed)))
