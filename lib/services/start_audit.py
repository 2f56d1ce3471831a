"""What the audit log keeps of a start, and of a start that the budget does not bear (FR1.2.2).

The log is written last in a transaction: who writes to it holds its end until the transaction
does, and must not then wait for anything else.
"""

from functools import partial

from sqlalchemy import Connection, Row

from lib.db import budgets
from lib.db.connection import transaction
from lib.domain.audit import ActionType
from lib.domain.budget import Verdict, threshold_crossed
from lib.domain.people import Person
from lib.services.assessment import Assessment

_STARTED = {
    Verdict.WITHIN: ActionType.STARTED,
    Verdict.GRACE: ActionType.STARTED_IN_GRACE,
}


def record_start(
    connection: Connection,
    actor: Person,
    job: Row,
    assessment: Assessment,
    override: str | None,
    ip_address: str | None,
) -> None:
    """The override where one was needed, the start, and the warning that the start triggers."""
    decision, budget = assessment.decision, assessment.budget
    assert decision is not None
    figures = _figures(assessment)
    note = partial(
        budgets.audit,
        connection,
        user_id=job.created_by,
        actor_id=actor.id,
        job_id=job.id,
        ip_address=ip_address,
    )
    if over := assessment.overrun:
        note(ActionType.OVERRIDE_APPROVED, amount=over, justification=override, details=figures)
    started = ActionType.STARTED_BY_OVERRIDE if over else _STARTED[decision.verdict]
    note(started, amount=decision.cost_max, details=figures)
    crossed = threshold_crossed(budget, decision.cost_max)
    if crossed is not None:
        figures["threshold_percent"] = crossed
        note(ActionType.WARNING_TRIGGERED, amount=decision.projected, details=figures)


def record_refusal(actor: Person, job: Row, assessment: Assessment, ip_address: str | None) -> None:
    """A transaction of its own, since the refused start's is undone."""
    assert assessment.decision is not None
    with transaction() as connection:
        budgets.audit(
            connection,
            ActionType.VALIDATION_BLOCKED,
            user_id=job.created_by,
            actor_id=actor.id,
            job_id=job.id,
            amount=assessment.decision.cost_max,
            details=_figures(assessment),
            ip_address=ip_address,
        )


def _figures(assessment: Assessment) -> dict[str, object]:
    budget = assessment.budget
    return {
        "limit": budget.limit,
        "grace_percent": budget.grace_percent,
        "spent": budget.spent,
        "reserved": budget.reserved,
        "digest": assessment.digest,
    }
