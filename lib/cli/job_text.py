"""A job as the command line shows it: everything that its page shows."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from lib import storage
from lib.cli.output import record, table
from lib.domain.estimate import Estimate, format_hours
from lib.domain.failures import explain
from lib.domain.money import usd
from lib.domain.next_steps import NextStep, waited_for, waiting
from lib.domain.presets import PARAMETER_HELP
from lib.domain.states import ACTIVE
from lib.services.jobs import JobView

_COLUMNS = (
    "id",
    "name",
    "status",
    "description",
    "notes",
    "file_name",
    "file_hash",
    "creator_name",
    "creator_email",
    "client_name",
    "project_name",
    "preset",
    "configuration",
    "engine",
    "gpu_type",
    "gpu_pricing_tier",
    "gpu_hourly_rate",
    "budget_month",
    "spending_cap",
    "continues_id",
    "actual_cost",
    "created_at",
    "queued_at",
    "started_at",
    "ended_at",
    "checkpoint_recovery_count",
    "progress",
    "failure_code",
    "failure_message",
    "adapter_sha256",
)
_EVENT = ("at", "kind", "message")
_ATTEMPT = ("number", "engine", "external_name", "external_id", "started_at", "ended_at")
_METRIC = ("step", "loss", "learning_rate", "tokens_per_second", "elapsed_seconds")
_QUOTE = ("id", "number", "created_at", "valid_until")


def job_data(view: JobView, quotes: list[Row], steps: Sequence[NextStep]) -> dict[str, Any]:
    """Every figure by name; `steps` are what may be done next."""
    job = view.job
    key = job.adapter_key
    return {
        **_picked(job, _COLUMNS),
        "draft": job.draft if job.queued_at is None else None,
        "estimate": Estimate.from_dict(job.estimate).to_dict() if job.estimate else None,
        "adapter_path": str(storage.runs_folder() / key) if key else None,
        "jobs_ahead": view.jobs_ahead,
        "failure": _failure(job),
        "waiting": _waiting(view),
        "next_steps": [step.to_dict() for step in steps],
        "events": [_picked(event, _EVENT) for event in view.events],
        "attempts": [
            _picked(attempt, (*_ATTEMPT, "outcome", "hourly_rate", "cost"))
            for attempt in view.attempts
        ],
        "metrics": [_picked(metric, _METRIC) for metric in view.metrics],
        "quotes": [_picked(quote, _QUOTE) for quote in quotes],
    }


def job_text(view: JobView, data: dict[str, Any], steps: Sequence[NextStep]) -> str:
    """The same for people: the job, its newest metric, its quotes, what next, what happened."""
    from lib.services.quotes import shown_value  # brings all that makes a PDF

    job = view.job
    estimate = Estimate.from_dict(job.estimate) if job.estimate else None
    hyperparameters = (job.configuration or {}).get("hyperparameters", {})
    last = view.metrics[-1] if view.metrics else None
    fields = {
        "job": job.id,
        "name": job.name,
        "status": job.status,
        "failure": data["failure"],
        "waiting": data["waiting"],
        "file": job.file_name,
        "by": f"{job.creator_name} ({job.creator_email})",
        "client": job.client_name,
        "project": job.project_name,
        "description": job.description,
        "notes": job.notes,
        "preset": job.preset,
        "parameters": ", ".join(
            f"{label} {shown_value(hyperparameters[name])}"
            for name, (label, _) in PARAMETER_HELP.items()
            if name in hyperparameters
        ),
        "engine": job.engine,
        "tier": job.gpu_pricing_tier,
        "estimated": estimate
        and f"{format_hours(estimate.duration_hours)}, {usd(estimate.total)}, "
        f"at most {usd(estimate.cost_max)} ({estimate.basis})",
        "spending cap": None if job.spending_cap is None else usd(job.spending_cap),
        "continues": job.continues_id,
        "cost so far" if job.ended_at is None else "cost": usd(job.actual_cost),
        "jobs ahead": view.jobs_ahead or None,
        "created": _moment(job.created_at),
        "queued": _moment(job.queued_at),
        "started": _moment(job.started_at),
        "ended": _moment(job.ended_at),
        "recoveries": job.checkpoint_recovery_count or None,
        "steps": last and f"{last.step} of {job.progress.get('steps_total')}, loss {last.loss}",
        "adapter": data["adapter_path"],
        "adapter SHA-256": job.adapter_sha256,
        "quotes": ", ".join(quote["number"] for quote in data["quotes"]),
    }
    ways = [(step.text, step.explained) for step in steps]
    rows = [(_moment(event.at), event.message) for event in view.events]
    parts = [
        record(fields),
        table(("NEXT STEPS", "WHAT THEY DO"), ways, ""),
        table(("WHEN (UTC)", "WHAT"), rows, "Nothing happened yet."),
    ]
    return "\n\n".join(filter(None, parts))


def _failure(job: Row) -> str | None:
    """In the words of its page."""
    if job.failure_code is None and job.failure_message is None:
        return None
    failure = explain(job.failure_code)
    return f"{failure.title}. {failure.told(job.failure_message)}".rstrip()


def _waiting(view: JobView) -> str | None:
    """What a job waits for that found no machine."""
    job, waits = view.job, waiting(view.attempts)
    if waits is None or job.status not in ACTIVE or job.cancel_requested_at is not None:
        return None
    left = (waits.next_look - datetime.now(UTC)).total_seconds() if waits.next_look else 0
    pause = f"{left:.0f} s" if left >= 1 else ""
    return waits.sentence(*waited_for(job), since=f"{waits.since:%H:%M:%S} UTC", pause=pause)


def _picked(row: Row, columns: tuple[str, ...]) -> dict[str, Any]:
    return {column: getattr(row, column) for column in columns}


def _moment(moment: Any) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}" if moment else ""
