"""Queries about money: accounts, limits, reservations, the audit log."""

from collections.abc import Collection, Mapping
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, case, func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import (
    budget_accounts,
    budget_audit_log,
    budget_config,
    budget_overrides,
    budget_reservations,
    training_jobs,
)
from lib.domain.audit import ActionType
from lib.domain.budget import Budget
from lib.domain.money import ZERO

#: What an open reservation still holds above the job's cost so far.
RESERVED = case(
    (
        budget_reservations.c.settled_at.is_(None),
        func.greatest(budget_reservations.c.amount - training_jobs.c.actual_cost, 0),
    ),
    else_=0,
)


def lock(connection: Connection, user_id: UUID) -> None:
    """Holds the user's budget row until the transaction ends: decisions come one at a time."""
    connection.execute(
        select(budget_accounts.c.user_id)
        .where(budget_accounts.c.user_id == user_id)
        .with_for_update()
    ).one()


def snapshot(connection: Connection, user_id: UUID, month: date) -> Budget:
    """The user's month as it stands: limit, spent, reserved. No limit set counts as $0."""
    limit = connection.execute(
        select(budget_config.c.monthly_budget_limit, budget_config.c.grace_percent)
        .where(budget_config.c.user_id == user_id, budget_config.c.effective_month <= month)
        .order_by(budget_config.c.effective_month.desc())
        .limit(1)
    ).one_or_none()
    held, job = budget_reservations.c, training_jobs.c
    of_month = and_(held.user_id == user_id, held.month == month)
    ended = select(func.coalesce(func.sum(held.settled_cost), 0).label("cost")).where(of_month)
    open_ = (
        select(
            func.coalesce(func.sum(job.actual_cost), 0).label("cost"),
            func.coalesce(func.sum(func.greatest(held.amount - job.actual_cost, 0)), 0).label(
                "held"
            ),
            func.count().label("jobs"),
        )
        .join(training_jobs, job.id == held.job_id)
        .where(of_month, held.settled_at.is_(None))
    )
    # One statement, so that a job that ends meanwhile is in one of the two and not in neither.
    settled, running = ended.subquery(), open_.subquery()
    spent, reserved, active_jobs = connection.execute(
        select(settled.c.cost + running.c.cost, running.c.held, running.c.jobs).join_from(
            settled, running, true()
        )
    ).one()
    return Budget(
        month=month,
        limit=limit.monthly_budget_limit if limit else ZERO,
        grace_percent=limit.grace_percent if limit else Decimal(0),
        spent=Decimal(spent),
        reserved=Decimal(reserved),
        active_jobs=active_jobs,
    )


def set_limit(
    connection: Connection,
    *,
    user_id: UUID,
    month: date,
    limit: Decimal,
    grace_percent: Decimal,
    set_by: UUID | None,
    approved_by: UUID | None = None,
) -> None:
    """The limit from a month on; a second one for the same month replaces the first.

    `approved_by` is who approved a request for it; nobody where it was simply set.
    """
    values = {
        "monthly_budget_limit": limit,
        "grace_percent": grace_percent,
        "set_by": set_by,
        "approved_by": approved_by,
        "approved_at": func.now() if approved_by else None,
        "created_at": func.now(),
    }
    connection.execute(
        upsert(budget_config)
        .values(user_id=user_id, effective_month=month, **values)
        .on_conflict_do_update(index_elements=["user_id", "effective_month"], set_=values)
    )


def reserve(
    connection: Connection, *, job_id: UUID, user_id: UUID, month: date, amount: Decimal
) -> None:
    connection.execute(
        insert(budget_reservations).values(
            job_id=job_id, user_id=user_id, month=month, amount=amount
        )
    )


def add_override(connection: Connection, **values: Any) -> None:
    """A manager's word for one job at one amount; the row can never be changed."""
    connection.execute(insert(budget_overrides).values(**values))


def settle(connection: Connection, job_id: UUID, cost: Decimal) -> Decimal | None:
    """Ends a reservation with the job's final cost; what it was, None where it had ended before."""
    held: Decimal | None = connection.scalar(
        update(budget_reservations)
        .where(
            and_(
                budget_reservations.c.job_id == job_id,
                budget_reservations.c.settled_at.is_(None),
            )
        )
        .values(settled_at=func.now(), settled_cost=cost)
        .returning(budget_reservations.c.amount)
    )
    return held


def correct(connection: Connection, job_id: UUID, cost: Decimal) -> None:
    """Another final cost for a reservation that was settled; one that is open needs none."""
    held = budget_reservations.c
    connection.execute(
        update(budget_reservations)
        .where(held.job_id == job_id, held.settled_at.is_not(None))
        .values(settled_cost=cost)
    )


def audit(
    connection: Connection,
    action_type: ActionType,
    *,
    user_id: UUID,
    actor_id: UUID,
    job_id: UUID | None = None,
    amount: Decimal | None = None,
    justification: str | None = None,
    details: Mapping[str, Any] | None = None,
    ip_address: str | None = None,
) -> None:
    """One line in the append-only log, in the transaction of the decision it records.

    Write it last: until the transaction ends, everybody else who writes one waits for it.
    """
    connection.execute(
        insert(budget_audit_log).values(
            action_type=action_type,
            user_id=user_id,
            actor_id=actor_id,
            job_id=job_id,
            amount=amount,
            justification=justification,
            details=dict(details or {}),
            ip_address=ip_address,
        )
    )


MOST_JOBS = 500  # of a month on one page; sums are made over all of them


def jobs_in_month(connection: Connection, user_ids: Collection[UUID], month: date) -> int:
    return connection.execute(
        select(func.count())
        .select_from(budget_reservations)
        .where(budget_reservations.c.user_id.in_(user_ids), budget_reservations.c.month == month)
    ).scalar_one()


def month_jobs(
    connection: Connection, user_ids: Collection[UUID], month: date, limit: int = MOST_JOBS
) -> list[Row]:
    """The dearest jobs that count in a month, with what each still holds."""
    held, job = budget_reservations.c, training_jobs.c
    shared = and_(
        held.job_id == job.id, held.user_id == job.created_by, held.month == job.budget_month
    )
    # Chosen in the indexes first, so that only these jobs' rows are looked at.
    dearest = (
        select(job.id, RESERVED.label("reserved"))
        .join(budget_reservations, shared)
        .where(held.user_id.in_(user_ids), held.month == month)
        .order_by((job.actual_cost + RESERVED).desc(), job.queued_at.desc())
        .limit(limit)
        .subquery()
    )
    return list(
        connection.execute(
            select(
                job.id,
                job.name,
                job.status,
                job.preset,
                job.gpu_pricing_tier,
                job.queued_at,
                job.ended_at,
                job.estimated_cost_max,
                job.actual_cost,
                dearest.c.reserved,
            )
            .join(dearest, dearest.c.id == job.id)
            .order_by((job.actual_cost + dearest.c.reserved).desc(), job.queued_at.desc())
        )
    )
