"""Tags, templates, edits, archives, full-text search, review visits; history from an index alone.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.DateTime(timezone=True)
_PREDEFINED = (
    *("experiment", "production", "client-delivery", "test", "poc", "research", "optimization"),
    *("validation", "baseline", "iteration-1", "iteration-2", "high-priority", "low-priority"),
    *("approved", "needs-review"),
)
#: What stands between words, as in lib/domain/job_search_text.py.
_SEPARATORS = (
    r"[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00a9\u00ab-\u00b1\u00b4\u00b6-\u00b8\u00bb\u00bf"
    r"\u00d7\u00f7\u060c\u061b\u061f\u0964\u0965\u2000-\u206f\u20a0-\u20cf\u2190-\u2bff\u2e00-\u2e7f"
    r"\u3000-\u3004\u3008-\u3020\u3030\ufe00-\ufe0f\ufeff\ufff0-\uffff\U0001f000-\U0001faff]"
)
_HOURS = "coalesce(actual_duration_hours, estimated_duration_hours, '-1')"
_INDEXES = {
    "created": ["created_at", "id"],
    "creator": ["created_by", "created_at", "id"],
    "template": ["template_id"],
    "documented": ["metadata_updated_at"],
    "cost": [sa.text("coalesce(cost, '-1')"), "id"],
    "hours": [sa.text(_HOURS), "id"],
    "name": [sa.text("lower(name)"), "id"],
}
_NAMES = ("clients", "projects", "training_files")


def _id() -> sa.Column:
    return sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False)


def _now(name: str) -> sa.Column:
    return sa.Column(name, _MOMENT, server_default=sa.func.now(), nullable=False)


def upgrade() -> None:
    for table in ("clients", "projects", "training_jobs"):
        op.add_column(table, sa.Column("archived_at", _MOMENT))
    op.add_column("outbox", sa.Column("channel", sa.Text(), server_default="mail", nullable=False))
    _create_tags()
    _create_edits()
    _create_templates()
    _create_review_visits()
    _change_jobs()
    _make_searchable()


def _create_tags() -> None:
    tags = op.create_table(
        "job_tags",
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("predefined", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_by", sa.Uuid()),
        _now("created_at"),
        sa.PrimaryKeyConstraint("name", name="pk_job_tags"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_job_tags_created_by"),
        sa.CheckConstraint("name ~ '^[a-z0-9-]{3,30}$'", name="name_as_ruled"),
    )
    op.bulk_insert(tags, [{"name": name, "predefined": True} for name in _PREDEFINED])


def _create_edits() -> None:
    op.create_table(
        "job_edits",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("edited_by", sa.Uuid(), nullable=False),
        _now("edited_at"),
        sa.Column("changes", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_edits"),
        sa.ForeignKeyConstraint(["job_id"], ["training_jobs.id"], name="fk_job_edits_job_id"),
        sa.ForeignKeyConstraint(["edited_by"], ["users.id"], name="fk_job_edits_edited_by"),
    )
    op.create_index("ix_job_edits_job_id", "job_edits", ["job_id"])
    op.execute(  # how often somebody shared a job lately
        "CREATE INDEX ix_activity_log_shared ON activity_log (actor_id, at) "
        "WHERE action = 'job_shared'"
    )


def _create_templates() -> None:
    op.create_table(
        "job_templates",
        _id(),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("shared", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("draft", postgresql.JSONB(), nullable=False),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        _now("created_at"),
        _now("updated_at"),
        sa.Column("archived_at", _MOMENT),
        sa.PrimaryKeyConstraint("id", name="pk_job_templates"),
        sa.ForeignKeyConstraint(["created_by"], ["users.id"], name="fk_job_templates_created_by"),
    )
    op.create_index(
        "uq_job_templates_name",
        "job_templates",
        ["created_by", sa.text("lower(name)")],
        unique=True,
        postgresql_where=sa.text("archived_at IS NULL"),
    )


def _create_review_visits() -> None:
    op.create_table(
        "review_visits",
        _id(),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        _now("opened_at"),
        sa.Column("ended_at", _MOMENT),
        sa.Column("checked", sa.Integer(), server_default="0", nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_review_visits"),
        sa.ForeignKeyConstraint(["job_id"], ["training_jobs.id"], name="fk_review_visits_job_id"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_review_visits_user_id"),
        sa.CheckConstraint("outcome IN ('started', 'edited', 'cancelled')", name="outcome_known"),
        sa.CheckConstraint("checked BETWEEN 0 AND 3", name="three_boxes"),
    )
    op.create_index("ix_review_visits_job_id", "review_visits", ["job_id"])
    op.create_index("ix_review_visits_opened", "review_visits", ["opened_at"])


def _change_jobs() -> None:
    op.add_column("training_jobs", sa.Column("template_id", sa.Uuid()))
    op.create_foreign_key(
        "fk_training_jobs_template_id", "training_jobs", "job_templates", ["template_id"], ["id"]
    )
    op.add_column(
        "training_jobs",
        sa.Column(
            "estimated_cost",
            sa.Numeric(12, 2),
            sa.Computed("((estimate ->> 'total')::numeric)", persisted=True),
        ),
    )
    op.add_column(
        "training_jobs",
        sa.Column(
            "cost",
            sa.Numeric(12, 2),
            sa.Computed(
                "CASE WHEN ended_at IS NULL THEN (estimate ->> 'total')::numeric "
                "ELSE actual_cost END",
                persisted=True,
            ),
        ),
    )
    for name, columns in _INDEXES.items():
        op.execute(f"DROP INDEX IF EXISTS ix_training_jobs_{name}")
        op.create_index(f"ix_training_jobs_{name}", "training_jobs", columns)
    op.create_index(
        "ix_training_jobs_client",
        "training_jobs",
        ["client_id", "project_id"],
        postgresql_include=[
            *("id", "created_by", "queued_at", "status", "preset", "budget_month"),
            *("actual_cost", "estimated_cost"),
        ],
    )
    op.create_index(
        "ix_training_jobs_tags",
        "training_jobs",
        ["tags"],
        postgresql_using="gin",
        postgresql_ops={"tags": "jsonb_path_ops"},
    )
    op.drop_index("ix_training_jobs_ended", "training_jobs")
    op.create_index(
        "ix_training_jobs_ended",
        "training_jobs",
        ["ended_at"],
        postgresql_include=[
            *("queued_at", "status", "engine", "gpu_type", "gpu_pricing_tier", "preset"),
            *("actual_cost", "estimated_cost", "estimated_cost_min", "estimated_cost_max"),
            *("actual_duration_hours", "estimated_duration_hours", "checkpoint_recovery_count"),
        ],
        postgresql_where=sa.text("queued_at IS NOT NULL"),
    )


def _make_searchable() -> None:
    """Stemmed words for what was meant, plain ones for words that are still being typed."""
    op.add_column("training_jobs", sa.Column("search", postgresql.TSVECTOR()))
    # In the row itself: a search that looks at many rows would else fetch each from elsewhere.
    op.execute("ALTER TABLE training_jobs ALTER COLUMN search SET STORAGE MAIN")
    op.execute(
        rf"""
        CREATE FUNCTION searchable(words text, weight "char") RETURNS tsvector
        LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
        BEGIN
            words := regexp_replace(normalize(words, NFKD), '[\u0300-\u036f]', '', 'g');
            words := regexp_replace(words, '{_SEPARATORS}+', ' ', 'g');
            RETURN setweight(
                to_tsvector('pg_catalog.english', words) || to_tsvector('pg_catalog.simple', words),
                weight);
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION searchable_job(
            name text, tags jsonb, client text, project text, description text, notes text,
            file text
        ) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
            searchable(name, 'A')
            || searchable(concat_ws(' ', tags::text, client, project), 'B')
            || searchable(description, 'C')
            || searchable(concat_ws(' ', notes, file), 'D');
        CREATE FUNCTION write_job_search() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.search := searchable_job(
                NEW.name,
                NEW.tags,
                (SELECT name FROM clients WHERE id = NEW.client_id),
                (SELECT name FROM projects WHERE id = NEW.project_id),
                NEW.description,
                NEW.notes,
                (SELECT name FROM training_files WHERE id = NEW.training_file_id));
            RETURN NEW;
        END $$;
        CREATE TRIGGER job_search BEFORE INSERT OR UPDATE OF
            name, description, notes, tags, client_id, project_id, training_file_id
        ON training_jobs FOR EACH ROW EXECUTE FUNCTION write_job_search();
        CREATE FUNCTION search_renamed() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            EXECUTE format('UPDATE training_jobs SET name = name WHERE %I = $1', TG_ARGV[0])
                USING NEW.id;
            RETURN NULL;
        END $$
        """
    )
    for table, column in zip(_NAMES, ("client_id", "project_id", "training_file_id"), strict=True):
        op.execute(
            f"""
            CREATE TRIGGER search_renamed AFTER UPDATE OF name ON {table}
            FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)
            EXECUTE FUNCTION search_renamed('{column}')
            """
        )
    op.execute("UPDATE training_jobs SET name = name")
    op.create_index("ix_training_jobs_search", "training_jobs", ["search"], postgresql_using="gin")
    op.create_table(
        "search_words",
        sa.Column("word", sa.Text(), nullable=False),
        sa.Column("trigrams", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("word", name="pk_search_words"),
    )
    op.create_index(
        "ix_search_words_trigrams", "search_words", ["trigrams"], postgresql_using="gin"
    )


def downgrade() -> None:
    for table in _NAMES:
        op.execute(f"DROP TRIGGER search_renamed ON {table}")
    op.execute("DROP TRIGGER job_search ON training_jobs")
    op.drop_table("search_words")
    for name in ("search", "cost", "estimated_cost", "template_id", "archived_at"):
        op.drop_column("training_jobs", name)  # and the indexes over it
    op.execute("DROP FUNCTION search_renamed()")
    op.execute("DROP FUNCTION write_job_search()")
    op.execute("DROP FUNCTION searchable_job(text, jsonb, text, text, text, text, text)")
    op.execute('DROP FUNCTION searchable(text, "char")')
    for name in (*_INDEXES, "tags", "ended"):
        op.execute(f"DROP INDEX IF EXISTS ix_training_jobs_{name}")
    op.create_index("ix_training_jobs_created", "training_jobs", ["created_at"])
    op.create_index(
        "ix_training_jobs_ended",
        "training_jobs",
        ["ended_at"],
        postgresql_where=sa.text("queued_at IS NOT NULL"),
    )
    for table in ("review_visits", "job_templates", "job_edits", "job_tags"):
        op.drop_table(table)
    op.drop_column("outbox", "channel")
    op.drop_index("ix_activity_log_shared", "activity_log")
    for table in ("clients", "projects"):
        op.drop_column(table, "archived_at")
