"""How the presets have done, quarter by quarter (FR1.1.2's analytics, which refine estimates)."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lib.domain.history import Share

QUARTERS = 4  # how far back the trend goes


@dataclass(frozen=True)
class QuarterRecord:
    """The jobs of one preset that ended in one quarter, rented or on this machine.

    `difference` is the mean of actual over estimated cost, less one: 0.08 for 8 % dearer. It is
    None where no completed job had an estimate to speak of.
    """

    preset: str
    rented: bool
    quarter: date  # its first day
    completed: int
    failed: int
    difference: Decimal | None

    @property
    def jobs(self) -> int:
        return self.completed + self.failed

    @property
    def success(self) -> Share:
        return Share(self.completed, self.jobs)

    @property
    def quarter_text(self) -> str:
        """`2026 Q4`."""
        return f"{self.quarter.year} Q{(self.quarter.month + 2) // 3}"

    @property
    def difference_text(self) -> str:
        """`+8.3 %`, or a dash."""
        return "–" if self.difference is None else f"{100 * self.difference:+.1f} %"
