"""What jobs for a client or a project have cost, in sums that add up (FR1.3.1)."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

from lib.domain.money import ZERO, percent

Key = TypeVar("Key")


@dataclass(frozen=True)
class Costs:
    """Sums over started jobs, in dollars. `committed` is what running ones may still cost.

    `completed_*` are of completed jobs alone: what they cost and what they were estimated at.
    """

    jobs: int = 0
    actual: Decimal = ZERO
    committed: Decimal = ZERO
    last_run: datetime | None = None
    completed: int = 0
    completed_actual: Decimal = ZERO
    completed_estimated: Decimal = ZERO

    def __add__(self, other: "Costs") -> "Costs":
        runs = [run for run in (self.last_run, other.last_run) if run is not None]
        return Costs(
            self.jobs + other.jobs,
            self.actual + other.actual,
            self.committed + other.committed,
            max(runs, default=None),
            self.completed + other.completed,
            self.completed_actual + other.completed_actual,
            self.completed_estimated + other.completed_estimated,
        )

    @property
    def variance(self) -> Decimal | None:
        """By how many percent completed jobs missed their estimates; None without history."""
        if self.completed_estimated == 0:
            return None
        missed = self.completed_actual - self.completed_estimated
        return percent(missed, self.completed_estimated)


@dataclass(frozen=True)
class Part:
    """The jobs of one project, month, preset and creator. `project` is empty for none."""

    project: str
    month: date
    preset: str
    creator: str
    costs: Costs


@dataclass(frozen=True)
class Entry:
    """A client with its projects, or a project. A client's costs include its projects'."""

    id: UUID
    name: str
    archived_at: datetime | None
    costs: Costs
    projects: tuple["Entry", ...] = ()

    @property
    def without_project(self) -> Costs:
        """The costs of a client's jobs that belong to none of its projects."""
        inside = total(project.costs for project in self.projects)
        return Costs(
            self.costs.jobs - inside.jobs,
            self.costs.actual - inside.actual,
            self.costs.committed - inside.committed,
        )


def total(costs: Iterable[Costs]) -> Costs:
    return sum(costs, start=Costs())


def summed(parts: Iterable[Part], key: Callable[[Part], Key]) -> dict[Key, Costs]:
    """The parts' costs by what `key` makes of them, in the order in which each comes first."""
    found: dict[Key, Costs] = {}
    for part in parts:
        found[key(part)] = found.get(key(part), Costs()) + part.costs
    return found
