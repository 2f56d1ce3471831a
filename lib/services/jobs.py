"""Jobs: start one within the budget, cancel it, see how it goes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, Row, select
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db import activity, budgets, files, jobs, team_budgets
from lib.db.connection import reading, transaction
from lib.db.tables import clients, projects
from lib.domain.budget import check_justification
from lib.domain.draft import Draft
from lib.domain.people import MANAGING, Person
from lib.domain.states import TERMINAL, JobStatus
from lib.services.assessment import Assessment, assess_within
from lib.services.errors import NotAllowed, Refusal, StartRefused
from lib.services.job_configuration import configuration_of
from lib.services.settlement import end_job
from lib.services.start_audit import record_refusal, record_start
from lib.services.training_files import check_unchanged
from lib.services.visibility import visible


@dataclass(frozen=True)
class JobView:
    """A job with its history: everything its page shows."""

    job: Row
    events: list[Row]
    metrics: list[Row]
    attempts: list[Row]
    jobs_ahead: int


def start(
    actor: Person,
    job_id: UUID,
    shown_digest: str,
    ip_address: str | None = None,
    *,
    override: str | None = None,
) -> Assessment:
    """Queues a draft in one transaction: budget row locked, reservation, audit row, status.

    `shown_digest` is the digest of the assessment that the user saw. `override` is the reason for
    which a manager, admin or the owner lets this one job exceed the budget (FR1.2.2); it is bound
    to that digest like the start itself. Raises StartRefused with the reason (a refusal for want
    of budget is written to the audit log), NotFound, NotAllowed, ValueError for a bad reason.
    """
    if override is not None:
        override = check_justification(override)
        if actor.role not in MANAGING:
            raise NotAllowed("Only managers, admins and the owner may override a budget.")
    with transaction() as connection:
        job = visible(actor, jobs.lock(connection, job_id))
        if job.status != JobStatus.PENDING_CONFIGURATION:
            raise StartRefused("status", "This job has been started or discarded already.")
        team_budgets.lock_team_of(connection, job.created_by)
        budgets.lock(connection, job.created_by)
        draft = Draft.from_dict(job.draft)
        file = files.lock(connection, job.training_file_id)  # one start a file, none on an archived
        assert file is not None
        assessment = assess_within(connection, job.created_by, draft, file, ask=False)
        refusal = _refusal(assessment, shown_digest, may_exceed=override is not None)
        if refusal is None and (changed := check_unchanged(file)):
            refusal = StartRefused("file", changed)
        if refusal is None:
            if override is not None:
                _override(connection, actor, job, assessment, override)
            _queue(connection, actor, job, assessment)
            record_start(connection, actor, job, assessment, override, ip_address)
    if refusal is not None:
        if refusal.code == "budget":
            record_refusal(actor, job, assessment, ip_address)
        raise refusal
    return assessment


def _refusal(assessment: Assessment, shown_digest: str, *, may_exceed: bool) -> StartRefused | None:
    if assessment.digest != shown_digest:
        return StartRefused(
            "changed",
            "The price or the configuration has changed since it was shown. Look at the new "
            "figures and start again.",
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
    assert estimate is not None and assessment.decision is not None
    client_id, project_id = _client_and_project(connection, draft)
    jobs.transition(
        connection,
        job,
        JobStatus.QUEUED,
        f"Started by {actor.name}; waiting for the worker",
        name=draft.name.strip(),
        description=draft.description,
        notes=draft.notes,
        client_id=client_id,
        project_id=project_id,
        preset=draft.preset,
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
        queued_at=datetime.now(UTC),
    )
    budgets.reserve(
        connection,
        job_id=job.id,
        user_id=job.created_by,
        month=assessment.budget.month,
        amount=estimate.cost_max,
    )


def _client_and_project(connection: Connection, draft: Draft) -> tuple[UUID | None, UUID | None]:
    """The ids of the named client and project, made where they are new (FR1.3.1)."""
    client, project = draft.client.strip(), draft.project.strip()
    if not client:
        return None, None
    connection.execute(upsert(clients).values(name=client).on_conflict_do_nothing())
    client_id = connection.scalar(select(clients.c.id).where(clients.c.name == client))
    if not project:
        return client_id, None
    connection.execute(
        upsert(projects).values(client_id=client_id, name=project).on_conflict_do_nothing()
    )
    return client_id, connection.scalar(
        select(projects.c.id).where(projects.c.client_id == client_id, projects.c.name == project)
    )


def cancel(actor: Person, job_id: UUID, ip_address: str | None = None) -> None:
    """Cancels a started job: at once while it waits, through the worker once it has an engine.

    Raises NotFound, Refusal where it has ended or was never started.
    """
    with transaction() as connection:
        job = visible(actor, jobs.lock(connection, job_id))
        status = JobStatus(job.status)
        if status in TERMINAL:
            raise Refusal(f"This job has ended already: {status}.")
        if status is JobStatus.PENDING_CONFIGURATION:
            raise Refusal("This job has not been started; discard the draft instead.")
        message = f"Cancelled by {actor.name}"
        activity.record(connection, "job_cancelled", actor_id=actor.id, subject=str(job_id))
        if status is JobStatus.QUEUED:
            end_job(
                connection,
                job,
                JobStatus.CANCELLED,
                f"{message} while waiting",
                job.actual_cost,
                actor_id=actor.id,
                ip_address=ip_address,
                cancel_requested_at=datetime.now(UTC),
            )
        elif job.cancel_requested_at is None:
            jobs.write(connection, job.id, cancel_requested_at=datetime.now(UTC))
            jobs.record(connection, job.id, "cancel", f"{message}; ending the run")


def view(actor: Person, job_id: UUID) -> JobView:
    """A job for its page. Raises NotFound for an unknown or another person's job."""
    with reading() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        return JobView(
            job=job,
            events=jobs.events(connection, job_id),
            metrics=jobs.metrics(connection, job_id),
            attempts=jobs.attempts(connection, job_id),
            jobs_ahead=(
                jobs.place_in_queue(connection, job) if job.status == JobStatus.QUEUED else 0
            ),
        )


def status_of(actor: Person, job_id: UUID) -> Row:
    """The job alone: which page shows it, how far it is. Raises NotFound."""
    with reading() as connection:
        return visible(actor, jobs.by_id(connection, job_id))


def listing(actor: Person, search: str = "", limit: int = 200) -> list[Row]:
    """The jobs the actor may see, newest first: their own, or everybody's for managers."""
    creator = None if actor.may_see_all_jobs else actor.id
    search = search.replace("\x00", "").strip()  # no database keeps or finds a NUL
    with reading() as connection:
        return jobs.listing(connection, creator=creator, search=search, limit=limit)


def known_clients() -> dict[str, list[str]]:
    """Client names with their projects' names, for the details page."""
    with reading() as connection:
        rows = connection.execute(
            select(clients.c.name, projects.c.name.label("project"))
            .outerjoin(projects, projects.c.client_id == clients.c.id)
            .order_by(clients.c.name, projects.c.name)
        )
        found: dict[str, list[str]] = {}
        for row in rows:
            found.setdefault(row.name, []).extend([row.project] if row.project else [])
        return found
