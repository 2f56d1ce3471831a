"""Offers with history, calibrations, periodic tasks; what a job took, what a quote was about.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("training_files", sa.Column("sequences_sha256", sa.Text()))
    op.add_column("training_jobs", sa.Column("actual_duration_hours", sa.Numeric(14, 6)))
    op.alter_column("training_jobs", "estimated_duration_hours", type_=sa.Numeric(14, 6))
    op.execute(
        """
        UPDATE training_jobs SET actual_duration_hours = taken.hours FROM (
            SELECT job_id, sum(extract(epoch FROM ended_at - started_at)) / 3600 AS hours
            FROM job_attempts WHERE started_at IS NOT NULL AND ended_at IS NOT NULL GROUP BY job_id
        ) taken WHERE taken.job_id = training_jobs.id AND training_jobs.ended_at IS NOT NULL
        """
    )
    op.create_index(
        "ix_training_jobs_ended",
        "training_jobs",
        ["ended_at"],
        postgresql_where=sa.text("queued_at IS NOT NULL"),
    )
    _describe_quotes()
    _create_offers()
    _create_calibrations()
    op.create_table(
        "periodic_tasks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("due_at", _MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("finished_at", _MOMENT),
        sa.Column("error", sa.Text()),
        sa.Column("lease_token", sa.Uuid()),
        sa.Column("lease_expires_at", _MOMENT),
        sa.PrimaryKeyConstraint("name", name="pk_periodic_tasks"),
    )


def _describe_quotes() -> None:
    for column in (
        sa.Column("kind", sa.Text(), server_default="single", nullable=False),
        sa.Column("job_name", sa.Text()),
        sa.Column("client", sa.Text(), server_default="", nullable=False),
        sa.Column("project", sa.Text(), server_default="", nullable=False),
        sa.Column("configuration", sa.Text(), server_default="", nullable=False),
        sa.Column("content", JSONB()),
    ):
        op.add_column("quotes", column)
    op.execute(
        """
        UPDATE quotes SET job_name = jobs.name, client = coalesce(jobs.draft ->> 'client', ''),
            project = coalesce(jobs.draft ->> 'project', '')
        FROM training_jobs jobs WHERE jobs.id = quotes.job_id
        """
    )
    op.alter_column("quotes", "job_name", nullable=False)
    op.create_check_constraint("kind_known", "quotes", "kind IN ('single', 'comparison')")
    # A quote keeps its figures whatever changes later.
    op.execute(
        """
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON quotes
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
        """
    )
    op.execute(
        """
        CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON quotes
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
        """
    )


def _create_offers() -> None:
    op.create_table(
        "gpu_offers",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("engine", sa.Text(), nullable=False),
        sa.Column("gpu", sa.Text(), nullable=False),
        sa.Column("gpu_title", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("hourly_rate", sa.Numeric(12, 2), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("vram_gb", sa.Integer()),
        sa.Column("stock", sa.Text()),
        sa.Column("unavailable", sa.Text()),
        sa.Column("fetched_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_gpu_offers"),
        sa.UniqueConstraint(
            "engine", "fetched_at", "gpu", "tier", name="uq_gpu_offers_engine_fetched_at_gpu_tier"
        ),
        sa.CheckConstraint("hourly_rate > 0", name="rate_is_positive"),
        sa.CheckConstraint("tier IN ('spot', 'on_demand')", name="tier_known"),
        sa.CheckConstraint("source IN ('published', 'provider')", name="source_known"),
    )


def _create_calibrations() -> None:
    op.create_table(
        "calibrations",
        sa.Column("revision", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("fitted_at", _MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("fitted_by", sa.Uuid()),
        sa.Column("model", JSONB(), nullable=False),
        sa.Column("back_test", JSONB(), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("adopted", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_calibrations"),
        sa.ForeignKeyConstraint(["fitted_by"], ["users.id"], name="fk_calibrations_fitted_by"),
    )


def downgrade() -> None:
    for table in ("periodic_tasks", "calibrations", "gpu_offers"):
        op.drop_table(table)
    for trigger in ("append_only_whole", "append_only"):
        op.execute(f"DROP TRIGGER {trigger} ON quotes")
    op.drop_constraint("kind_known", "quotes")
    for column in ("content", "configuration", "project", "client", "job_name", "kind"):
        op.drop_column("quotes", column)
    op.drop_index("ix_training_jobs_ended", "training_jobs")
    op.drop_column("training_jobs", "actual_duration_hours")
    op.alter_column("training_jobs", "estimated_duration_hours", type_=sa.Numeric(12, 4))
    op.drop_column("training_files", "sequences_sha256")
