"""The final check before a start (FR1.3.2): warnings, budget, consent, and what was shown."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from lib.domain.budget import Budget
from lib.domain.estimate import HIGH_COST, Estimate
from lib.domain.money import ZERO, percent, usd
from lib.domain.presets import PRESETS
from lib.domain.spending_cap import low_cap_warning

LOW_BUDGET_FACTOR = Decimal("1.5")  # of the most that the job may cost
LONG_DURATION_HOURS = Decimal(20)
TIGHT_PERCENT, TOO_TIGHT_PERCENT = Decimal(90), Decimal(95)  # where yellow and red begin
CHEAPEST = "conservative"


class Outcome(StrEnum):
    """How a visit of the final check ended; a closed tab leaves none."""

    STARTED = "started"
    EDITED = "edited"
    CANCELLED = "cancelled"


def cost_range(estimate: Estimate) -> str:
    """`$45-60`, with cents where there are any: `$46.75-63.25`."""
    least, most = usd(estimate.cost_min), usd(estimate.cost_max)
    if least.endswith(".00") and most.endswith(".00"):
        least, most = least[:-3], most[:-3]
    return f"{least}-{most[1:]}"


def confirmations(estimate: Estimate) -> tuple[str, ...]:
    """What has to be ticked before a start, in FR1.3.2's words with the true figures."""
    return (
        "I have reviewed the complete training configuration above and confirm all settings are "
        "correct",
        f"I understand the estimated cost ({cost_range(estimate)}) and agree to proceed with "
        "charges within this range",
        "I have obtained necessary budget approval (if required by my organization) and "
        "authorization to incur these costs",
    )


BOXES = 3  # how many those are


@dataclass(frozen=True)
class Notice:
    """A line of the warnings section. `code` names it; `information` is no warning."""

    code: str
    text: str
    information: bool = False


def notices(
    estimate: Estimate,
    preset: str,
    *,
    remaining: Decimal,
    first_job: bool,
    cheapest: Estimate | None,
    spending_cap: Decimal | None = None,
) -> tuple[Notice, ...]:
    """The warnings that hold, with FR1.3.2's thresholds and words.

    `remaining` is what is left of the month's budget before this job, `cheapest` the same job with
    the Conservative preset, None where that cannot be priced. What it saves is computed, and it is
    not named where it saves nothing. A spending cap below the least estimate is told of as well.
    """
    found = []
    if estimate.total > HIGH_COST:
        text = f"⚠ High-Cost Training Run: This job will cost {usd(estimate.total)}."
        found.append(Notice("cost", text + _reduction(estimate, preset, cheapest)))
    if preset == "aggressive":
        found.append(
            Notice(
                "aggressive",
                "⚠ Advanced Configuration: Aggressive parameters may take longer and cost more. "
                "Recommended only for complex datasets.",
            )
        )
    if estimate.cost_max > ZERO and remaining < estimate.cost_max * LOW_BUDGET_FACTOR:
        found.append(
            Notice(
                "budget",
                "⚠ Limited Budget Remaining: This job will use most of your remaining monthly "
                "budget. Consider budgeting for potential overages.",
            )
        )
    if estimate.duration_hours > LONG_DURATION_HOURS:
        found.append(
            Notice(
                "duration",
                "⚠ Extended Training Time: This job may take over 20 hours. Spot interruptions are "
                "more likely for long runs.",
            )
        )
    if low := low_cap_warning(spending_cap, estimate.cost_min):
        found.append(Notice("cap", low))
    if first_job:
        found.append(
            Notice(
                "first",
                "ℹ First Training Run: This is your first training job. Start with Conservative "
                "preset to gain familiarity with the platform.",
                information=True,
            )
        )
    return tuple(found)


def _reduction(estimate: Estimate, preset: str, cheapest: Estimate | None) -> str:
    if preset == CHEAPEST or cheapest is None or cheapest.total >= estimate.total:
        return ""
    share = percent(estimate.total - cheapest.total, estimate.total)
    title = PRESETS[CHEAPEST].title
    return f" Consider {title} preset to reduce cost by {_whole(share)}%."


class Tone(StrEnum):
    """Green below 90 % of the budget, yellow up to 95 %, red above."""

    GOOD = "good"
    TIGHT = "tight"
    TOO_TIGHT = "too tight"


@dataclass(frozen=True)
class BudgetImpact:
    """The month with this job at its most. `used` is spent and reserved; percents of the limit.

    `cost_max` is what the start reserves: the estimate's maximum, or a spending cap above it.
    """

    used: Decimal
    reserved: Decimal
    limit: Decimal
    cost_min: Decimal
    cost_max: Decimal
    is_cap: bool = False

    @property
    def used_percent(self) -> Decimal:
        return percent(self.used, self.limit)

    @property
    def projected(self) -> Decimal:
        return self.used + self.cost_max

    @property
    def projected_percent(self) -> Decimal:
        return percent(self.projected, self.limit)

    @property
    def remaining(self) -> Decimal:
        """Below zero where the job exceeds the limit."""
        return self.limit - self.projected

    @property
    def tone(self) -> Tone:
        # Without a limit any cost is too much; not rounded, so that 95.04 % is above 95.
        if self.limit <= ZERO:
            return Tone.TOO_TIGHT if self.projected > ZERO else Tone.GOOD
        share = 100 * self.projected / self.limit
        if share < TIGHT_PERCENT:
            return Tone.GOOD
        return Tone.TIGHT if share <= TOO_TIGHT_PERCENT else Tone.TOO_TIGHT

    @property
    def used_text(self) -> str:
        """`$387.00 of $500.00 used - 77%`."""
        return f"{usd(self.used)} of {usd(self.limit)} used - {_whole(self.used_percent)}%"

    @property
    def projected_text(self) -> str:
        """`$439.00 total (88% of budget)`."""
        return f"{usd(self.projected)} total ({_whole(self.projected_percent)}% of budget)"

    @property
    def remaining_text(self) -> str:
        """`$61.00 available`, or by how much the limit is exceeded."""
        if self.remaining < ZERO:
            return f"none: {usd(-self.remaining)} above the limit"
        return f"{usd(self.remaining)} available"

    @property
    def forecast(self) -> str:
        """How many more jobs such as this one fit, at its most and at its least."""
        if self.cost_max <= ZERO:
            return "Such jobs cost nothing: the budget sets them no limit this month"
        left = max(self.remaining, ZERO)
        fewest = int(left // self.cost_max)
        most = int(left // self.cost_min) if self.cost_min > ZERO else fewest
        if most == 0:
            return "No budget for a further job such as this one this month"
        count = f"{fewest:,}-{most:,}" if fewest != most else f"{most:,}"
        return f"Sufficient budget for {count} more job{'' if most == 1 else 's'} this month"


def budget_impact(
    budget: Budget, estimate: Estimate, reserved: Decimal | None = None
) -> BudgetImpact:
    """What the job does to its owner's month; `reserved` is what its start reserves, where that is
    another amount than the most that is estimated.
    """
    most = estimate.cost_max if reserved is None else reserved
    return BudgetImpact(
        used=budget.spent + budget.reserved,
        reserved=budget.reserved,
        limit=budget.limit,
        cost_min=estimate.cost_min,
        cost_max=most,
        is_cap=most > estimate.cost_max,
    )


@dataclass(frozen=True)
class SimilarJob:
    """The user's newest completed job with the same training file or preset."""

    id: str
    name: str
    actual: Decimal
    estimated: Decimal

    @property
    def text(self) -> str:
        """FR1.3.2's sentence after `Similar to your previous job: {name}`."""
        told = f"Final cost was {usd(self.actual)} vs estimated {usd(self.estimated)}"
        if self.estimated <= ZERO:
            return told
        difference = percent(self.actual - self.estimated, self.estimated)
        return f"{told} (difference: {'+' if difference > 0 else ''}{difference.normalize():f}%)"


@dataclass(frozen=True)
class Change:
    """A figure that is no longer what was shown."""

    label: str
    before: str
    now: str


@dataclass(frozen=True)
class Shown:
    """The figures that a start rests on, by label and as they were on screen."""

    figures: Mapping[str, str] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """Names exactly these figures."""
        return hashlib.sha256(json.dumps(list(self.figures.items())).encode()).hexdigest()

    def changes(self, now: "Shown") -> tuple[Change, ...]:
        """What differs by now, in the order in which it is shown; a missing figure is `none`."""
        labels = dict.fromkeys((*self.figures, *now.figures))
        pairs = ((label, self.figures.get(label), now.figures.get(label)) for label in labels)
        return tuple(
            Change(label, before or "none", after or "none")
            for label, before, after in pairs
            if before != after
        )


def _whole(share: Decimal) -> str:
    return f"{share.quantize(Decimal(1), rounding=ROUND_HALF_UP)}"
