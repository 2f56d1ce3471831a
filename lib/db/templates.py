"""Queries about configuration templates."""

from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    func,
    insert,
    lateral,
    or_,
    select,
    true,
    update,
)

from lib.db.tables import job_templates, training_jobs, users
from lib.domain.states import JobStatus

_TEMPLATE, _JOB = job_templates.c, training_jobs.c


def add(connection: Connection, **values: Any) -> UUID:
    """Raises IntegrityError where its creator has an unarchived one of that name."""
    return connection.execute(
        insert(job_templates).values(**values).returning(_TEMPLATE.id)
    ).scalar_one()


def write(connection: Connection, template_id: UUID, **values: Any) -> None:
    """Raises IntegrityError as `add` does."""
    connection.execute(
        update(job_templates)
        .where(_TEMPLATE.id == template_id)
        .values(**values, updated_at=func.now())
    )


def lock(connection: Connection, template_id: UUID) -> Row | None:
    """The template's row, held until the transaction ends."""
    return connection.execute(
        select(job_templates).where(_TEMPLATE.id == template_id).with_for_update()
    ).one_or_none()


def by_id(connection: Connection, template_id: UUID) -> Row | None:
    """A template with who made it, how often it was used and when last."""
    return connection.execute(_described().where(_TEMPLATE.id == template_id)).one_or_none()


def listed(connection: Connection, viewer: UUID, *, archived: bool) -> list[Row]:
    """The viewer's own and the shared ones, archived or not, newest first."""
    seen = or_(_TEMPLATE.shared, _TEMPLATE.created_by == viewer)
    put_away = _TEMPLATE.archived_at.is_not(None)
    return list(
        connection.execute(
            _described()
            .where(seen, put_away if archived else ~put_away)
            .order_by(_TEMPLATE.created_at.desc())
        )
    )


def jobs_of(
    connection: Connection, template_id: UUID, *, creator: UUID | None, limit: int
) -> list[Row]:
    """The newest jobs that began from it, of one creator or of all; discarded drafts left out."""
    query = (
        select(
            *(_JOB[name] for name in ("id", "name", "status", "draft", "created_at")),
            users.c.name.label("creator_name"),
        )
        .join(users, users.c.id == _JOB.created_by)
        .where(_JOB.template_id == template_id, _counts())
    )
    if creator is not None:
        query = query.where(_JOB.created_by == creator)
    return list(connection.execute(query.order_by(_JOB.created_at.desc()).limit(limit)))


def _counts() -> ColumnElement[bool]:
    """A draft that was discarded is no use of a template."""
    return or_(_JOB.queued_at.is_not(None), _JOB.status == JobStatus.PENDING_CONFIGURATION)


def _described() -> Select:
    uses = lateral(
        select(func.count().label("uses"), func.max(_JOB.created_at).label("last_used"))
        .select_from(training_jobs)
        .where(_JOB.template_id == _TEMPLATE.id, _counts())
        .correlate(job_templates)
    )
    return (
        select(job_templates, users.c.name.label("creator_name"), uses.c.uses, uses.c.last_used)
        .join(users, users.c.id == _TEMPLATE.created_by)
        .join(uses, true())
    )
