"""Sums over a client's jobs, by project, month, preset and creator."""

from uuid import UUID

from sqlalchemy import Connection, Row, Select, and_, func, select

from lib.db.budgets import RESERVED
from lib.db.tables import budget_reservations, projects, training_jobs, users
from lib.domain.states import JobStatus

_JOB, _HELD = training_jobs.c, budget_reservations.c
_COMPLETED = and_(_JOB.status == JobStatus.COMPLETED, _JOB.estimated_cost.is_not(None))
_SUMS = (
    func.count().label("jobs"),
    func.sum(_JOB.actual_cost).label("actual"),
    func.sum(RESERVED).label("committed"),
    func.max(_JOB.queued_at).label("last_run"),
    func.count().filter(_COMPLETED).label("completed"),
    func.coalesce(func.sum(_JOB.actual_cost).filter(_COMPLETED), 0).label("completed_actual"),
    func.coalesce(func.sum(_JOB.estimated_cost).filter(_COMPLETED), 0).label("completed_estimated"),
)


def totals(connection: Connection, creator: UUID | None) -> list[Row]:
    """Sums by client and project, None for jobs of neither; of one creator's jobs or of all."""
    keys = (_JOB.client_id, _JOB.project_id)
    return list(connection.execute(_started(creator, *keys).group_by(*keys)))


def parts(
    connection: Connection, client_id: UUID, project_id: UUID | None, creator: UUID | None
) -> list[Row]:
    """A client's sums by project, month, preset and creator; the oldest month first."""
    names = projects.c.name.label("project"), users.c.name.label("creator")
    query = (
        _started(creator, _JOB.budget_month.label("month"), _JOB.preset, *names)
        .join(users, users.c.id == _JOB.created_by)
        .outerjoin(projects, projects.c.id == _JOB.project_id)
        .where(_JOB.client_id == client_id)
        .group_by(_JOB.budget_month, _JOB.preset, projects.c.name, users.c.id)
        .order_by(_JOB.budget_month, _JOB.preset, *names)
    )
    if project_id is not None:
        query = query.where(_JOB.project_id == project_id)
    return list(connection.execute(query))


def _started(creator: UUID | None, *keys: object) -> Select:
    """Started jobs with what their reservations still hold."""
    query = (
        select(*keys, *_SUMS)  # type: ignore[call-overload]
        .select_from(training_jobs)
        .outerjoin(
            budget_reservations,
            and_(_HELD.job_id == _JOB.id, _HELD.settled_at.is_(None)),
        )
        .where(_JOB.queued_at.is_not(None))
    )
    return query if creator is None else query.where(_JOB.created_by == creator)
