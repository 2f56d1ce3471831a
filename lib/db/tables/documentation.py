"""What people write about jobs: tags, edits, templates, words to search; and how they review."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    String,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from lib.db.tables.base import Moment, created_at_column, id_column, metadata, one_of

#: Tags to choose from; a job holds the names alone.
job_tags = Table(
    "job_tags",
    metadata,
    Column("name", String(30), primary_key=True),
    Column("predefined", Boolean, nullable=False, server_default="false"),
    Column("created_by", Uuid, ForeignKey("users.id")),
    created_at_column(),
    CheckConstraint("name ~ '^[a-z0-9-]{3,30}$'", name="name_as_ruled"),
)

#: What was written about a job before and after each edit: {field: [before, after]}.
job_edits = Table(
    "job_edits",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False, index=True),
    Column("edited_by", Uuid, ForeignKey("users.id"), nullable=False),
    Column("edited_at", Moment, nullable=False, server_default=func.now()),
    Column("changes", JSONB, nullable=False),
)

job_templates = Table(
    "job_templates",
    metadata,
    id_column(),
    Column("name", String(100), nullable=False),
    Column("description", Text, nullable=False, server_default=""),
    Column("shared", Boolean, nullable=False, server_default="true"),
    Column("draft", JSONB, nullable=False),  # a Draft without file, name and deadline
    Column("created_by", Uuid, ForeignKey("users.id"), nullable=False),
    created_at_column(),
    Column("updated_at", Moment, nullable=False, server_default=func.now()),
    Column("archived_at", Moment),
    Index(
        "uq_job_templates_name",
        "created_by",
        text("lower(name)"),
        unique=True,
        postgresql_where=text("archived_at IS NULL"),
    ),
)

#: Each word that some job's text holds, with its trigrams: what a misspelt search is mended from.
search_words = Table(
    "search_words",
    metadata,
    Column("word", Text, primary_key=True),
    Column("trigrams", ARRAY(Text), nullable=False),
    Index("ix_search_words_trigrams", "trigrams", postgresql_using="gin"),
)

#: One row for each time the final review was opened: how long, what was ticked, how it ended.
review_visits = Table(
    "review_visits",
    metadata,
    id_column(),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False, index=True),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("opened_at", Moment, nullable=False, server_default=func.now()),
    Column("ended_at", Moment),
    Column("checked", Integer, nullable=False, server_default="0"),  # boxes ticked, of three
    Column("outcome", Text),  # none while it is open, or where the tab was closed
    one_of("outcome", ("started", "edited", "cancelled")),
    CheckConstraint("checked BETWEEN 0 AND 3", name="three_boxes"),
    Index("ix_review_visits_opened", "opened_at"),
)
