"""The jobs of a list with all that it shows of them."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, Row, select

from lib.db.tables import clients, projects, training_files, training_jobs, users

job = training_jobs.c


def by_ids(connection: Connection, ids: Iterable[UUID]) -> list[Row]:
    """Jobs with the names around them and all that is searched, in the order of the ids."""
    wanted = list(ids)
    columns = (
        *(
            job.id,
            job.training_file_id,
            job.name,
            job.description,
            job.notes,
            job.tags,
            job.status,
            job.preset,
        ),
        *(job.gpu_type, job.gpu_pricing_tier, job.estimated_cost, job.actual_cost, job.cost),
        *(job.actual_duration_hours, job.estimated_duration_hours, job.created_at, job.queued_at),
        *(job.ended_at, job.archived_at, job.created_by, job.client_id, job.project_id),
        *(job.template_id, job.engine, job.estimated_cost_max),
        job.progress["percent"].as_float().label("percent"),
        job.configuration["gpu_title"].as_string().label("gpu_title"),
        job.draft["offer_key"].as_string().label("offer_key"),
        job.draft["preset"].as_string().label("draft_preset"),
    )
    found = connection.execute(
        select(
            *columns,
            training_files.c.name.label("file_name"),
            users.c.name.label("creator_name"),
            users.c.email.label("creator_email"),
            clients.c.name.label("client_name"),
            projects.c.name.label("project_name"),
        )
        .join(training_files, training_files.c.id == job.training_file_id)
        .join(users, users.c.id == job.created_by)
        .outerjoin(clients, clients.c.id == job.client_id)
        .outerjoin(projects, projects.c.id == job.project_id)
        .where(job.id.in_(wanted))
    )
    by_id = {row.id: row for row in found}
    return [by_id[one] for one in wanted if one in by_id]
