"""Runs that had been given up and were found later: what they said they are, and their cost.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_KNOWN = (
    *("limit_set", "limit_increased", "increase_requested", "increase_withdrawn"),
    *("increase_denied", "increase_expired", "increase_escalated", "validation_blocked"),
    *("warning_triggered", "override_approved", "started", "started_in_grace"),
    *("started_by_override", "settled", "billed"),
)
_TABLE, _NAME = "budget_audit_log", "action_type_known"


_INDEX = "ix_job_attempts_lost_and_found"


def upgrade() -> None:
    op.add_column("job_attempts", sa.Column("claimed_id", sa.Text))
    op.create_index(
        _INDEX,
        "job_attempts",
        ["engine"],
        postgresql_where=sa.text(
            "outcome = 'lost' AND COALESCE(external_id, claimed_id) IS NOT NULL"
        ),
    )
    _know((*_KNOWN, "metered_late"))


def downgrade() -> None:
    """Refused by the constraint where such a row is there: nothing is taken out of this log."""
    _know(_KNOWN)
    op.drop_index(_INDEX, "job_attempts")
    op.drop_column("job_attempts", "claimed_id")


def _know(actions: tuple[str, ...]) -> None:
    op.drop_constraint(f"ck_{_TABLE}_{_NAME}", _TABLE)
    op.create_check_constraint(_NAME, _TABLE, f"action_type IN {actions}")
