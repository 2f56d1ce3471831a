"""Training jobs, whom they are for, and what happened to them."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Numeric,
    String,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from lib.db.tables.base import (
    Dollars,
    Moment,
    created_at_column,
    id_column,
    lease_columns,
    metadata,
    one_of,
)
from lib.domain.states import JobStatus

#: A job's cost and hours for the order of a list: what has neither cost nor time yet comes last.
COST_ORDER = "coalesce(cost, '-1')"
HOURS_ORDER = "coalesce(actual_duration_hours, estimated_duration_hours, '-1')"

clients = Table(
    "clients",
    metadata,
    id_column(),
    Column("name", String(100), nullable=False, unique=True),
    created_at_column(),
    Column("archived_at", Moment),
)

projects = Table(
    "projects",
    metadata,
    id_column(),
    Column("client_id", Uuid, ForeignKey("clients.id"), nullable=False),
    Column("name", String(100), nullable=False),
    created_at_column(),
    Column("archived_at", Moment),
    UniqueConstraint("client_id", "name"),
)

training_jobs = Table(
    "training_jobs",
    metadata,
    id_column(),
    Column("training_file_id", Uuid, ForeignKey("training_files.id"), nullable=False, index=True),
    Column("created_by", Uuid, ForeignKey("users.id"), nullable=False),
    created_at_column(),
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
    Column("template_id", Uuid, ForeignKey("job_templates.id")),
    Column("archived_at", Moment),
    # Lexemes of all that is searched: written by a trigger, so that no writer can forget it.
    Column("search", TSVECTOR),
    # Whether something is written there at all, for figures that are made from an index alone.
    Column("described", Boolean, Computed("(description ~ '\\S'::text)", persisted=True)),
    Column("noted", Boolean, Computed("(notes ~ '\\S'::text)", persisted=True)),
    Column("preset", Text),
    Column("configuration", JSONB),
    Column("engine", Text),
    Column("gpu_type", Text),
    Column("gpu_pricing_tier", Text),
    Column("gpu_hourly_rate", Dollars),
    Column("estimate", JSONB),
    Column(
        "estimated_cost",
        Dollars,
        Computed("((estimate ->> 'total')::numeric)", persisted=True),
    ),
    # What it has cost, or is estimated to cost until it has ended.
    Column(
        "cost",
        Dollars,
        Computed(
            "CASE WHEN ended_at IS NULL THEN (estimate ->> 'total')::numeric ELSE actual_cost END",
            persisted=True,
        ),
    ),
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
    # The most that all attempts may cost together; None where an hour costs nothing.
    Column("spending_cap", Dollars),
    Column(
        "continues_id", Uuid, ForeignKey("training_jobs.id")
    ),  # whose checkpoints it goes on from
    Column("progress", JSONB, nullable=False, server_default="{}"),
    Column("failure_code", Text),
    Column("failure_message", Text),
    Column("adapter_key", Text),  # relative to the runs folder
    Column("adapter_sha256", Text),
    *lease_columns(),
    one_of("status", JobStatus),
    CheckConstraint("actual_cost >= 0", name="cost_not_negative"),
    CheckConstraint("spending_cap > 0", name="cap_positive"),
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
    Index("ix_training_jobs_created", "created_at", "id"),
    Index("ix_training_jobs_creator", "created_by", "created_at", "id"),
    Index(  # covers what clients' sums need
        "ix_training_jobs_client",
        "client_id",
        "project_id",
        postgresql_include=[
            *("id", "created_by", "queued_at", "status", "preset", "budget_month"),
            *("actual_cost", "estimated_cost"),
        ],
    ),
    Index("ix_training_jobs_template", "template_id"),
    Index(
        "ix_training_jobs_continues",
        "continues_id",
        postgresql_where=text("continues_id IS NOT NULL"),
    ),
    Index("ix_training_jobs_documented", "metadata_updated_at"),
    # The orders of the job list beside its age.
    Index("ix_training_jobs_cost", text(COST_ORDER), "id"),
    Index("ix_training_jobs_hours", text(HOURS_ORDER), "id"),
    Index("ix_training_jobs_name", text("lower(name)"), "id"),
    Index("ix_training_jobs_search", "search", postgresql_using="gin"),
    Index(
        "ix_training_jobs_tags",
        "tags",
        postgresql_using="gin",
        postgresql_ops={"tags": "jsonb_path_ops"},
    ),
    Index(  # covers what estimates and cards say about past jobs
        "ix_training_jobs_ended",
        "ended_at",
        postgresql_include=[
            *("queued_at", "status", "engine", "gpu_type", "gpu_pricing_tier", "preset"),
            *("actual_cost", "estimated_cost", "estimated_cost_min", "estimated_cost_max"),
            *("actual_duration_hours", "estimated_duration_hours", "checkpoint_recovery_count"),
        ],
        postgresql_where=text("queued_at IS NOT NULL"),
    ),
    Index(  # covers what the team's figures need
        "ix_training_jobs_started",
        "queued_at",
        postgresql_include=[
            *("id", "created_by", "budget_month", "ended_at", "status", "preset", "engine"),
            *("gpu_type", "gpu_pricing_tier", "actual_cost", "actual_duration_hours"),
            *("estimated_cost", "estimated_cost_min", "estimated_cost_max"),
            *("estimated_duration_hours", "checkpoint_recovery_count", "described", "noted"),
            "tags",
        ],
        postgresql_where=text("queued_at IS NOT NULL"),
    ),
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
    id_column(),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("engine", Text, nullable=False),
    Column("external_name", Text, nullable=False, unique=True),
    Column("external_id", Text),
    Column("claimed_id", Text),  # what the run said it is, when nobody knew its external id
    Column("hourly_rate", Dollars, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("interrupt_requested_at", Moment),  # a rehearsal: to be ended as a spot machine ends
    # What has become of the run, written down before its machine, and with it its log, is ended.
    Column("verdict", JSONB),
    Column("verdict_at", Moment),
    Column("outcome", Text),
    Column("retry_at", Moment),  # of an ended one: the next attempt waits until then
    Column("cost", Dollars, nullable=False, server_default="0"),
    Column("billed", Dollars),  # by the provider; None: not asked yet, or not billed yet
    Column("bill_checked_at", Moment),
    Column("hinted_at", Moment),  # a callback said that there is something to look at
    Column("events_offset", BigInteger, nullable=False, server_default="0"),
    UniqueConstraint("job_id", "number"),
    Index(
        "uq_job_attempts_one_live", "job_id", unique=True, postgresql_where=text("ended_at IS NULL")
    ),
    Index(
        "ix_job_attempts_lost_and_found",
        "engine",
        postgresql_where=text("outcome = 'lost' AND COALESCE(external_id, claimed_id) IS NOT NULL"),
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

#: What a rented run has brought home: checkpoints and the adapter, each one file with its hash.
run_results = Table(
    "run_results",
    metadata,
    id_column(),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("name", Text, nullable=False),  # adapter.tar or checkpoint-200.tar
    Column("step", Integer),  # of a checkpoint
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("stored_at", Moment, nullable=False, server_default=func.now()),
    UniqueConstraint("job_id", "name"),
)
