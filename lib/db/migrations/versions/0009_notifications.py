"""Notifications, each once a person; what people want to be told of; what the chat is told of.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_JOB_KINDS = ("job_started", "job_interrupted", "job_recovered", "job_completed", "job_failed")
_KINDS = (
    *_JOB_KINDS,
    *("budget_alert", "budget_critical", "request_asked", "request_decided"),
)


def _known(column: str, values: tuple[str, ...]) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"{column}_known")


def upgrade() -> None:
    _create_notifications()
    op.create_table(
        "notification_preferences",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        _known("kind", _KINDS),
        _known("way", ("bell", "mail")),
        sa.PrimaryKeyConstraint("user_id", "kind", "way", name="pk_notification_preferences"),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name="fk_notification_preferences_user_id"
        ),
    )
    op.create_table(
        "chat_notifications",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", _MOMENT, server_default=sa.func.now(), nullable=False),
        _known("kind", _JOB_KINDS),
        sa.PrimaryKeyConstraint("kind", name="pk_chat_notifications"),
        sa.ForeignKeyConstraint(["set_by"], ["users.id"], name="fk_chat_notifications_set_by"),
    )


def _create_notifications() -> None:
    op.create_table(
        "notifications",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("job_id", sa.Uuid()),
        sa.Column("created_at", _MOMENT, server_default=sa.func.now(), nullable=False),
        sa.Column("read_at", _MOMENT),
        _known("kind", _KINDS),
        sa.PrimaryKeyConstraint("id", name="pk_notifications"),
        sa.UniqueConstraint("user_id", "key", name="uq_notifications_user_id_key"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_notifications_user_id"),
        sa.ForeignKeyConstraint(["job_id"], ["training_jobs.id"], name="fk_notifications_job_id"),
    )
    op.create_index(
        "ix_notifications_unread",
        "notifications",
        ["user_id"],
        postgresql_where=sa.text("read_at IS NULL"),
    )
    op.create_index(
        "ix_notifications_newest",
        "notifications",
        ["user_id", sa.text("(read_at IS NULL)"), "created_at", "id"],
    )
    op.create_index("ix_notifications_read", "notifications", ["read_at"])


def downgrade() -> None:
    for table in ("chat_notifications", "notification_preferences", "notifications"):
        op.drop_table(table)
