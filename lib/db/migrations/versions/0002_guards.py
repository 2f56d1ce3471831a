"""Guards: job states follow the table of transitions, the audit log is append-only.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TRANSITIONS = {
    "pending_configuration": ("queued", "cancelled"),
    "queued": ("provisioning", "failed", "cancelled"),
    "provisioning": ("starting", "recovering", "failed", "cancelled"),
    "starting": ("running", "recovering", "completed", "failed", "cancelled"),
    "running": ("recovering", "completed", "failed", "cancelled"),
    "recovering": ("provisioning", "failed", "cancelled"),
}


def upgrade() -> None:
    op.execute("CREATE SEQUENCE quote_numbers")
    allowed = ", ".join(
        f"('{current}', '{following}')"
        for current, listed in _TRANSITIONS.items()
        for following in listed
    )
    op.execute(
        f"""
        CREATE FUNCTION check_job_transition() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF (OLD.status, NEW.status) NOT IN ({allowed}) THEN
                RAISE EXCEPTION 'job % cannot go from % to %', OLD.id, OLD.status, NEW.status
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE TRIGGER job_transitions BEFORE UPDATE OF status ON training_jobs
        FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status)
        EXECUTE FUNCTION check_job_transition()
        """
    )
    op.execute(
        """
        CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
                USING ERRCODE = 'insufficient_privilege';
        END $$
        """
    )
    for table in ("budget_audit_log", "job_events"):
        op.execute(
            f"""
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION refuse_change()
            """
        )
        op.execute(
            f"""
            CREATE TRIGGER append_only_whole BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
            """
        )


def downgrade() -> None:
    for table in ("budget_audit_log", "job_events"):
        op.execute(f"DROP TRIGGER append_only_whole ON {table}")
        op.execute(f"DROP TRIGGER append_only ON {table}")
    op.execute("DROP FUNCTION refuse_change()")
    op.execute("DROP TRIGGER job_transitions ON training_jobs")
    op.execute("DROP FUNCTION check_job_transition()")
    op.execute("DROP SEQUENCE quote_numbers")
