"""How tiers have been used: how often, how successfully, and what spot has saved (FR1.1.3)."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from lib.domain.history import Share
from lib.domain.money import ZERO
from lib.domain.offers import Tier

_Z = Decimal("1.96")  # standard deviations on each side that hold 95 % of a normal distribution


@dataclass(frozen=True)
class TierUsage:
    """Ended jobs of one tier. `saved` compares with the same hours on demand, in dollars.

    `comparable` of the `completed` jobs count in `saved`: those whose hours and whose on-demand
    rate at their start are known. Cancelled jobs are in `ended` alone.
    """

    tier: Tier
    ended: int
    completed: int
    failed: int
    spent: Decimal = ZERO
    saved: Decimal = ZERO
    comparable: int = 0

    @property
    def success(self) -> Share | None:
        """Completed among completed and failed; None without either."""
        of = self.completed + self.failed
        return Share(self.completed, of) if of else None


@dataclass(frozen=True)
class Usage:
    """What a person has run, by tier; tiers without an ended job are not there."""

    tiers: tuple[TierUsage, ...] = ()

    def of(self, tier: Tier) -> TierUsage | None:
        return next((usage for usage in self.tiers if usage.tier is tier), None)

    def share(self, tier: Tier) -> Share | None:
        """The tier's part of all ended jobs on rented GPUs; None without any."""
        rented = sum(usage.ended for usage in self.tiers if usage.tier is not Tier.LOCAL)
        found = self.of(tier)
        return Share(found.ended if found else 0, rented) if rented else None

    @property
    def saved(self) -> Decimal:
        return sum((usage.saved for usage in self.tiers), ZERO)

    @property
    def comparable(self) -> int:
        return sum(usage.comparable for usage in self.tiers)


def confidence_interval(share: Share) -> tuple[Decimal, Decimal]:
    """Where the true percentage lies with 95 % confidence (Wilson's score interval), one decimal.

    21 of 22 gives 78.2 to 99.2: few jobs say little, however many of them went well.
    """
    count, seen = Decimal(share.of), Decimal(share.count) / share.of
    spread = _Z * ((seen * (1 - seen) + _Z**2 / (4 * count)) / count).sqrt()
    middle, scale = seen + _Z**2 / (2 * count), 1 + _Z**2 / count
    low, high = ((middle + side * spread) / scale * 100 for side in (-1, 1))
    return _one_decimal(max(low, Decimal(0))), _one_decimal(min(high, Decimal(100)))


def _one_decimal(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
