"""The schema. Money is NUMERIC(12, 2), time is timestamptz; invariants are constraints here.

Transition rules, the append-only audit log and other triggers live in migrations/.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Sequence,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import INET, JSONB

from lib.domain.audit import ActionType
from lib.domain.people import Role
from lib.domain.states import EnrichmentStatus, JobStatus

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Dollars = Numeric(12, 2)
Moment = DateTime(timezone=True)


def _id() -> Column:
    return Column("id", Uuid, primary_key=True, server_default=func.gen_random_uuid())


def _created_at() -> Column:
    return Column("created_at", Moment, nullable=False, server_default=func.now())


def _lease() -> tuple[Column, Column]:
    """Who works on the row: a worker writes back only while its token is still there."""
    return Column("lease_token", Uuid), Column("lease_expires_at", Moment)


def _one_of(column: str, values: object) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


#: Values of this installation that are made once: the cookie key and the like.
installation = Table(
    "installation",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    _id(),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Moment, nullable=False, server_default=func.now()),
    Column("seen_at", Moment, nullable=False, server_default=func.now()),
)

users = Table(
    "users",
    metadata,
    _id(),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("manager_id", Uuid, ForeignKey("users.id")),
    Column("failed_sign_ins", Integer, nullable=False, server_default="0"),
    Column("locked_until", Moment),
    Column("disabled_at", Moment),
    _created_at(),
    _one_of("role", Role),
    CheckConstraint("manager_id <> id", name="not_own_manager"),
    Index("uq_users_one_owner", "role", unique=True, postgresql_where=text("role = 'owner'")),
)

user_sessions = Table(
    "user_sessions",
    metadata,
    _id(),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False, index=True),
    _created_at(),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

clients = Table(
    "clients",
    metadata,
    _id(),
    Column("name", String(100), nullable=False, unique=True),
    _created_at(),
)

projects = Table(
    "projects",
    metadata,
    _id(),
    Column("client_id", Uuid, ForeignKey("clients.id"), nullable=False),
    Column("name", String(100), nullable=False),
    _created_at(),
    UniqueConstraint("client_id", "name"),
)

training_files = Table(
    "training_files",
    metadata,
    _id(),
    Column("name", String(200), nullable=False),
    Column("format", Text, nullable=False),
    Column("storage_key", Text, nullable=False),  # relative to the files folder
    Column("content_hash", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("status", Text, nullable=False, server_default="active"),
    Column("enrichment_status", Text, nullable=False, server_default="processing"),
    Column("enrichment_error", Text),
    Column("conversation_count", Integer, nullable=False),
    Column("training_pairs", Integer, nullable=False),  # declared; found where none are declared
    Column("trainable_pairs", Integer, nullable=False),
    Column("average_quality", Numeric(4, 2)),
    Column("summary", JSONB, nullable=False, server_default="{}"),
    Column("tokens", JSONB),
    Column("sequences_sha256", Text),  # of the neutral form that the trainer reads
    Column("created_by", Uuid, ForeignKey("users.id"), nullable=False),
    _created_at(),
    Column("updated_at", Moment, nullable=False, server_default=func.now()),
    *_lease(),
    _one_of("status", ("active", "archived")),
    _one_of("enrichment_status", EnrichmentStatus),
)

training_jobs = Table(
    "training_jobs",
    metadata,
    _id(),
    Column("training_file_id", Uuid, ForeignKey("training_files.id"), nullable=False, index=True),
    Column("created_by", Uuid, ForeignKey("users.id"), nullable=False),
    _created_at(),
    Column("status", Text, nullable=False, server_default=JobStatus.PENDING_CONFIGURATION),
    # What the wizard holds; the columns below are written from it at start.
    Column("draft", JSONB, nullable=False),
    Column("draft_revision", Integer, nullable=False, server_default="0"),
    Column("name", String(100), nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("notes", Text, nullable=False, server_default=""),
    Column("tags", JSONB, nullable=False, server_default="[]"),
    Column("client_id", Uuid, ForeignKey("clients.id")),
    Column("project_id", Uuid, ForeignKey("projects.id")),
    Column("metadata_updated_at", Moment, nullable=False, server_default=func.now()),
    Column("preset", Text),
    Column("configuration", JSONB),
    Column("engine", Text),
    Column("gpu_type", Text),
    Column("gpu_pricing_tier", Text),
    Column("gpu_hourly_rate", Dollars),
    Column("estimate", JSONB),
    Column("estimated_duration_hours", Numeric(14, 6)),
    Column("estimated_cost_min", Dollars),
    Column("estimated_cost_max", Dollars),
    Column("estimation_confidence_percentage", Numeric(5, 2)),
    Column("estimation_algorithm_version", Integer),
    Column("estimated_at", Moment),
    Column("budget_month", Date),
    Column("actual_cost", Dollars, nullable=False, server_default="0"),
    Column("actual_duration_hours", Numeric(14, 6)),  # over all attempts; set when the job ends
    Column("queued_at", Moment),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("cancel_requested_at", Moment),
    Column("checkpoint_recovery_count", Integer, nullable=False, server_default="0"),
    Column("progress", JSONB, nullable=False, server_default="{}"),
    Column("failure_code", Text),
    Column("failure_message", Text),
    Column("adapter_key", Text),  # relative to the runs folder
    Column("adapter_sha256", Text),
    *_lease(),
    _one_of("status", JobStatus),
    CheckConstraint("actual_cost >= 0", name="cost_not_negative"),
    CheckConstraint(
        "status = 'pending_configuration' OR queued_at IS NOT NULL OR status = 'cancelled'",
        name="started_jobs_were_queued",
    ),
    CheckConstraint(
        "queued_at IS NULL OR (budget_month IS NOT NULL AND estimated_cost_max IS NOT NULL)",
        name="started_jobs_are_priced",
    ),
    Index(  # covers what a month's sums need
        "ix_training_jobs_budget",
        "created_by",
        "budget_month",
        postgresql_include=[
            *("id", "actual_cost", "status", "preset", "gpu_pricing_tier", "client_id"),
            *("project_id", "queued_at", "ended_at"),
        ],
    ),
    Index("ix_training_jobs_created", "created_at"),
    Index("ix_training_jobs_ended", "ended_at", postgresql_where=text("queued_at IS NOT NULL")),
    Index(
        "ix_training_jobs_work",
        "queued_at",
        postgresql_where=text(
            "status IN ('queued', 'provisioning', 'starting', 'running', 'recovering')"
        ),
    ),
)

job_events = Table(
    "job_events",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False, index=True),
    Column("at", Moment, nullable=False, server_default=func.now()),
    Column("kind", Text, nullable=False),
    Column("from_status", Text),
    Column("to_status", Text),
    Column("message", Text, nullable=False),
    Column("data", JSONB, nullable=False, server_default="{}"),
)

#: One try at running a job on an engine. The row is committed before the engine is asked.
job_attempts = Table(
    "job_attempts",
    metadata,
    _id(),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("engine", Text, nullable=False),
    Column("external_name", Text, nullable=False, unique=True),
    Column("external_id", Text),
    Column("hourly_rate", Dollars, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("outcome", Text),
    Column("cost", Dollars, nullable=False, server_default="0"),
    Column("events_offset", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("job_id", "number"),
    Index(
        "uq_job_attempts_one_live", "job_id", unique=True, postgresql_where=text("ended_at IS NULL")
    ),
)

job_metrics = Table(
    "job_metrics",
    metadata,
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), primary_key=True),
    Column("step", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("loss", Numeric(14, 6)),
    Column("learning_rate", Numeric(18, 12)),
    Column("tokens_seen", BigInteger),
    Column("tokens_per_second", Numeric(14, 2)),
    Column("elapsed_seconds", Numeric(14, 3)),
)

#: A few real steps of one configuration on one engine, asked for by the panel, run by the worker.
measurements = Table(
    "measurements",
    metadata,
    Column("config_key", Text, primary_key=True),
    Column("engine", Text, nullable=False),
    Column("request", JSONB, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("result", JSONB),
    Column("error", Text),
    Column("requested_at", Moment, nullable=False, server_default=func.now()),
    Column("finished_at", Moment),
    *_lease(),
    _one_of("status", ("pending", "completed", "failed")),
)

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
    _id(),
    Column("user_id", Uuid, ForeignKey("budget_accounts.user_id"), nullable=False),
    Column("effective_month", Date, nullable=False),
    Column("monthly_budget_limit", Dollars, nullable=False),
    Column("grace_percent", Numeric(5, 2), nullable=False),
    Column("set_by", Uuid, ForeignKey("users.id")),
    Column("approved_by", Uuid, ForeignKey("users.id")),  # of an increase request
    Column("approved_at", Moment),
    _created_at(),
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
    _created_at(),
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
    _one_of("action_type", ActionType),
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
    _created_at(),
    CheckConstraint("monthly_budget_limit >= 0", name="limit_not_negative"),
    CheckConstraint("EXTRACT(day FROM effective_month) = 1", name="month_begins_on_the_first"),
)

#: Requests for a higher limit; decided once, never by who asked.
budget_requests = Table(
    "budget_requests",
    metadata,
    _id(),
    Column("user_id", Uuid, ForeignKey("budget_accounts.user_id"), nullable=False),
    Column("approver_id", Uuid, ForeignKey("users.id")),
    Column("job_id", Uuid, ForeignKey("training_jobs.id")),
    Column("effective_month", Date, nullable=False),
    Column("current_limit", Dollars, nullable=False),
    Column("new_limit", Dollars, nullable=False),
    Column("justification", Text, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    _created_at(),
    Column("expires_at", Moment, nullable=False),
    Column("reminded_at", Moment),
    Column("decided_at", Moment),
    Column("decided_by", Uuid, ForeignKey("users.id")),
    Column("reason", Text),
    _one_of("status", ("pending", "approved", "denied", "withdrawn", "expired")),
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
    _id(),
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

#: Notices that a user has seen once and need not see again.
notices_seen = Table(
    "notices_seen",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("notice", Text, primary_key=True),
    Column("seen_at", Moment, nullable=False, server_default=func.now()),
)

#: Mail to be sent: written in the transaction of what it tells, sent by the worker afterwards.
outbox = Table(
    "outbox",
    metadata,
    _id(),
    Column("message_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("recipient_id", Uuid, ForeignKey("users.id")),
    Column("to_address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body_text", Text, nullable=False),
    Column("body_html", Text, nullable=False),
    _created_at(),
    Column("due_at", Moment, nullable=False, server_default=func.now()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", Moment),
    Column("failed_at", Moment),  # given up; `error` says why
    Column("error", Text),
    *_lease(),
    Index(
        "ix_outbox_due",
        "due_at",
        postgresql_where=text("sent_at IS NULL AND failed_at IS NULL"),
    ),
)

#: Who did what that is not about money: imports, drafts, sign-ins. Success and failure alike.
activity_log = Table(
    "activity_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Moment, nullable=False, server_default=func.now()),
    Column("actor_id", Uuid, ForeignKey("users.id")),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("succeeded", Boolean, nullable=False),
    Column("details", JSONB, nullable=False, server_default="{}"),
)

quote_numbers = Sequence("quote_numbers", metadata=metadata)

quotes = Table(
    "quotes",
    metadata,
    _id(),
    Column("number", Text, nullable=False, unique=True),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False, index=True),
    Column("created_by", Uuid, ForeignKey("users.id"), nullable=False),
    _created_at(),
    Column("valid_until", Date, nullable=False),
    Column("draft_digest", Text, nullable=False),
    Column("estimate", JSONB, nullable=False),
    # As they were when it was issued: the list of quotes says what the paper says.
    Column("kind", Text, nullable=False, server_default="single"),
    Column("job_name", Text, nullable=False),
    Column("client", Text, nullable=False, server_default=""),
    Column("project", Text, nullable=False, server_default=""),
    Column("configuration", Text, nullable=False, server_default=""),
    Column("content", JSONB),  # of each choice all that the next quote is compared with
    Column("pdf", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    _one_of("kind", ("single", "comparison")),
)

#: Every offer ever fetched; the newest batch of an engine is what it offers now.
gpu_offers = Table(
    "gpu_offers",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("engine", Text, nullable=False),
    Column("gpu", Text, nullable=False),
    Column("gpu_title", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("hourly_rate", Dollars, nullable=False),
    Column("source", Text, nullable=False),  # a tier that was refused is there as published
    Column("vram_gb", Integer),
    Column("stock", Text),
    Column("unavailable", Text),
    Column("fetched_at", Moment, nullable=False),
    UniqueConstraint("engine", "fetched_at", "gpu", "tier"),
    CheckConstraint("hourly_rate > 0", name="rate_is_positive"),
    _one_of("tier", ("spot", "on_demand")),
    _one_of("source", ("published", "provider")),
)

#: Every fit of the estimate's second version, kept with its coefficients and its back-test.
calibrations = Table(
    "calibrations",
    metadata,
    Column("revision", Integer, Identity(), primary_key=True),
    Column("fitted_at", Moment, nullable=False, server_default=func.now()),
    Column("fitted_by", Uuid, ForeignKey("users.id")),  # NULL: the monthly task
    Column("model", JSONB, nullable=False),  # coefficients by place
    Column("back_test", JSONB, nullable=False),  # errors on runs left out, and of what it replaces
    Column("runs", Integer, nullable=False),
    Column("adopted", Boolean, nullable=False),
    Column("reason", Text, nullable=False),  # why it was adopted, or not
)

#: Tasks that run now and then, once however many workers there are.
periodic_tasks = Table(
    "periodic_tasks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_at", Moment, nullable=False, server_default=func.now()),
    Column("finished_at", Moment),
    Column("error", Text),
    *_lease(),
)
