"""Starting a job within the budget: one transaction, one decision on locked figures."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import budgets, files, job_metadata, jobs, team_budgets
from lib.db.connection import transaction
from lib.domain.budget import check_justification
from lib.domain.draft import Draft
from lib.domain.people import MANAGING, Person
from lib.domain.review import Shown
from lib.domain.states import JobStatus
from lib.services import notifications
from lib.services.assessment import Assessment, assess_within
from lib.services.errors import NotAllowed, StartRefused
from lib.services.final_check import shown
from lib.services.job_configuration import configuration_of
from lib.services.start_audit import record_refusal, record_start
from lib.services.training_files import check_unchanged
from lib.services.visibility import changeable


def start(
    actor: Person,
    job_id: UUID,
    shown_digest: str,
    ip_address: str | None = None,
    *,
    override: str | None = None,
    seen: Shown | None = None,
) -> Assessment:
    """Queues a draft in one transaction: budget row locked, reservation, audit row, status.

    `shown_digest` is the digest of the assessment that the user saw. `override` is the reason for
    which a manager, admin or the owner lets this one job exceed the budget (FR1.2.2); it is bound
    to that digest like the start itself. `seen` are all figures of the final check; where one of
    them is another by now, the refusal says which (FR1.3.2).

    Raises StartRefused with the reason (a refusal for want of budget is written to the audit log),
    NotFound, NotAllowed, ValueError for a bad reason.
    """
    if override is not None:
        override = check_justification(override)
        if actor.role not in MANAGING:
            raise NotAllowed("Only managers, admins and the owner may override a budget.")
    with transaction() as connection:
        job = changeable(connection, actor, jobs.lock(connection, job_id))
        if job.status != JobStatus.PENDING_CONFIGURATION:
            raise StartRefused("status", "This job has been started or discarded already.")
        team_budgets.lock_team_of(connection, job.created_by)
        budgets.lock(connection, job.created_by)
        draft = Draft.from_dict(job.draft)
        file = files.lock(connection, job.training_file_id)  # one start a file, none on an archived
        assert file is not None
        assessment = assess_within(connection, job.created_by, draft, file, ask=False)
        refusal = _refusal(assessment, shown_digest, seen, may_exceed=override is not None)
        if refusal is None and (changed := check_unchanged(file)):
            refusal = StartRefused("file", changed)
        if refusal is None:
            if override is not None:
                _override(connection, actor, job, assessment, override)
            _queue(connection, actor, job, assessment)
            notifications.budget_used(connection, job.created_by)
            record_start(connection, actor, job, assessment, override, ip_address)
    if refusal is not None:
        if refusal.code == "budget":
            record_refusal(actor, job, assessment, ip_address)
        raise refusal
    return assessment


def _refusal(
    assessment: Assessment, shown_digest: str, seen: Shown | None, *, may_exceed: bool
) -> StartRefused | None:
    changes = seen.changes(shown(assessment)) if seen else ()
    if changes or assessment.digest != shown_digest:
        return StartRefused(
            "changed",
            "The price or the configuration has changed since it was shown. Look at the new "
            "figures and start again.",
            changes,
        )
    for blocker in assessment.blockers:
        if not (may_exceed and blocker.code == "budget"):
            return StartRefused(blocker.code, blocker.message)
    return None


def _override(
    connection: Connection,
    actor: Person,
    job: Row,
    assessment: Assessment,
    reason: str,
) -> None:
    """Records a manager's word, where there is an overrun; without one there is none to cover."""
    assert assessment.decision is not None
    if not assessment.overrun:
        return
    budgets.add_override(
        connection,
        job_id=job.id,
        user_id=job.created_by,
        approved_by=actor.id,
        override_amount=assessment.overrun,
        cost_max=assessment.decision.cost_max,
        digest=assessment.digest,
        justification=reason,
    )


def _queue(connection: Connection, actor: Person, job: Row, assessment: Assessment) -> None:
    draft, estimate, offer = assessment.draft, assessment.estimate, assessment.priced.offer
    decision = assessment.decision
    assert estimate is not None and decision is not None
    jobs.transition(
        connection,
        job,
        JobStatus.QUEUED,
        f"Started by {actor.name}; waiting for the worker",
        **job_metadata.columns(connection, draft.metadata, actor.id),
        preset=draft.preset,
        template_id=draft.template_id,
        archived_at=None,  # what runs is seen
        configuration=configuration_of(assessment),
        engine=offer.engine,
        gpu_type=offer.gpu,
        gpu_pricing_tier=str(offer.tier),
        gpu_hourly_rate=offer.hourly_rate,
        estimate=estimate.to_dict(),
        estimated_duration_hours=estimate.duration_hours,
        estimated_cost_min=estimate.cost_min,
        estimated_cost_max=estimate.cost_max,
        estimation_confidence_percentage=estimate.confidence,
        estimation_algorithm_version=estimate.algorithm_version,
        estimated_at=datetime.now(UTC),
        budget_month=assessment.budget.month,
        spending_cap=assessment.spending_cap,
        queued_at=datetime.now(UTC),
    )
    budgets.reserve(
        connection,
        job_id=job.id,
        user_id=job.created_by,
        month=assessment.budget.month,
        amount=decision.cost_max,
    )
