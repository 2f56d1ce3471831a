"""What a draft costs, whether the budget bears it, and what keeps it from being started.

The cost panel, the review, the quote and the start all ask here: one rule, one place.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import budgets, files, jobs, measurements, team_budgets
from lib.db.connection import transaction
from lib.domain import draft as drafting
from lib.domain import spending_cap
from lib.domain.budget import Budget, Decision, billing_month, decide, team_overrun, team_refusal
from lib.domain.continuation import Begun, hindrance
from lib.domain.draft import Draft
from lib.domain.estimate import Estimate
from lib.domain.history import History
from lib.domain.money import ZERO
from lib.domain.offers import enough_memory
from lib.domain.presets import PRESETS, memory_needed_gb, preset_locked
from lib.engines.configuration import measurement_key
from lib.services import continuation, rented_account
from lib.services.drafts import OpenDraft
from lib.services.errors import NotEligible
from lib.services.estimates import Past, Priced, Pricing, measurement_request, price, read_past
from lib.services.offers import offers
from lib.services.training_files import check_eligible
from lib.settings import settings


@dataclass(frozen=True)
class Blocker:
    """Why a draft cannot be started now. Codes are those of StartRefused.

    `overrun` is how far above a limit the job would go, in dollars, where that is the reason.
    """

    code: str
    message: str
    overrun: Decimal = ZERO


@dataclass(frozen=True)
class Assessment:
    """A draft, its price on every offer, the owner's budget, and what is in the way of a start."""

    draft: Draft
    file: Row
    priced: Priced
    others: tuple[Priced, ...]
    budget: Budget
    decision: Decision | None
    blockers: tuple[Blocker, ...]
    aggressive_locked: str | None
    past: Past
    allowed: Decimal  # the most that the job may cost by its owner's budget and their teams'
    begun: Begun | None = None  # the job whose checkpoint it goes on from

    @property
    def spending_cap(self) -> Decimal | None:
        """The chosen cap or the default; None where an hour costs nothing, and without a price."""
        if self.estimate is None or not self.priced.offer.hourly_rate:
            return None
        return self.draft.spending_cap or self.default_cap

    @property
    def default_cap(self) -> Decimal | None:
        """What the cap is where nobody chose one; None as for the cap."""
        if self.estimate is None:
            return None
        grace, rate = self.budget.grace_percent, self.priced.offer.hourly_rate
        return spending_cap.default_cap(self.estimate.cost_max, grace, self.allowed, rate)

    @property
    def history(self) -> History:
        return self.past.history

    @property
    def overrun(self) -> Decimal:
        """How far above a limit the job would go, the user's own or a team's; zero within all."""
        return max((blocker.overrun for blocker in self.blockers), default=ZERO)

    def of(self, offer_key: str) -> Priced | None:
        """The draft on the offer with this key; None where there is no such offer."""
        return next(
            (entry for entry in (self.priced, *self.others) if entry.offer.key == offer_key), None
        )

    @property
    def estimate(self) -> Estimate | None:
        """None while this machine is still being measured."""
        return self.priced.estimate

    @property
    def digest(self) -> str:
        """Names what was shown: a start is bound to it and asks again where it has changed."""
        most = self.estimate.cost_max if self.estimate else "unpriced"
        return f"{self.draft.digest}:{self.priced.offer.hourly_rate}:{most}"


def assess(opened: OpenDraft) -> Assessment:
    """Prices an open draft; asks for a measurement where this machine has none yet."""
    with transaction() as connection:
        return assess_within(connection, opened.owner_id, opened.draft, opened.file, ask=True)


def measure(opened: OpenDraft) -> None:
    """Puts a measurement in the queue of the worker: the first one, or a failed one again."""
    draft, file = opened.draft, opened.file
    key = measurement_key(file.content_hash, draft.hyperparameters.to_dict())
    with transaction() as connection:
        measurements.ask(connection, key, "local", measurement_request(draft, file))


def assess_within(
    connection: Connection, owner_id: UUID, draft: Draft, file: Row, *, ask: bool
) -> Assessment:
    """The same inside the caller's transaction, so that a start decides on locked figures."""
    month = billing_month(datetime.now(UTC), settings().time_zone)
    budget = budgets.snapshot(connection, owner_id, month)
    past = read_past(connection)
    priced = [
        price(connection, draft, file, offer, past, ask=ask and offer.key == draft.offer_key)
        for offer in offers(connection, keep=draft.offer_key)
    ]
    chosen = next((entry for entry in priced if entry.offer.key == draft.offer_key), priced[0])
    decision = decide(budget, _committed(draft, chosen)) if chosen.estimate else None
    locked = preset_locked(
        "aggressive", file.conversation_count, jobs.completed_count(connection, owner_id)
    )
    in_use = files.has_active_job(connection, file.id)
    teams = _teams(connection, owner_id, month)
    money = _budget_blockers(budget, teams, chosen, decision) if decision else []
    blockers = _blockers(draft, file, chosen, money, locked, in_use=in_use)
    if told := rented_account.hindrance(connection, chosen.offer):
        blockers.append(Blocker("offer", told))
    begun = continuation.begun_of(connection, draft)
    if begun and (refused := hindrance(draft, chosen.offer.engine, begun)):
        blockers.append(Blocker("continues", refused))
    return Assessment(
        draft=draft,
        file=file,
        priced=chosen,
        others=tuple(entry for entry in priced if entry is not chosen),
        budget=budget,
        decision=decision,
        blockers=tuple(blockers),
        aggressive_locked=locked,
        past=past,
        allowed=spending_cap.allowance(budget, (team for _, team in teams)),
        begun=begun,
    )


def _committed(draft: Draft, chosen: Priced) -> Decimal:
    """What a start reserves: the most that the job may cost as it was priced, or a cap above it."""
    assert chosen.estimate is not None
    cap = draft.spending_cap if chosen.offer.hourly_rate else None
    return spending_cap.committed(chosen.estimate.cost_max, cap)


def _teams(connection: Connection, owner_id: UUID, month: date) -> list[tuple[str, Budget]]:
    """The months of the owner's teams that have a limit, with the manager's name."""
    return [
        (row.name, team_budgets.snapshot(connection, row.manager_id, row.limit, month))
        for row in team_budgets.over(connection, owner_id, month)
    ]


def _budget_blockers(
    budget: Budget, teams: list[tuple[str, Budget]], chosen: Priced, decision: Decision
) -> list[Blocker]:
    """The owner's limit and those of their teams; a cap that is too high is told of as such."""
    found = []
    if not decision.allowed:
        found.append(Blocker("budget", decision.message, decision.projected - budget.limit))
    for name, team in teams:
        if overrun := team_overrun(team, decision.cost_max):
            found.append(Blocker("budget", team_refusal(team, name, decision.cost_max), overrun))
    assert chosen.estimate is not None
    if decision.cost_max > chosen.estimate.cost_max:
        allowed = spending_cap.allowance(budget, (team for _, team in teams))
        told = spending_cap.refusal(decision.cost_max, allowed)
        found = [replace(blocker, message=told) for blocker in found]
    return found


def _blockers(
    draft: Draft,
    file: Row,
    chosen: Priced,
    money: list[Blocker],
    aggressive_locked: str | None,
    *,
    in_use: bool,
) -> list[Blocker]:
    found = [Blocker("fields", message) for message in drafting.problems(draft).values()]
    try:
        check_eligible(file, in_use=in_use)
    except NotEligible as error:
        found.append(Blocker("file", str(error)))
    if draft.preset == "aggressive" and aggressive_locked:
        found.append(Blocker("preset", f"Aggressive preset: {aggressive_locked}"))
    preset = PRESETS[draft.preset]
    needed = memory_needed_gb(preset, draft.hyperparameters)
    modified = " with your changes" if draft.overrides else ""
    memory = enough_memory(chosen.offer, needed, preset.title + modified)
    if memory:
        found.append(Blocker("memory", memory))
    found += money
    if chosen.status is not Pricing.READY:
        found.append(Blocker("measuring", chosen.message))
    if chosen.offer.unavailable:
        found.append(Blocker("offer", chosen.offer.unavailable))
    return found
