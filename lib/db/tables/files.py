"""Training files, and what this machine was measured to take for them."""

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    Numeric,
    String,
    Table,
    Text,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from lib.db.tables.base import Moment, created_at_column, id_column, lease_columns, metadata, one_of
from lib.domain.states import EnrichmentStatus

training_files = Table(
    "training_files",
    metadata,
    id_column(),
    Column("name", String(200), nullable=False),
    Column("format", Text, nullable=False),
    Column("storage_key", Text, nullable=False),  # relative to the files folder
    Column("content_hash", Text, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("status", Text, nullable=False, server_default="active"),
    Column("enrichment_status", Text, nullable=False, server_default="processing"),
    Column("enrichment_error", Text),
    Column("conversation_count", Integer, nullable=False),
    Column("training_pairs", Integer, nullable=False),  # declared; found where none are declared
    Column("trainable_pairs", Integer, nullable=False),
    Column("average_quality", Numeric(4, 2)),
    Column("summary", JSONB, nullable=False, server_default="{}"),
    Column("tokens", JSONB),
    Column("sequences_sha256", Text),  # of the neutral form that the trainer reads
    Column("created_by", Uuid, ForeignKey("users.id"), nullable=False),
    created_at_column(),
    Column("updated_at", Moment, nullable=False, server_default=func.now()),
    *lease_columns(),
    one_of("status", ("active", "archived")),
    one_of("enrichment_status", EnrichmentStatus),
)

#: A few real steps of one configuration on one engine, asked for by the panel, run by the worker.
measurements = Table(
    "measurements",
    metadata,
    Column("config_key", Text, primary_key=True),
    Column("engine", Text, nullable=False),
    Column("request", JSONB, nullable=False),
    Column("status", Text, nullable=False, server_default="pending"),
    Column("result", JSONB),
    Column("error", Text),
    Column("requested_at", Moment, nullable=False, server_default=func.now()),
    Column("finished_at", Moment),
    *lease_columns(),
    one_of("status", ("pending", "completed", "failed")),
)
