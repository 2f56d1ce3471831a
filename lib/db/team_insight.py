"""What the jobs that were started in a period add up to, for some people.

All but names and lists of single jobs is read from one index (`ix_training_jobs_started`).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Numeric,
    Row,
    and_,
    cast,
    func,
    select,
    true,
    tuple_,
)

from lib.db.history import comparison
from lib.db.tables import clients, projects, training_jobs, users
from lib.domain.states import JobStatus

_JOB = training_jobs.c
_TAGGED = func.jsonb_array_length(_JOB.tags) > 0
_DOCUMENTED = and_(_JOB.described, _JOB.noted)


@dataclass(frozen=True)
class Scope:
    """Whose jobs, started from `since` to before `until`, both aware."""

    user_ids: Collection[UUID]
    since: datetime
    until: datetime

    @property
    def jobs(self) -> ColumnElement[bool]:
        return and_(
            _JOB.queued_at >= self.since,
            _JOB.queued_at < self.until,
            _JOB.created_by.in_(self.user_ids),
        )


def totals(connection: Connection, scope: Scope) -> Row:
    """One row of all figures."""
    return connection.execute(
        select(*_counts().values(), *_sums().values()).where(scope.jobs)
    ).one()


def slices(connection: Connection, scope: Scope) -> list[Row]:
    """The figures of all jobs, and by person, month, both, preset, preset and month, GPU and tier.

    What a row is not split by is None. Jobs are added up once, by all of these, and only those sums
    are added up in each way.
    """
    keys = {
        "person_id": _JOB.created_by,
        "month": _JOB.budget_month,
        "preset": _JOB.preset,
        "engine": _JOB.engine,
        "gpu": _JOB.gpu_type,
        "tier": _JOB.gpu_pricing_tier,
    }
    counts, sums = _counts(), _sums()
    cells = (
        select(
            *(column.label(name) for name, column in keys.items()), *counts.values(), *sums.values()
        )
        .where(scope.jobs)
        .group_by(*keys.values())
        .cte("cells")
    )
    cell = cells.c
    ways = (
        (),
        (cell.person_id,),
        (cell.month,),
        (cell.person_id, cell.month),
        (cell.preset,),
        (cell.preset, cell.month),
        (cell.engine, cell.gpu, cell.tier),
    )
    return list(
        connection.execute(
            select(
                *(cell[name] for name in keys),
                # PostgreSQL adds counts up to a NUMERIC, which they are not.
                *(cast(_added_up(cell[name]), BigInteger).label(name) for name in counts),
                *(_added_up(cell[name]).label(name) for name in sums),
            ).group_by(func.grouping_sets(*(tuple_(*way) for way in ways)))
        )
    )


def tags(connection: Connection, scope: Scope) -> list[tuple[str, Any, int]]:
    """Each tag, month, and the jobs started in it that have the tag."""
    each = func.jsonb_array_elements_text(_JOB.tags).table_valued("value").render_derived("each")
    return list(
        connection.execute(
            select(each.c.value, _JOB.budget_month, func.count())
            .select_from(training_jobs.join(each, true()))
            .where(scope.jobs)
            .group_by(each.c.value, _JOB.budget_month)
        ).tuples()
    )


def names(connection: Connection, scope: Scope, limit: int) -> list[Row]:
    """The newest names with what may stand in them: name, typed, file, client, project."""
    draft = _JOB.draft
    return list(
        connection.execute(
            select(
                _JOB.name,
                func.coalesce(draft["name_edited"].as_boolean(), False).label("typed"),
                draft["training_file_name"].astext.label("file"),
                clients.c.name.label("client"),
                projects.c.name.label("project"),
            )
            .select_from(_with_client())
            .where(scope.jobs)
            .order_by(_JOB.queued_at.desc())
            .limit(limit)
        )
    )


def costliest_undocumented(connection: Connection, scope: Scope, limit: int) -> list[Row]:
    """Jobs that lack description or notes: id, name, person, cost, what is there, when started."""
    return _listed(
        connection, [scope.jobs, ~_DOCUMENTED], [_JOB.actual_cost.desc(), _JOB.queued_at], limit
    )


def newest_untagged(connection: Connection, scope: Scope, limit: int) -> list[Row]:
    """Jobs without a tag, the newest first, as `costliest_undocumented` has them."""
    return _listed(connection, [scope.jobs, ~_TAGGED], [_JOB.queued_at.desc()], limit)


def _listed(
    connection: Connection, conditions: list[Any], order: list[Any], limit: int
) -> list[Row]:
    """The chosen few are found in the index; only theirs are the rows that are looked at."""
    chosen = select(_JOB.id).where(*conditions).order_by(*order).limit(limit)
    return list(
        connection.execute(
            select(
                _JOB.id,
                _JOB.name,
                users.c.name.label("person"),
                _JOB.actual_cost.label("cost"),
                _JOB.described,
                _JOB.noted,
                _JOB.preset,
                _JOB.queued_at,
            )
            .join(users, users.c.id == _JOB.created_by)
            .where(_JOB.id.in_(chosen.scalar_subquery()))
            .order_by(*order)
        )
    )


def _counts() -> dict[str, ColumnElement[int]]:
    compared = _compared()
    wanted = {
        "jobs": true(),
        "completed": _JOB.status == JobStatus.COMPLETED,
        "failed": _JOB.status == JobStatus.FAILED,
        "interrupted": _JOB.checkpoint_recovery_count > 0,
        "described": _JOB.described,
        "noted": _JOB.noted,
        "documented": _DOCUMENTED,
        "tagged": _TAGGED,
        "compared": compared,
        "inside": and_(compared, comparison(_JOB).inside),
    }
    return {name: func.count().filter(those).label(name) for name, those in wanted.items()}


def _sums() -> dict[str, ColumnElement[Any]]:
    compared = _compared()
    totals = {
        "cost": func.sum(_JOB.actual_cost),
        "hours": func.sum(_JOB.actual_duration_hours),
        "estimated": func.sum(_JOB.estimated_cost).filter(compared),
        "actual": func.sum(_JOB.actual_cost).filter(compared),
        "error_sum": func.sum(func.abs(comparison(_JOB).error), type_=Numeric).filter(compared),
    }
    return {name: func.coalesce(total, 0).label(name) for name, total in totals.items()}


def _added_up(figure: ColumnElement[Any]) -> ColumnElement[Any]:
    """The sum of sums; 0 of nothing."""
    return func.coalesce(func.sum(figure), 0)


def _compared() -> ColumnElement[bool]:
    """Jobs whose estimate can be held against the actual."""
    return and_(_JOB.status == JobStatus.COMPLETED, comparison(_JOB).possible)


def _with_client() -> Any:
    return training_jobs.outerjoin(clients, clients.c.id == _JOB.client_id).outerjoin(
        projects, projects.c.id == _JOB.project_id
    )
