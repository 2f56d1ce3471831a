"""The audit log knows costs that were corrected to the provider's bill.

Revision ID: 0013
Revises: 0012
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KNOWN = (
    *("limit_set", "limit_increased", "increase_requested", "increase_withdrawn"),
    *("increase_denied", "increase_expired", "increase_escalated", "validation_blocked"),
    *("warning_triggered", "override_approved", "started", "started_in_grace"),
    *("started_by_override", "settled"),
)
_TABLE, _NAME = "budget_audit_log", "action_type_known"


def upgrade() -> None:
    _know((*_KNOWN, "billed"))


def downgrade() -> None:
    """Refused by the constraint where such a row is there: nothing is taken out of this log."""
    _know(_KNOWN)


def _know(actions: tuple[str, ...]) -> None:
    op.drop_constraint(f"ck_{_TABLE}_{_NAME}", _TABLE)
    op.create_check_constraint(_NAME, _TABLE, f"action_type IN {actions}")
