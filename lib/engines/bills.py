"""What a run has cost, twice: as it was metered here, and as its provider billed it."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Bill:
    """What a run has cost as we metered it, and as RunPod billed it (None: not billed yet)."""

    metered: Decimal
    billed: Decimal | None

    @property
    def agrees(self) -> bool:
        """Within 5 % and 5 cents: disks are billed too, and hours begin at another second."""
        if self.billed is None:
            return False
        return abs(self.billed - self.metered) <= self.metered / 20 + Decimal("0.05")
