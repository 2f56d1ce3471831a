"""Comparing jobs: what each is made of, its loss curve, others like it, the export (FR1.3.1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from lib.db import job_comparison as queries
from lib.db.connection import reading
from lib.domain.draft import Draft
from lib.domain.estimate import Estimate
from lib.domain.job_comparison import (
    LETTERS,
    Section,
    configuration,
    documentation,
    estimates,
    results,
)
from lib.domain.job_facts import Facts, FileFacts, Training
from lib.domain.job_verdict import verdict
from lib.domain.loss_curve import POINTS, Point
from lib.domain.offers import Tier
from lib.domain.people import Person
from lib.domain.spreadsheet import BYTE_ORDER_MARK, csv_line
from lib.domain.states import JobStatus
from lib.services.errors import NotFound
from lib.services.visibility import visible
from lib.settings import settings

ALIKE = 8  # jobs offered at a time


@dataclass(frozen=True)
class Comparison:
    """Jobs side by side, in the order asked for, and the loss curve of each by its id.

    `missing` are ids of no job that the actor may see.
    """

    jobs: tuple[Facts, ...]
    curves: Mapping[UUID, tuple[Point, ...]]
    missing: tuple[UUID, ...]

    @property
    def sections(self) -> tuple[Section, ...]:
        return tuple(
            section(self.jobs) for section in (documentation, results, estimates, configuration)
        )

    @property
    def verdict(self) -> str:
        return verdict(self.jobs)


def compare(actor: Person, job_ids: Sequence[UUID]) -> Comparison:
    """The jobs that the actor may see of these, read at one moment."""
    with reading() as connection:
        rows = {row.id: row for row in queries.jobs(connection, job_ids)}
        seen, missing = [], []
        for job_id in job_ids:
            try:
                seen.append(visible(actor, rows.get(job_id)))
            except NotFound:
                missing.append(job_id)
        steps = queries.steps(connection, [job.id for job in seen], POINTS)
    by_job: dict[UUID, list[Row]] = {job.id: [] for job in seen}
    for step in steps:
        by_job[step.job_id].append(step)
    return Comparison(
        jobs=tuple(_facts(job, by_job[job.id]) for job in seen),
        curves={job_id: _curve(steps) for job_id, steps in by_job.items()},
        missing=tuple(missing),
    )


def alike(actor: Person, job_ids: Sequence[UUID], by: str, tag: str = "") -> list[Row]:
    """Other started jobs on the same `file`, `client` or `template`, or with the `tag`: as far as
    the actor sees them, the newest few (id, name, status, created_at, creator_name)."""
    creator = None if actor.may_see_all_jobs else actor.id
    with reading() as connection:
        return queries.alike(connection, job_ids, by=by, tag=tag, creator=creator, limit=ALIKE)


def as_csv(comparison: Comparison) -> str:
    """A row a property, a column a job, and who is ahead; no cell is taken for a formula."""
    jobs = comparison.jobs
    rows: list[tuple[object, ...]] = [
        ("", "", *LETTERS[: len(jobs)], "Ahead", "Note"),
        ("Job", "Name", *(job.name for job in jobs)),
        ("Job", "Id", *(job.id for job in jobs)),
    ]
    for section in comparison.sections:
        for line in section.lines:
            ahead = (
                letter for letter, job in zip(LETTERS, jobs, strict=False) if job.id in line.winners
            )
            cells = (cell.value for cell in line.cells)
            rows.append((section.title, line.label, *cells, " ".join(ahead), line.note))
    rows.append(("Verdict", comparison.verdict))
    return BYTE_ORDER_MARK + "".join(map(csv_line, rows))


def as_pdf(comparison: Comparison) -> bytes:
    """The same as a document to hand on."""
    from lib.reports.job_comparison import render  # slow to import, and needed on a click only

    now = datetime.now(UTC).astimezone(settings().time_zone)
    return render(
        settings().company_name,
        now,
        [(job.id, job.name) for job in comparison.jobs],
        comparison.sections,
        comparison.verdict,
    )


def _facts(job: Row, steps: Sequence[Row]) -> Facts:
    return Facts(
        id=job.id,
        name=job.name,
        status=JobStatus(job.status),
        creator=job.creator_name,
        created_at=job.created_at.astimezone(UTC),
        file=FileFacts(
            name=job.file_name,
            digest=job.content_hash,
            conversations=job.conversation_count,
            training_pairs=job.training_pairs,
            trainable_pairs=job.trainable_pairs,
            quality=job.average_quality,
            tokens=(job.tokens or {}).get("tokens_total"),
        ),
        description=job.description,
        tags=tuple(job.tags),
        client=job.client_name or "",
        project=job.project_name or "",
        client_id=job.client_id,
        project_id=job.project_id,
        template_id=job.template_id,
        queued_at=job.queued_at and job.queued_at.astimezone(UTC),
        ended_at=job.ended_at and job.ended_at.astimezone(UTC),
        **_chosen(job),
        cost=job.actual_cost,
        hours=job.actual_duration_hours,
        recoveries=job.checkpoint_recovery_count,
        training=_training(job.progress, steps),
    )


def _chosen(job: Row) -> dict[str, Any]:
    """What is trained, where and for how much: as started, or as far as a draft has chosen it."""
    if job.queued_at is None:
        draft = Draft.from_dict(job.draft)
        return {
            "preset": draft.preset,
            "overrides": draft.overrides,
            "hyperparameters": draft.hyperparameters.to_dict(),
            "max_steps": draft.max_steps,
        }
    kept = job.configuration or {}  # a row of another version may lack some of it
    return {
        "preset": job.preset or "",
        "overrides": kept.get("overrides") or {},
        "hyperparameters": kept.get("hyperparameters") or {},
        "max_steps": kept.get("max_steps"),
        "base_model": kept.get("base_model") or job.progress.get("base_model") or "",
        "gpu": kept.get("gpu_title") or job.gpu_type or "",
        "tier": Tier(job.gpu_pricing_tier) if job.gpu_pricing_tier in set(Tier) else None,
        "rate": job.gpu_hourly_rate,
        "estimate": Estimate.from_dict(job.estimate) if job.estimate else None,
        "confidence": job.estimation_confidence_percentage,
        "algorithm_version": job.estimation_algorithm_version,
    }


def _training(progress: Mapping[str, Any], steps: Sequence[Row]) -> Training:
    """By the last step's metrics; the epoch is known from the progress alone."""
    if not steps:
        return Training()
    last, epoch = steps[-1], progress.get("epoch")
    return Training(
        steps=last.step,
        tokens=last.tokens_seen,
        final_loss=last.loss,
        best_loss=last.best_loss,
        epochs=Decimal(str(epoch)) if epoch else None,
    )


def _curve(steps: Sequence[Row]) -> tuple[Point, ...]:
    """Steps without a loss, since it was too large to be kept, are left out."""
    return tuple(
        Point(
            step=step.step,
            loss=float(step.loss),
            hours=None if step.hours is None else float(step.hours),
            dollars=None if step.dollars is None else float(step.dollars),
        )
        for step in steps
        if step.loss is not None
    )
