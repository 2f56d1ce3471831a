"""Rehearsed interruptions, and an index for what the status page counts.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job_attempts", sa.Column("interrupt_requested_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_activity_log_operations",
        "activity_log",
        ["action", "at"],
        postgresql_where=sa.text("action IN ('backup', 'orphan_found')"),
    )


def downgrade() -> None:
    op.drop_index("ix_activity_log_operations", "activity_log")
    op.drop_column("job_attempts", "interrupt_requested_at")
