"""A month's sums are made from indexes alone, without a look at the wide rows of its jobs.

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INDEXES = {
    "budget_reservations": (
        "ix_budget_reservations_month",
        ["user_id", "month"],
        ["job_id", "amount", "settled_at", "settled_cost"],
    ),
    "training_jobs": (
        "ix_training_jobs_budget",
        ["created_by", "budget_month"],
        [
            *("id", "actual_cost", "status", "preset", "gpu_pricing_tier", "client_id"),
            *("project_id", "queued_at", "ended_at"),
        ],
    ),
}


def upgrade() -> None:
    for table, (name, columns, covered) in _INDEXES.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns, postgresql_include=covered)


def downgrade() -> None:
    for table, (name, columns, _) in _INDEXES.items():
        op.drop_index(name, table)
        op.create_index(name, table, columns)
