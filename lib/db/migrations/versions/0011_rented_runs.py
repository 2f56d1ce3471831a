"""Rented runs: verdicts, bills, results that were brought home, caps and continued jobs.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_COUNTED = "action IN ('backup', 'orphan_found'{})"


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True))


_OF_ATTEMPTS = (
    sa.Column("verdict", JSONB),
    _moment("verdict_at"),
    _moment("retry_at"),
    sa.Column("billed", sa.Numeric(12, 2)),
    _moment("bill_checked_at"),
    _moment("hinted_at"),
)


def upgrade() -> None:
    for column in _OF_ATTEMPTS:
        op.add_column("job_attempts", column.copy())
    op.add_column("training_jobs", sa.Column("spending_cap", sa.Numeric(12, 2)))
    op.add_column(
        "training_jobs", sa.Column("continues_id", sa.Uuid, sa.ForeignKey("training_jobs.id"))
    )
    op.create_check_constraint("cap_positive", "training_jobs", "spending_cap > 0")
    op.create_table(
        "run_results",
        sa.Column("id", sa.Uuid, primary_key=True, server_default=sa.func.gen_random_uuid()),
        sa.Column("job_id", sa.Uuid, sa.ForeignKey("training_jobs.id"), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("step", sa.Integer),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column(
            "stored_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.now(),
        ),
        sa.UniqueConstraint("job_id", "name"),
    )
    _count(", 'callback_refused'")


def downgrade() -> None:
    _count("")
    op.drop_table("run_results")
    op.drop_constraint(op.f("ck_training_jobs_cap_positive"), "training_jobs")
    op.drop_column("training_jobs", "continues_id")
    op.drop_column("training_jobs", "spending_cap")
    for column in _OF_ATTEMPTS:
        op.drop_column("job_attempts", column.name)


def _count(also: str) -> None:
    """The index of what the status page counts, for these further actions."""
    op.drop_index("ix_activity_log_operations", "activity_log")
    op.create_index(
        "ix_activity_log_operations",
        "activity_log",
        ["action", "at"],
        postgresql_where=sa.text(_COUNTED.format(also)),
    )
