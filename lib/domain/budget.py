"""Budget rules (FR1.2.2): what is left this month, and whether a job may start."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from lib.domain.money import ZERO, cents, percent, usd
from lib.domain.typed import clean_text

ALERT_PERCENT = Decimal(80)
CRITICAL_PERCENT = Decimal(90)


@dataclass(frozen=True)
class Budget:
    """One user's month. `reserved` is what active jobs may still cost above what they have cost."""

    month: date
    limit: Decimal
    grace_percent: Decimal
    spent: Decimal
    reserved: Decimal
    active_jobs: int

    @property
    def remaining(self) -> Decimal:
        """limit - spent - reserved; below zero once a job started within the grace."""
        return self.limit - self.spent - self.reserved

    @property
    def ceiling(self) -> Decimal:
        """The most that may be committed: the limit and its grace."""
        return cents(self.limit * (1 + self.grace_percent / 100))

    @property
    def used_percent(self) -> Decimal:
        return percent(self.spent + self.reserved, self.limit)

    @property
    def resets_on(self) -> date:
        return next_month(self.month)


class Verdict(StrEnum):
    WITHIN = "within"
    GRACE = "grace"
    EXCEEDED = "exceeded"


@dataclass(frozen=True)
class Decision:
    """Whether a job of at most `cost_max` dollars may start, and what to tell the user."""

    verdict: Verdict
    cost_max: Decimal
    projected: Decimal
    message: str

    @property
    def allowed(self) -> bool:
        return self.verdict is not Verdict.EXCEEDED


def decide(budget: Budget, cost_max: Decimal) -> Decision:
    """Within the limit: go. Above it and within the grace: warn and go. Above both: refuse."""
    projected = budget.spent + budget.reserved + cost_max
    if projected <= budget.limit or cost_max == ZERO:
        return Decision(Verdict.WITHIN, cost_max, projected, "")
    if projected <= budget.ceiling:
        over = 100 * (projected - budget.limit) / budget.limit  # rounded once, when it is shown
        return Decision(
            Verdict.GRACE,
            cost_max,
            projected,
            f"⚠ Slight Overage: This job will exceed budget by {over:.0f}% ({usd(projected)} total "
            f"vs {usd(budget.limit)} limit). Proceeding allowed as within "
            f"{budget.grace_percent.normalize():f}% grace period.",
        )
    return Decision(
        Verdict.EXCEEDED,
        cost_max,
        projected,
        f"Estimated cost ({usd(cost_max)}) exceeds remaining monthly budget "
        f"({usd(max(budget.remaining, ZERO))}). Adjust configuration or increase budget limit.",
    )


JUSTIFICATION = (20, 2000)  # characters of an override's reason


@dataclass(frozen=True)
class Forecast:
    """The month with a further job at its most (FR1.2.2); `over` is zero within the limit."""

    projected: Decimal
    limit: Decimal
    active_jobs: int

    @property
    def over(self) -> Decimal:
        return max(self.projected - self.limit, ZERO)

    @property
    def text(self) -> str:
        others = f"{self.active_jobs} active job{'' if self.active_jobs == 1 else 's'}"
        told = (
            f"Projected Monthly Spend: {usd(self.projected)} (includes {others} + this job). "
            f"Budget Limit: {usd(self.limit)}."
        )
        return f"{told} Projected Overage: {usd(self.over)}" if self.over else told


def forecast(budget: Budget, cost_max: Decimal) -> Forecast:
    """What is spent and reserved, and this job at its most."""
    projected = budget.spent + budget.reserved + cost_max
    return Forecast(projected, budget.limit, budget.active_jobs)


def check_justification(text: str, field: str = "justification") -> str:
    """The trimmed reason of an override. Raises ValueError."""
    cleaned = clean_text(text, field)
    least, most = JUSTIFICATION
    if not least <= len(cleaned) <= most:
        raise ValueError(
            f"{field}: write {least} to {most:,} characters; these are {len(cleaned):,}"
        )
    return cleaned


def team_overrun(team: Budget, cost_max: Decimal) -> Decimal:
    """How far a job would take a team above its limit, zero where it fits; teams have no grace."""
    return max(team.spent + team.reserved + cost_max - team.limit, ZERO) if cost_max else ZERO


def team_refusal(team: Budget, name: str, cost_max: Decimal) -> str:
    """Why a job that exceeds the limit of a team may not start."""
    return (
        f"Estimated cost ({usd(cost_max)}) exceeds what is left of the team budget of {name} "
        f"({usd(max(team.remaining, ZERO))} of {usd(team.limit)}). Adjust configuration or ask for "
        "a higher team budget."
    )


def insufficient(decision: Decision, budget: Budget) -> str:
    """FR1.2.1's budget error, for the panel of a job that the budget does not bear."""
    return (
        f"❌ Insufficient Budget: Estimated {usd(decision.cost_max)} exceeds remaining budget "
        f"{usd(max(budget.remaining, ZERO))}. Increase budget limit or adjust configuration."
    )


def alert(budget: Budget) -> str | None:
    """The 80 % and 90 % alerts of FR1.2.2, on what has been spent and reserved."""
    used = budget.spent + budget.reserved
    figures = f"{usd(used)} of {usd(budget.limit)}"
    if budget.limit > 0 and budget.used_percent >= CRITICAL_PERCENT:
        return (
            f"⚠ Critical Budget Alert: {budget.used_percent:.0f}% of monthly budget used "
            f"({figures}). Only {usd(max(budget.remaining, ZERO))} remaining. Consider "
            "prioritizing essential training runs."
        )
    if budget.limit > 0 and budget.used_percent >= ALERT_PERCENT:
        return (
            f"⚠ Budget Alert: You've used {budget.used_percent:.0f}% of your monthly budget "
            f"({figures}). Remaining: {usd(budget.remaining)} for this billing period "
            f"(resets {budget.resets_on.isoformat()})."
        )
    return None


def threshold_crossed(budget: Budget, amount: Decimal) -> Decimal | None:
    """The highest alert percentage that reserving `amount` reaches for the first time."""
    after = replace(budget, reserved=budget.reserved + amount)
    reached = (
        level
        for level in (ALERT_PERCENT, CRITICAL_PERCENT)
        if budget.used_percent < level <= after.used_percent
    )
    return max(reached, default=None)


def reset_notice(limit: Decimal, spent_last_month: Decimal) -> str:
    """FR1.2.2's words at the first visit of a new month."""
    return (
        f"✓ Budget Reset: Your monthly training budget has been reset to {usd(limit)}. "
        f"Last month's spend: {usd(spent_last_month)}."
    )


def billing_month(moment: datetime, time_zone: ZoneInfo) -> date:
    """The first day of the month, in the billing time zone, that an aware moment falls in."""
    return moment.astimezone(time_zone).date().replace(day=1)


def next_month(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
