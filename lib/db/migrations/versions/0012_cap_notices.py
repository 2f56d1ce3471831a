"""Notices of spending caps and of runs that do not end; which jobs continue a job.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_JOB_KINDS = ("job_started", "job_interrupted", "job_recovered", "job_completed", "job_failed")
_NEW_JOB_KINDS = ("job_cap_near", "job_cap_reached")
_NEW = "run_not_ended"
_OTHERS = ("budget_alert", "budget_critical", "request_asked", "request_decided")
_TABLES = ("notifications", "notification_preferences", "chat_notifications")


def upgrade() -> None:
    jobs = _JOB_KINDS + _NEW_JOB_KINDS
    _allow(jobs, (*_OTHERS, _NEW))
    op.create_index(
        "ix_training_jobs_continues",
        "training_jobs",
        ["continues_id"],
        postgresql_where=sa.text("continues_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_training_jobs_continues", "training_jobs")
    for table in _TABLES:
        kind: sa.ColumnClause[str] = sa.column("kind")
        op.execute(sa.table(table, kind).delete().where(kind.in_([*_NEW_JOB_KINDS, _NEW])))
    _allow(_JOB_KINDS, _OTHERS)


def _allow(of_jobs: tuple[str, ...], others: tuple[str, ...]) -> None:
    for table in _TABLES:
        kinds = of_jobs if table == "chat_notifications" else of_jobs + others
        op.drop_constraint(f"ck_{table}_kind_known", table)
        op.create_check_constraint("kind_known", table, f"kind IN {kinds}")
