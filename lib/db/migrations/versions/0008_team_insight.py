"""Whether a job is documented, and an index that the team's figures are made from alone.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_WRITTEN = {"described": "description", "noted": "notes"}


def upgrade() -> None:
    for name, field in _WRITTEN.items():
        op.add_column(
            "training_jobs",
            sa.Column(name, sa.Boolean(), sa.Computed(f"({field} ~ '\\S'::text)", persisted=True)),
        )
    op.create_index(
        "ix_training_jobs_started",
        "training_jobs",
        ["queued_at"],
        postgresql_include=[
            *("id", "created_by", "budget_month", "ended_at", "status", "preset", "engine"),
            *("gpu_type", "gpu_pricing_tier", "actual_cost", "actual_duration_hours"),
            *("estimated_cost", "estimated_cost_min", "estimated_cost_max"),
            *("estimated_duration_hours", "checkpoint_recovery_count", "described", "noted"),
            "tags",
        ],
        postgresql_where=sa.text("queued_at IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_training_jobs_started", "training_jobs")
    for name in _WRITTEN:
        op.drop_column("training_jobs", name)
