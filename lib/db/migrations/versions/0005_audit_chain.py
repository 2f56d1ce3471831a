"""The audit log is a chain of hashes, made by the database, and knows its action types.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_ACTION_TYPES = (
    *("limit_set", "limit_increased", "increase_requested", "increase_withdrawn"),
    *("increase_denied", "increase_expired", "increase_escalated", "validation_blocked"),
    *("warning_triggered", "override_approved", "started", "started_in_grace"),
    *("started_by_override", "settled"),
)

#: lib/domain/audit.py makes the same text without this; a test compares the two.
_HASH = """
    CREATE FUNCTION audit_hash(entry budget_audit_log) RETURNS text LANGUAGE sql STABLE AS $$
        SELECT encode(sha256(convert_to(
            string_agg(coalesce(length(field) || ':' || field, '-'), ',' ORDER BY place), 'UTF8'
        )), 'hex')
        FROM unnest(ARRAY[
            entry.previous_hash,
            entry.id::text,
            to_char(entry."timestamp" AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
            entry.action_type,
            entry.user_id::text,
            entry.actor_id::text,
            entry.job_id::text,
            entry.amount::text,
            entry.justification,
            entry.details::text,
            entry.ip_address::text
        ]) WITH ORDINALITY AS fields (field, place)
    $$
"""

# Any number would do for the lock: one transaction at a time has the end of the chain.
# Ids are drawn before a trigger runs, so two writers could be chained the other way round: the id
# is given here, under the lock. What the row refers to is held first, so that nobody who has the
# lock waits for anybody else's row.
_CHAIN = """
    CREATE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        head record;
    BEGIN
        IF current_setting('transaction_isolation') <> 'read committed' THEN
            RAISE EXCEPTION 'the audit log is written in read committed transactions only';
        END IF;
        PERFORM 1 FROM users WHERE id IN (NEW.user_id, NEW.actor_id) FOR KEY SHARE;
        PERFORM 1 FROM training_jobs WHERE id = NEW.job_id FOR KEY SHARE;
        PERFORM pg_advisory_xact_lock(7206012);
        SELECT id, hash INTO head FROM budget_audit_log ORDER BY id DESC LIMIT 1;
        NEW.id := coalesce(head.id, 0) + 1;
        NEW.previous_hash := coalesce(head.hash, repeat('0', 64));
        NEW.hash := audit_hash(NEW);
        RETURN NEW;
    END $$
"""

_CHAIN_EXISTING = """
    DO $$
    DECLARE
        entry budget_audit_log;
        last text := repeat('0', 64);
    BEGIN
        FOR entry IN SELECT * FROM budget_audit_log ORDER BY id LOOP
            entry.previous_hash := last;
            last := audit_hash(entry);
            UPDATE budget_audit_log SET previous_hash = entry.previous_hash, hash = last
                WHERE id = entry.id;
        END LOOP;
    END $$
"""


def upgrade() -> None:
    op.execute("LOCK TABLE budget_audit_log IN ACCESS EXCLUSIVE MODE")
    op.add_column("budget_audit_log", sa.Column("previous_hash", sa.Text()))
    op.add_column("budget_audit_log", sa.Column("hash", sa.Text()))
    op.execute(_HASH)
    op.execute("ALTER TABLE budget_audit_log DISABLE TRIGGER append_only")
    op.execute(_CHAIN_EXISTING)
    op.execute("ALTER TABLE budget_audit_log ENABLE TRIGGER append_only")
    op.alter_column("budget_audit_log", "previous_hash", nullable=False)
    op.alter_column("budget_audit_log", "hash", nullable=False)
    op.execute(_CHAIN)
    op.execute(
        """
        CREATE TRIGGER chain BEFORE INSERT ON budget_audit_log
        FOR EACH ROW EXECUTE FUNCTION chain_audit_entry()
        """
    )
    known = ", ".join(f"'{action}'" for action in _ACTION_TYPES)
    op.create_check_constraint("action_type_known", "budget_audit_log", f"action_type IN ({known})")
    op.create_index("ix_budget_audit_log_action_type", "budget_audit_log", ["action_type", "id"])
    op.create_index("ix_budget_audit_log_job_id", "budget_audit_log", ["job_id"])
    op.create_index("ix_budget_audit_log_timestamp", "budget_audit_log", ["timestamp"])


def downgrade() -> None:
    for name in ("timestamp", "job_id", "action_type"):
        op.drop_index(f"ix_budget_audit_log_{name}", "budget_audit_log")
    op.drop_constraint("ck_budget_audit_log_action_type_known", "budget_audit_log")
    op.execute("DROP TRIGGER chain ON budget_audit_log")
    op.execute("DROP FUNCTION chain_audit_entry()")
    op.execute("DROP FUNCTION audit_hash(budget_audit_log)")
    op.drop_column("budget_audit_log", "hash")
    op.drop_column("budget_audit_log", "previous_hash")
