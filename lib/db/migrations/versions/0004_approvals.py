"""Requests for a higher limit, overrides, team limits, forecasts, notices and the outbox.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_DOLLARS = sa.Numeric(12, 2)


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)


def _now(name: str) -> sa.Column:
    return sa.Column(name, _MOMENT, server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    op.add_column("budget_config", sa.Column("approved_by", sa.Uuid()))
    op.add_column("budget_config", sa.Column("approved_at", _MOMENT))
    op.create_foreign_key(
        "fk_budget_config_approved_by", "budget_config", "users", ["approved_by"], ["id"]
    )
    _create_team_budgets()
    _create_requests()
    _create_overrides()
    op.create_table(
        "budget_forecasts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("projected", _DOLLARS, nullable=False),
        sa.PrimaryKeyConstraint("user_id", "month", "day", name="pk_budget_forecasts"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["budget_accounts.user_id"], name="fk_budget_forecasts_user_id"
        ),
    )
    op.create_table(
        "notices_seen",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
        _now("seen_at"),
        sa.PrimaryKeyConstraint("user_id", "notice", name="pk_notices_seen"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_notices_seen_user_id"),
    )
    _create_outbox()


def _create_team_budgets() -> None:
    op.create_table(
        "team_budgets",
        sa.Column("manager_id", sa.Uuid(), nullable=False),
        sa.Column("effective_month", sa.Date(), nullable=False),
        sa.Column("monthly_budget_limit", _DOLLARS, nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        _now("created_at"),
        sa.PrimaryKeyConstraint("manager_id", "effective_month", name="pk_team_budgets"),
        sa.ForeignKeyConstraint(["manager_id"], ["users.id"], name="fk_team_budgets_manager_id"),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name="fk_team_budgets_set_by"),
        sa.CheckConstraint("monthly_budget_limit >= 0", name="limit_not_negative"),
        sa.CheckConstraint(
            "EXTRACT(day FROM effective_month) = 1", name="month_begins_on_the_first"
        ),
    )


def _create_requests() -> None:
    op.create_table(
        "budget_requests",
        _id(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("approver_id", sa.Uuid()),
        sa.Column("job_id", sa.Uuid()),
        sa.Column("effective_month", sa.Date(), nullable=False),
        sa.Column("current_limit", _DOLLARS, nullable=False),
        sa.Column("new_limit", _DOLLARS, nullable=False),
        sa.Column("justification", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        _now("created_at"),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.Column("reminded_at", _MOMENT),
        sa.Column("decided_at", _MOMENT),
        sa.Column("decided_by", sa.Uuid()),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_budget_requests"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["budget_accounts.user_id"], name="fk_budget_requests_user_id"
        ),
        sa.ForeignKeyConstraint(
            ["approver_id"], ["users.id"], name="fk_budget_requests_approver_id"
        ),
        sa.ForeignKeyConstraint(["job_id"], ["training_jobs.id"], name="fk_budget_requests_job_id"),
        sa.ForeignKeyConstraint(["decided_by"], ["users.id"], name="fk_budget_requests_decided_by"),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'denied', 'withdrawn', 'expired')",
            name="status_known",
        ),
        sa.CheckConstraint("new_limit > current_limit", name="asks_for_more"),
        sa.CheckConstraint(
            "decided_by <> user_id OR status = 'withdrawn'", name="not_decided_by_oneself"
        ),
        sa.CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL)", name="decided_or_pending"
        ),
    )
    op.create_index(
        "uq_budget_requests_one_pending",
        "budget_requests",
        ["user_id"],
        unique=True,
        postgresql_where=sa.text("status = 'pending'"),
    )


def _create_overrides() -> None:
    op.create_table(
        "budget_overrides",
        _id(),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=False),
        sa.Column("override_amount", _DOLLARS, nullable=False),
        sa.Column("cost_max", _DOLLARS, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("justification", sa.Text(), nullable=False),
        _now("approved_at"),
        sa.PrimaryKeyConstraint("id", name="pk_budget_overrides"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["training_jobs.id"], name="fk_budget_overrides_job_id"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["budget_accounts.user_id"], name="fk_budget_overrides_user_id"
        ),
        sa.ForeignKeyConstraint(
            ["approved_by"], ["users.id"], name="fk_budget_overrides_approved_by"
        ),
        sa.CheckConstraint("override_amount > 0", name="covers_something"),
    )
    op.create_index("ix_budget_overrides_job_id", "budget_overrides", ["job_id"])
    op.execute(
        """
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON budget_overrides
        FOR EACH ROW EXECUTE FUNCTION refuse_change()
        """
    )


def _create_outbox() -> None:
    op.create_table(
        "outbox",
        _id(),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Uuid()),
        sa.Column("to_address", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body_text", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        _now("created_at"),
        _now("due_at"),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("sent_at", _MOMENT),
        sa.Column("failed_at", _MOMENT),
        sa.Column("error", sa.Text()),
        sa.Column("lease_token", sa.Uuid()),
        sa.Column("lease_expires_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
        sa.ForeignKeyConstraint(["recipient_id"], ["users.id"], name="fk_outbox_recipient_id"),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due_at"],
        postgresql_where=sa.text("sent_at IS NULL AND failed_at IS NULL"),
    )


def downgrade() -> None:
    for table in (
        "outbox",
        "notices_seen",
        "budget_forecasts",
        "budget_overrides",
        "budget_requests",
        "team_budgets",
    ):
        op.drop_table(table)
    op.drop_constraint("fk_budget_config_approved_by", "budget_config")
    for column in ("approved_at", "approved_by"):
        op.drop_column("budget_config", column)
