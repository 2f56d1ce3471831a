"""What a draft costs, whether the budget bears it, and what keeps it from being started.

The cost panel, the review, the quote and the start all ask here: one rule, one place.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import budgets, files, jobs, measurements, team_budgets
from lib.db.connection import transaction
from lib.domain import draft as drafting
from lib.domain.budget import Budget, Decision, billing_month, decide, team_overrun, team_refusal
from lib.domain.draft import Draft
from lib.domain.estimate import Estimate
from lib.domain.history import History
from lib.domain.money import ZERO
from lib.domain.offers import enough_memory
from lib.domain.presets import PRESETS, memory_needed_gb, preset_locked
from lib.engines.configuration import measurement_key
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
    decision = decide(budget, chosen.estimate.cost_max) if chosen.estimate else None
    locked = preset_locked(
        "aggressive", file.conversation_count, jobs.completed_count(connection, owner_id)
    )
    in_use = files.has_active_job(connection, file.id)
    blockers = _blockers(draft, file, chosen, decision, locked, limit=budget.limit, in_use=in_use)
    blockers += _team_blockers(connection, owner_id, month, decision)
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
    )


def _team_blockers(
    connection: Connection, owner_id: UUID, month: date, decision: Decision | None
) -> list[Blocker]:
    """The limits of the owner's teams, where there are some."""
    found = []
    for row in team_budgets.over(connection, owner_id, month) if decision else ():
        assert decision is not None
        team = team_budgets.snapshot(connection, row.manager_id, row.limit, month)
        overrun = team_overrun(team, decision.cost_max)
        if overrun:
            message = team_refusal(team, row.name, decision.cost_max)
            found.append(Blocker("budget", message, overrun))
    return found


def _blockers(
    draft: Draft,
    file: Row,
    chosen: Priced,
    decision: Decision | None,
    aggressive_locked: str | None,
    *,
    limit: Decimal,
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
    if decision is not None and not decision.allowed:
        found.append(Blocker("budget", decision.message, decision.projected - limit))
    if chosen.status is not Pricing.READY:
        found.append(Blocker("measuring", chosen.message))
    if chosen.offer.unavailable:
        found.append(Blocker("offer", chosen.offer.unavailable))
    return found
