"""Cost reduction tips (FR1.2.2): single changes of a draft, each with what it saves exactly."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lib.domain.budget import Budget, decide
from lib.domain.money import ZERO, usd


@dataclass(frozen=True)
class Tip:
    """One change: what to do, the draft's fields after it, what the job costs then at most.

    `conversations`: how many of the file's first ones to train on, where that is the change.
    """

    title: str
    changes: Mapping[str, Any]
    saving: Decimal
    cost_max: Decimal
    fits: bool
    conversations: int | None = None

    @property
    def text(self) -> str:
        """In FR1.2.2's words: `Switch to Conservative preset (save $12.00)`."""
        return f"{self.title} (save {usd(self.saving)})"


def tip(
    title: str,
    changes: Mapping[str, Any],
    before: Decimal,
    cost_max: Decimal,
    budget: Budget,
    conversations: int | None = None,
) -> Tip:
    """`before` and `cost_max` are what the job costs at most without and with the change."""
    fits = decide(budget, cost_max).allowed
    return Tip(title, changes, before - cost_max, cost_max, fits, conversations)


def best_first(tips: Iterable[Tip]) -> tuple[Tip, ...]:
    """Changes that make the job fit come first, the larger saving before the smaller.

    What saves nothing is no tip.
    """
    saving = [entry for entry in tips if entry.saving > ZERO]
    return tuple(sorted(saving, key=lambda entry: (not entry.fits, -entry.saving, entry.title)))
