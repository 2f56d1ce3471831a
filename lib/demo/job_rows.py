"""The rows of a past job, as the services and the worker would have left them."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from lib.demo.course import Attempt
from lib.demo.metrics import progress
from lib.demo.past_job import PastJob
from lib.domain.offers import RECOVERY_ATTEMPTS
from lib.domain.states import JobStatus
from lib.engines.names import run_name
from lib.services.job_configuration import configuration_of
from lib.worker.wording import place

Values = dict[str, Any]
_S = JobStatus


def job_row(
    job: PastJob, clients: Mapping[str, UUID], projects: Mapping[tuple[str, str], UUID]
) -> Values:
    """Its `training_jobs` row; `clients` and `projects` have the ids of those named."""
    draft, estimate, offer, fate = job.draft, job.estimate, job.offer, job.fate
    cancelled = fate.status is _S.CANCELLED
    return {
        "id": job.id,
        "training_file_id": job.file.id,
        "created_by": job.person.id,
        "created_at": job.queued_at - job.words.lingered,
        "status": str(fate.status),
        "draft": draft.to_dict(),
        "draft_revision": 4,
        "name": draft.name,
        "description": draft.description,
        "notes": draft.notes,
        "tags": list(job.words.tags),
        "client_id": clients.get(draft.client),
        "project_id": projects.get((draft.client, draft.project)),
        "metadata_updated_at": job.queued_at,
        "preset": draft.preset,
        "configuration": configuration_of(job.assessment),
        "engine": offer.engine,
        "gpu_type": offer.gpu,
        "gpu_pricing_tier": str(offer.tier),
        "gpu_hourly_rate": offer.hourly_rate,
        "estimate": estimate.to_dict(),
        "estimated_duration_hours": estimate.duration_hours,
        "estimated_cost_min": estimate.cost_min,
        "estimated_cost_max": estimate.cost_max,
        "estimation_confidence_percentage": estimate.confidence,
        "estimation_algorithm_version": estimate.algorithm_version,
        "estimated_at": job.queued_at,
        "budget_month": job.assessment.budget.month,
        "actual_cost": job.cost,
        "actual_duration_hours": job.hours,
        "queued_at": job.queued_at,
        "started_at": job.attempts[0].began if job.attempts else None,
        "ended_at": job.ended_at,
        "cancel_requested_at": job.ended_at - _ending(job) if cancelled else None,
        "checkpoint_recovery_count": job.recoveries,
        "progress": progress(job),
        "failure_code": fate.failure and fate.failure.code,
        "failure_message": fate.failure and fate.failure.message,
    }


def attempt_rows(job: PastJob) -> Iterator[Values]:
    for attempt in job.attempts:
        yield {
            "job_id": job.id,
            "number": attempt.number,
            "engine": job.offer.engine,
            "external_name": run_name(job.id, attempt.number),
            "hourly_rate": job.offer.hourly_rate,
            "created_at": attempt.began,
            "started_at": attempt.began,
            "ended_at": attempt.ended,
            "outcome": attempt.outcome,
            "cost": attempt.cost,
        }


def reservation_rows(job: PastJob) -> Iterator[Values]:
    yield {
        "job_id": job.id,
        "user_id": job.person.id,
        "month": job.assessment.budget.month,
        "amount": job.estimate.cost_max,
        "created_at": job.queued_at,
        "settled_at": job.ended_at,
        "settled_cost": job.cost,
    }


def event_rows(job: PastJob) -> Iterator[Values]:
    """The log from the draft to the end, along the allowed transitions, oldest first."""
    status: JobStatus | None = None
    ordered = sorted(_events(job), key=lambda event: event[0])
    for at, to, message, kind, data in ordered:
        yield {
            "job_id": job.id,
            "at": at,
            "kind": kind,
            "from_status": to and status,
            "to_status": to,
            "message": message,
            "data": data,
        }
        status = to or status


def _events(job: PastJob) -> Iterator[tuple[Any, JobStatus | None, str, str, Values]]:
    draft_made = job.queued_at - job.words.lingered
    yield draft_made, _S.PENDING_CONFIGURATION, "Draft created", "created", {}
    waiting = f"Started by {job.started_by.name}; waiting for the worker"
    yield job.queued_at, _S.QUEUED, waiting, "status", {}
    for attempt in job.attempts:
        yield from _attempt_events(job, attempt)
    yield from _end_events(job)


def _attempt_events(
    job: PastJob, attempt: Attempt
) -> Iterator[tuple[Any, JobStatus | None, str, str, Values]]:
    where = place(job.offer.engine)
    again = " again" if attempt.number > 1 else ""
    yield attempt.began, _S.PROVISIONING, f"Starting on {where}{again}", "status", {}
    loading = "The trainer is loading the model and the data"
    yield attempt.starting, _S.STARTING, loading, "status", {}
    if attempt.running is None:
        return
    training = f"Training on {where}: {job.steps} steps"
    yield attempt.running, _S.RUNNING, training, "status", {}
    if attempt.first_step:
        resumed = f"Resumed from step {attempt.first_step}"
        yield attempt.running, None, resumed, "resumed", {}
    an_epoch = job.steps // job.draft.hyperparameters.num_train_epochs
    for step in range(attempt.first_step + 1, attempt.last_step + 1):
        if step % an_epoch == 0 and step < job.steps:
            saved = f"Checkpoint saved at step {step}"
            yield attempt.moment_of(step), None, saved, "checkpoint", {"step": step}
    if attempt.number < len(job.attempts):
        following = job.attempts[attempt.number].first_step
        whence = f"step {following}" if following else "the beginning"
        message = (
            f"The run was interrupted after step {attempt.last_step}; going on from {whence} "
            f"(recovery {attempt.number} of {RECOVERY_ATTEMPTS})"
        )
        data = {"attempt": attempt.number, "detail": None}
        yield attempt.ended, _S.RECOVERING, message, "interrupted", data


def _end_events(job: PastJob) -> Iterator[tuple[Any, JobStatus | None, str, str, Values]]:
    fate, end = job.fate, job.ended_at
    if fate.status is _S.COMPLETED:
        yield end, _S.COMPLETED, f"Completed after {job.steps} steps", "status", {}
    elif fate.failure is not None:
        yield end, _S.FAILED, fate.failure.message, "status", {}
    elif not job.attempts:
        yield end, _S.CANCELLED, f"Cancelled by {job.person.name} while waiting", "status", {}
    else:
        asked = f"Cancelled by {job.person.name}; ending the run"
        yield end - _ending(job), None, asked, "cancel", {}
        yield end, _S.CANCELLED, "Cancelled; the run has ended", "status", {}


def _ending(job: PastJob) -> timedelta:
    """From the wish to cancel to the run's end."""
    lasted = job.attempts[-1].ended - job.attempts[-1].began if job.attempts else timedelta()
    return min(timedelta(seconds=4), lasted / 100)


def audit_rows(job: PastJob) -> Iterator[Values]:
    """What the ledger's log says of it: a refusal, an override, the start, the settlement."""
    estimate, decision = job.estimate, job.assessment.decision
    assert decision is not None

    def row(action: str, amount: Any, details: Values, **more: Any) -> Values:
        return {
            "timestamp": job.queued_at,
            "action_type": action,
            "user_id": job.person.id,
            "actor_id": job.started_by.id,
            "job_id": job.id,
            "amount": amount,
            "justification": None,
            "details": details,
            **more,
        }

    if job.refused is not None:
        assert job.refused.estimate is not None
        yield row(
            "validation_blocked",
            job.refused.estimate.cost_max,
            _figures(job.refused),
            timestamp=job.queued_at - min(timedelta(minutes=3), job.words.lingered / 2),
            actor_id=job.person.id,
        )
    figures = _figures(job.assessment)
    if job.override is not None:
        over = decision.projected - job.assessment.budget.limit
        yield row("override_approved", over, figures, justification=job.override)
    started = {"within": "started", "grace": "started_in_grace", "exceeded": "started_by_override"}
    yield row(started[decision.verdict], estimate.cost_max, figures)
    yield row(
        "settled",
        job.cost,
        {"status": str(job.fate.status), "reserved": estimate.cost_max},
        timestamp=job.ended_at,
        actor_id=job.person.id,
    )


def override_rows(job: PastJob) -> Iterator[Values]:
    decision = job.assessment.decision
    if job.override is None or decision is None:
        return
    yield {
        "job_id": job.id,
        "user_id": job.person.id,
        "approved_by": job.started_by.id,
        "override_amount": decision.projected - job.assessment.budget.limit,
        "cost_max": decision.cost_max,
        "digest": job.assessment.digest,
        "justification": job.override,
        "approved_at": job.queued_at,
    }


def _figures(assessment: Any) -> Values:
    budget = assessment.budget
    return {
        "limit": budget.limit,
        "grace_percent": budget.grace_percent,
        "spent": budget.spent,
        "reserved": budget.reserved,
        "digest": assessment.digest,
    }
