"""People and what they see: accounts, sessions, notices, mail, and who did what."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from lib.db.tables.base import Moment, created_at_column, id_column, lease_columns, metadata, one_of
from lib.domain.people import Role

#: Values of this installation that are made once: the cookie key and the like.
installation = Table(
    "installation",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    id_column(),
    Column("host", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("started_at", Moment, nullable=False, server_default=func.now()),
    Column("seen_at", Moment, nullable=False, server_default=func.now()),
)

users = Table(
    "users",
    metadata,
    id_column(),
    Column("email", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("manager_id", Uuid, ForeignKey("users.id")),
    Column("failed_sign_ins", Integer, nullable=False, server_default="0"),
    Column("locked_until", Moment),
    Column("disabled_at", Moment),
    created_at_column(),
    one_of("role", Role),
    CheckConstraint("manager_id <> id", name="not_own_manager"),
    Index("uq_users_one_owner", "role", unique=True, postgresql_where=text("role = 'owner'")),
)

user_sessions = Table(
    "user_sessions",
    metadata,
    id_column(),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False, index=True),
    created_at_column(),
    Column("expires_at", Moment, nullable=False),
    Column("ended_at", Moment),
)

#: Notices that a user has seen once and need not see again.
notices_seen = Table(
    "notices_seen",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("notice", Text, primary_key=True),
    Column("seen_at", Moment, nullable=False, server_default=func.now()),
)

#: Mail to be sent: written in the transaction of what it tells, sent by the worker afterwards.
outbox = Table(
    "outbox",
    metadata,
    id_column(),
    Column("message_id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False, server_default="mail"),
    Column("recipient_id", Uuid, ForeignKey("users.id")),
    Column("to_address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body_text", Text, nullable=False),
    Column("body_html", Text, nullable=False),
    created_at_column(),
    Column("due_at", Moment, nullable=False, server_default=func.now()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("sent_at", Moment),
    Column("failed_at", Moment),  # given up; `error` says why
    Column("error", Text),
    *lease_columns(),
    Index(
        "ix_outbox_due",
        "due_at",
        postgresql_where=text("sent_at IS NULL AND failed_at IS NULL"),
    ),
)

#: Who did what that is not about money: imports, drafts, sign-ins. Success and failure alike.
activity_log = Table(
    "activity_log",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("at", Moment, nullable=False, server_default=func.now()),
    Column("actor_id", Uuid, ForeignKey("users.id")),
    Column("action", Text, nullable=False),
    Column("subject", Text),
    Column("succeeded", Boolean, nullable=False),
    Column("details", JSONB, nullable=False, server_default="{}"),
    Index(  # how often somebody shared lately
        "ix_activity_log_shared",
        "actor_id",
        "at",
        postgresql_where=text("action = 'job_shared'"),
    ),
    Index(  # what the status page counts
        "ix_activity_log_operations",
        "action",
        "at",
        postgresql_where=text("action IN ('backup', 'orphan_found', 'callback_refused')"),
    ),
)
