"""Requests for a higher monthly limit (FR1.2.2): what may be asked, and what their letters say."""

import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from lib.domain.budget import Budget, forecast, next_month
from lib.domain.letters import Button, Letter
from lib.domain.money import ZERO, parse_usd, percent, usd
from lib.domain.typed import clean_text

JUSTIFICATION = (50, 2000)  # characters, spaces at both ends not counted
REASON_LIMIT = 1000
MOST_WITHDRAWN = 5  # in a day: each of them has sent a manager mail for nothing
REMIND_AFTER = timedelta(days=2)
APPROVAL_REQUIRED = "Approval Required: Yes (manager must approve via email)"


class Action(StrEnum):
    """What an approver does with a request."""

    APPROVE = "approve"
    DENY = "deny"


class RequestStatus(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Effective(StrEnum):
    """The form's "Effective Date"."""

    THIS_MONTH = "this"
    NEXT_MONTH = "next"

    def month(self, this_month: date) -> date:
        return this_month if self is Effective.THIS_MONTH else next_month(this_month)


def check_limit(text: str, current: Decimal) -> Decimal:
    """The limit that was typed. Raises ValueError unless it is an amount above the current one."""
    limit = parse_usd(text, "new monthly limit")
    if limit <= current:
        raise ValueError(f"new monthly limit: must be above the current limit of {usd(current)}")
    return limit


def check_justification(text: str) -> str:
    """The trimmed justification. Raises ValueError; invisible characters do not count."""
    cleaned = clean_text(text, "justification")
    least, most = JUSTIFICATION
    shown = sum(unicodedata.category(c) != "Cf" for c in cleaned)
    if shown < least:
        raise ValueError(f"justification: write at least {least} characters; these are {shown}")
    if len(cleaned) > most:
        raise ValueError(
            f"justification: write at most {most:,} characters; these are {len(cleaned):,}"
        )
    return cleaned


def check_reason(text: str, action: Action) -> str:
    """The trimmed reason of a decision; only a denial needs one. Raises ValueError."""
    cleaned = clean_text(text, "reason")
    if action is Action.DENY and not cleaned:
        raise ValueError("reason: say why, so that the requester knows what would have to change")
    if len(cleaned) > REASON_LIMIT:
        raise ValueError(
            f"reason: write at most {REASON_LIMIT:,} characters; these are {len(cleaned):,}"
        )
    return cleaned


def effective(month: date, this_month: date) -> str:
    """`immediately`, or `from 1 December 2026`."""
    return "immediately" if month <= this_month else f"from {month.day} {month:%B %Y}"


@dataclass(frozen=True)
class Figures:
    """What an approver looks at: the requester's month now, and what the request would make of it.

    `job_cost` is the most that the job which the request is about may cost, where it has not been
    started and has a price; once started it is part of what is reserved.
    """

    requester: str
    budget: Budget
    current_limit: Decimal
    new_limit: Decimal
    month: date
    job_name: str | None = None
    job_cost: Decimal | None = None

    @property
    def increase(self) -> Decimal:
        return self.new_limit - self.current_limit

    @property
    def projected(self) -> Decimal:
        """This month's spend once all active jobs, and the job asked for, cost the most."""
        return forecast(self.budget, self.job_cost or ZERO).projected

    @property
    def effective(self) -> str:
        return effective(self.month, self.budget.month)

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """Labels and values, in the letter and on the page alike."""
        budget, spent = self.budget, percent(self.budget.spent, self.budget.limit)
        rise = f", +{percent(self.increase, self.current_limit)} %" if self.current_limit else ""
        jobs = f"{budget.active_jobs} active job{'' if budget.active_jobs == 1 else 's'}"
        found = [
            ("New monthly limit", f"{usd(self.new_limit)} (now {usd(self.current_limit)}{rise})"),
            ("Effective", self.effective),
            ("Current spend vs limit", f"{usd(budget.spent)} of {usd(budget.limit)} ({spent} %)"),
            ("Reserved", f"{usd(budget.reserved)} by {jobs}"),
            ("Projected spend", usd(self.projected)),
        ]
        if self.job_name is not None:
            cost = f", at most {usd(self.job_cost)}" if self.job_cost is not None else ""
            found.append(("For the job", f"{self.job_name}{cost}"))
        return tuple(found)


def asks(
    figures: Figures,
    justification: str,
    expires: datetime,
    links: dict[Action, str],
    occasion: str = "",
) -> Letter:
    """To the approver. `occasion` says why again: a reminder, or in somebody's place."""
    name = figures.requester
    return Letter(
        kind="budget_request",
        subject=f"{occasion}{name} asks for a monthly budget of {usd(figures.new_limit)}",
        lead=f"{name} asks for a monthly budget of {usd(figures.new_limit)}, effective "
        f"{figures.effective}. That is {usd(figures.increase)} more than now.",
        facts=figures.facts,
        quote=("Justification", justification),
        buttons=(
            Button("Approve", links[Action.APPROVE], primary=True),
            Button("Deny", links[Action.DENY]),
        ),
        closing=f"Both open the request; nothing is decided until you are signed in and press "
        f"the button there. The links are for you alone, until {expires:%d %B %Y, %H:%M %Z}.",
    )


def is_approved(new_limit: Decimal, when: str, reason: str, decider: str, url: str) -> Letter:
    """To the requester; the sentence is the requirement's."""
    return Letter(
        kind="budget_approved",
        subject=f"Budget increase approved: {usd(new_limit)}",
        lead=f"Budget increase approved, new limit: {usd(new_limit)} effective {when}",
        quote=(f"{decider} says", reason) if reason else None,
        buttons=(Button("Open the budget", url, primary=True),),
        closing=f"Approved by {decider}.",
    )


def is_denied(new_limit: Decimal, reason: str, decider: str, url: str) -> Letter:
    """To the requester."""
    return Letter(
        kind="budget_denied",
        subject=f"Budget increase denied: {usd(new_limit)}",
        lead=f"Your request for a monthly budget of {usd(new_limit)} was denied. Your limit stays "
        "as it is.",
        quote=(f"{decider} says", reason),
        buttons=(Button("Open your requests", url, primary=True),),
        closing=f"Denied by {decider}. You can ask again with other figures or reasons.",
    )


def is_expired(new_limit: Decimal, days: int, url: str) -> Letter:
    """To the requester."""
    return Letter(
        kind="budget_expired",
        subject=f"Budget increase not decided in time: {usd(new_limit)}",
        lead=f"Nobody decided your request for a monthly budget of {usd(new_limit)} within {days} "
        "days, so it has expired. Your limit stays as it is.",
        buttons=(Button("Ask again", url, primary=True),),
    )
