"""Jobs with all that is exported of them, a few hundred in memory at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text, true

from lib.db.job_search import Wanted, condition
from lib.db.tables import (
    clients,
    job_templates,
    projects,
    training_files,
    training_jobs,
    users,
)

_STREAM = {"yield_per": 500}  # rows a round trip
job = training_jobs.c
_COLUMNS = (
    *(job.id, job.name, job.description, job.notes, job.tags, job.metadata_updated_at),
    *(job.status, job.created_at, job.archived_at, job.draft, job.preset, job.configuration),
    *(job.engine, job.gpu_type, job.gpu_pricing_tier, job.gpu_hourly_rate, job.estimate),
    *(job.estimated_cost_min, job.estimated_cost_max, job.estimated_duration_hours),
    *(job.estimation_confidence_percentage, job.estimation_algorithm_version, job.estimated_at),
    *(job.budget_month, job.actual_cost, job.actual_duration_hours, job.progress),
    *(job.checkpoint_recovery_count, job.queued_at, job.started_at, job.ended_at),
    *(job.failure_code, job.failure_message, job.adapter_sha256),
    *(job.spending_cap, job.continues_id),
    job.cancel_requested_at.label("cancelled"),
    clients.c.name.label("client"),
    projects.c.name.label("project"),
    users.c.name.label("creator_name"),
    users.c.email.label("creator_email"),
    job_templates.c.name.label("template"),
    training_files.c.name.label("file_name"),
    training_files.c.content_hash.label("file_hash"),
    training_files.c.format.label("file_format"),
    training_files.c.size_bytes.label("file_size"),
    training_files.c.conversation_count.label("conversations"),
    training_files.c.training_pairs,
    training_files.c.trainable_pairs,
    training_files.c.average_quality,
)


def stream(
    connection: Connection, wanted: Wanted | Sequence[UUID], owner: UUID | None
) -> Iterator[Mapping[str, Any]]:
    """The jobs that a search finds or that are named, of one owner or of all; newest first.

    A reader who stops for minutes loses the connection, so that none is held for ever.
    """
    connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = '5min'"))
    chosen = condition(wanted) if isinstance(wanted, Wanted) else job.id.in_(wanted)
    rows = connection.execute(
        select(*_COLUMNS)
        .join(users, users.c.id == job.created_by)
        .join(training_files, training_files.c.id == job.training_file_id)
        .outerjoin(clients, clients.c.id == job.client_id)
        .outerjoin(projects, projects.c.id == job.project_id)
        .outerjoin(job_templates, job_templates.c.id == job.template_id)
        .where(chosen, true() if owner is None else job.created_by == owner)
        .order_by(job.created_at.desc(), job.id.desc()),
        execution_options=_STREAM,
    )
    for row in rows:
        yield row._asdict()
