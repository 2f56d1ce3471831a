"""What the final check shows of a job, and what its start is held against (FR1.3.2)."""

from dataclasses import dataclass, replace

from sqlalchemy import Connection, Row

from lib.db import jobs
from lib.db import similar_jobs as started_jobs
from lib.db.connection import reading
from lib.domain.estimate import HIGH_COST, Estimate, format_hours
from lib.domain.money import usd
from lib.domain.offers import Tier, sibling
from lib.domain.people import Person
from lib.domain.presets import PARAMETER_HELP, PRESETS
from lib.domain.review import (
    CHEAPEST,
    BudgetImpact,
    Notice,
    Shown,
    SimilarJob,
    budget_impact,
    cost_range,
    notices,
)
from lib.services import similar_jobs, templates
from lib.services.assessment import Assessment
from lib.services.drafts import OpenDraft
from lib.services.estimates import Priced, price
from lib.services.quote_content import shown_value
from lib.services.visibility import may_change, may_see


@dataclass(frozen=True)
class FinalCheck:
    """A priced draft with everything that its owner should know before it starts.

    `other_tier` is the same GPU on demand for a spot job and the other way round, `template` the
    one it was begun from, if the reader may see that, and whether it has been changed since.
    """

    assessment: Assessment
    estimate: Estimate
    impact: BudgetImpact
    notices: tuple[Notice, ...]
    shown: Shown
    similar: SimilarJob | None
    other_tier: Priced | None
    template: tuple[Row, bool] | None


def may_start(actor: Person, opened: OpenDraft) -> bool:
    """Whether the draft is the actor's to start, and not only to look at."""
    if actor.id == opened.owner_id:
        return True
    with reading() as connection:
        job = jobs.by_id(connection, opened.job_id)
        return job is not None and may_see(actor, job) and may_change(connection, actor, job)


def final_check(actor: Person, opened: OpenDraft, assessment: Assessment) -> FinalCheck:
    """Puts the check together from an assessment of the draft, which has to be priced."""
    estimate, draft = assessment.estimate, assessment.draft
    assert estimate is not None and assessment.decision is not None
    with reading() as connection:
        first = not started_jobs.has_started_any(connection, opened.owner_id)
        similar = similar_jobs.newest(connection, opened.owner_id, assessment.file.id, draft.preset)
        cheapest = _cheapest(connection, assessment, estimate)
    return FinalCheck(
        assessment=assessment,
        estimate=estimate,
        impact=budget_impact(assessment.budget, estimate, assessment.decision.cost_max),
        notices=notices(
            estimate,
            draft.preset,
            remaining=assessment.budget.remaining,
            first_job=first,
            cheapest=cheapest,
            spending_cap=assessment.spending_cap,
        ),
        shown=shown(assessment),
        similar=similar,
        other_tier=_other_tier(assessment),
        template=templates.origin(actor, draft),
    )


def shown(assessment: Assessment) -> Shown:
    """The figures that consent is given to: job, file, parameters, price, stock and budget.

    Spent and reserved count together: a running job moves cost from one to the other all the time.
    """
    draft, file, offer = assessment.draft, assessment.file, assessment.priced.offer
    estimate, budget = assessment.estimate, assessment.budget
    figures = {
        "Job": draft.name,
        "Training file": f"{file.name}, {file.conversation_count:,} conversations, "
        f"{file.training_pairs:,} training pairs",
        "Preset": PRESETS[draft.preset].title,
    }
    if assessment.begun is not None:
        figures["Continues"] = f"{assessment.begun.name}: {assessment.begun.left}"
    for name, value in draft.hyperparameters.to_dict().items():
        figures[PARAMETER_HELP[name][0]] = shown_value(value)
    if draft.max_steps is not None:
        figures["Ends after"] = f"{draft.max_steps:,} steps"
    figures["GPU"] = offer.title
    figures["Hourly rate"] = f"{usd(offer.hourly_rate)}/hr"
    figures["Stock"] = str(offer.stock) if offer.stock else "not stated"
    if estimate is not None:
        figures["Estimated cost"] = cost_range(estimate)
        figures["Expected cost"] = usd(estimate.total)
        figures["Estimated duration"] = format_hours(estimate.duration_hours)
        cap = assessment.spending_cap
        figures["Spending cap"] = "none" if cap is None else usd(cap)
    figures["Monthly budget"] = usd(budget.limit)
    figures["Used of the budget"] = usd(budget.spent + budget.reserved)
    return Shown(figures)


def _cheapest(
    connection: Connection, assessment: Assessment, estimate: Estimate
) -> Estimate | None:
    """The job with the Conservative preset's own parameters, where the warning speaks of it."""
    if estimate.total <= HIGH_COST or assessment.draft.preset == CHEAPEST:
        return None
    draft = replace(assessment.draft, preset=CHEAPEST, overrides={})
    offer, file = assessment.priced.offer, assessment.file
    return price(connection, draft, file, offer, assessment.past, ask=False).estimate


def _other_tier(assessment: Assessment) -> Priced | None:
    offer = assessment.priced.offer
    if offer.is_local:
        return None
    tier = Tier.ON_DEMAND if offer.tier is Tier.SPOT else Tier.SPOT
    found = sibling([entry.offer for entry in assessment.others], offer, tier)
    return assessment.of(found.key) if found else None
