"""What jobs cost: offers, calibrations and quotes."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Sequence,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

from lib.db.tables.base import (
    Dollars,
    Moment,
    created_at_column,
    id_column,
    lease_columns,
    metadata,
    one_of,
)

quote_numbers = Sequence("quote_numbers", metadata=metadata)

quotes = Table(
    "quotes",
    metadata,
    id_column(),
    Column("number", Text, nullable=False, unique=True),
    Column("job_id", Uuid, ForeignKey("training_jobs.id"), nullable=False, index=True),
    Column("created_by", Uuid, ForeignKey("users.id"), nullable=False),
    created_at_column(),
    Column("valid_until", Date, nullable=False),
    Column("draft_digest", Text, nullable=False),
    Column("estimate", JSONB, nullable=False),
    # As they were when it was issued: the list of quotes says what the paper says.
    Column("kind", Text, nullable=False, server_default="single"),
    Column("job_name", Text, nullable=False),
    Column("client", Text, nullable=False, server_default=""),
    Column("project", Text, nullable=False, server_default=""),
    Column("configuration", Text, nullable=False, server_default=""),
    Column("content", JSONB),  # of each choice all that the next quote is compared with
    Column("pdf", LargeBinary, nullable=False),
    Column("sha256", Text, nullable=False),
    one_of("kind", ("single", "comparison")),
)

#: Every offer ever fetched; the newest batch of an engine is what it offers now.
gpu_offers = Table(
    "gpu_offers",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("engine", Text, nullable=False),
    Column("gpu", Text, nullable=False),
    Column("gpu_title", Text, nullable=False),
    Column("tier", Text, nullable=False),
    Column("hourly_rate", Dollars, nullable=False),
    Column("source", Text, nullable=False),  # a tier that was refused is there as published
    Column("vram_gb", Integer),
    Column("stock", Text),
    Column("unavailable", Text),
    Column("fetched_at", Moment, nullable=False),
    UniqueConstraint("engine", "fetched_at", "gpu", "tier"),
    CheckConstraint("hourly_rate > 0", name="rate_is_positive"),
    one_of("tier", ("spot", "on_demand")),
    one_of("source", ("published", "provider")),
)

#: Every fit of the estimate's second version, kept with its coefficients and its back-test.
calibrations = Table(
    "calibrations",
    metadata,
    Column("revision", Integer, Identity(), primary_key=True),
    Column("fitted_at", Moment, nullable=False, server_default=func.now()),
    Column("fitted_by", Uuid, ForeignKey("users.id")),  # NULL: the monthly task
    Column("model", JSONB, nullable=False),  # coefficients by place
    Column("back_test", JSONB, nullable=False),  # errors on runs left out, and of what it replaces
    Column("runs", Integer, nullable=False),
    Column("adopted", Boolean, nullable=False),
    Column("reason", Text, nullable=False),  # why it was adopted, or not
)

#: Tasks that run now and then, once however many workers there are.
periodic_tasks = Table(
    "periodic_tasks",
    metadata,
    Column("name", Text, primary_key=True),
    Column("due_at", Moment, nullable=False, server_default=func.now()),
    Column("finished_at", Moment),
    Column("error", Text),
    *lease_columns(),
)
