"""Budgets: limits, reservations, requests, overrides and the log of it all."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Index,
    Numeric,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

from lib.db.tables.base import Dollars, Moment, created_at_column, id_column, metadata, one_of
from lib.domain.audit import ActionType

#: One row a user: locking it serialises every decision about that user's money.
budget_accounts = Table(
    "budget_accounts",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
)

#: Limits with their effective month; the newest one at or before a month holds for it.
budget_config = Table(
    "budget_config",
    metadata,
    id_column(),
    Column("user_id", Uuid, ForeignKey("budget_accounts.user_id"), nullable=False),
    Column("effective_month", Date, nullable=False),
    Column("monthly_budget_limit", Dollars, nullable=False),
    Column("grace_percent", Numeric(5, 2), nullable=False),
    Column("set_by", Uuid, ForeignKey("users.id")),
    Column("approved_by", Uuid, ForeignKey("users.id")),  # of an increase request
    Column("approved_at", Moment),
    created_at_column(),
    UniqueConstraint("user_id", "effective_month"),
    CheckConstraint("monthly_budget_limit >= 0", name="limit_not_negative"),
    CheckConstraint("grace_percent BETWEEN 0 AND 100", name="grace_is_percent"),
    CheckConstraint("EXTRACT(day FROM effective_month) = 1", name="month_begins_on_the_first"),
)

#: What a started job may cost at most, held until it is settled, once, at its end.
budget_reservations = Table(
    "budget_reservations",
    metadata,
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), primary_key=True),
    Column("user_id", Uuid, ForeignKey("budget_accounts.user_id"), nullable=False),
    Column("month", Date, nullable=False),
    Column("amount", Dollars, nullable=False),
    created_at_column(),
    Column("settled_at", Moment),
    Column("settled_cost", Dollars),
    CheckConstraint("(settled_at IS NULL) = (settled_cost IS NULL)", name="settled_with_cost"),
    Index(
        "ix_budget_reservations_month",
        "user_id",
        "month",
        postgresql_include=["job_id", "amount", "settled_at", "settled_cost"],
    ),
)

#: Append-only: triggers refuse UPDATE, DELETE and TRUNCATE, and chain each row to the one before.
budget_audit_log = Table(
    "budget_audit_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("timestamp", Moment, nullable=False, server_default=func.now()),
    Column("action_type", Text, nullable=False),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False, index=True),
    Column("actor_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("job_id", Uuid, ForeignKey("training_jobs.id")),
    Column("amount", Dollars),
    Column("justification", Text),
    Column("details", JSONB, nullable=False, server_default="{}"),
    Column("ip_address", INET),
    # The trigger writes these, and the id, whatever an INSERT says.
    Column("previous_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    one_of("action_type", ActionType),
    Index("ix_budget_audit_log_action_type", "action_type", "id"),
    Index("ix_budget_audit_log_job_id", "job_id"),
    Index("ix_budget_audit_log_timestamp", "timestamp"),
)

#: A limit above the limits of all who report to one manager; there need not be one.
team_budgets = Table(
    "team_budgets",
    metadata,
    Column("manager_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("effective_month", Date, primary_key=True),
    Column("monthly_budget_limit", Dollars, nullable=False),
    Column("set_by", Uuid, ForeignKey("users.id"), nullable=False),
    created_at_column(),
    CheckConstraint("monthly_budget_limit >= 0", name="limit_not_negative"),
    CheckConstraint("EXTRACT(day FROM effective_month) = 1", name="month_begins_on_the_first"),
)

#: Requests for a higher limit; decided once, never by who asked.
budget_requests = Table(
    "budget_requests",
    metadata,
    id_column(),
    Column("user_id", Uuid, ForeignKey("budget_accounts.user_id"), nullable=False),
    Column("approver_id", Uuid, ForeignKey("users.id")),
    Column("job_id", Uuid, ForeignKey("training_jobs.id")),
    Column("effective_month", Date, nullable=False),
    Column("current_limit", Dollars, nullable=False),
    Column("new_limit", Dollars, nullable=False),
    Column("justification", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    created_at_column(),
    Column("expires_at", Moment, nullable=False),
    Column("reminded_at", Moment),
    Column("decided_at", Moment),
    Column("decided_by", Uuid, ForeignKey("users.id")),
    Column("reason", Text),
    one_of("status", ("pending", "approved", "denied", "withdrawn", "expired")),
    CheckConstraint("new_limit > current_limit", name="asks_for_more"),
    CheckConstraint("decided_by <> user_id OR status = 'withdrawn'", name="not_decided_by_oneself"),
    CheckConstraint("(status = 'pending') = (decided_at IS NULL)", name="decided_or_pending"),
    Index(
        "uq_budget_requests_one_pending",
        "user_id",
        unique=True,
        postgresql_where=text("status = 'pending'"),
    ),
)

#: A manager's word that one job may start at one amount in spite of the limit.
budget_overrides = Table(
    "budget_overrides",
    metadata,
    id_column(),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False, index=True),
    Column("user_id", Uuid, ForeignKey("budget_accounts.user_id"), nullable=False),
    Column("approved_by", Uuid, ForeignKey("users.id"), nullable=False),
    Column("override_amount", Dollars, nullable=False),  # how far above the limit
    Column("cost_max", Dollars, nullable=False),
    Column("digest", Text, nullable=False),
    Column("justification", Text, nullable=False),
    Column("approved_at", Moment, nullable=False, server_default=func.now()),
    CheckConstraint("override_amount > 0", name="covers_something"),
)

#: What a month was expected to cost, as seen on each day of it.
budget_forecasts = Table(
    "budget_forecasts",
    metadata,
    Column("user_id", Uuid, ForeignKey("budget_accounts.user_id"), primary_key=True),
    Column("month", Date, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("projected", Dollars, nullable=False),
)
