"""What people are told of, and on which ways."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Identity,
    Index,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)

from lib.db.tables.base import Moment, created_at_column, metadata, one_of
from lib.domain.notifications import JOB_KINDS, Kind, Way

notifications = Table(
    "notifications",
    metadata,
    Column("id", BigInteger, Identity(), primary_key=True),
    Column("user_id", Uuid, ForeignKey("users.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),  # what happened: nobody is told twice of one thing
    Column("title", Text, nullable=False),
    Column("detail", Text, nullable=False, server_default=""),
    Column("job_id", Uuid, ForeignKey("training_jobs.id")),
    created_at_column(),
    Column("read_at", Moment),  # at once, where its kind is muted
    one_of("kind", Kind),
    UniqueConstraint("user_id", "key"),
    # The bell's number, at every run of a page.
    Index("ix_notifications_unread", "user_id", postgresql_where=text("read_at IS NULL")),
    # The page's order, unread ones first.
    Index("ix_notifications_newest", "user_id", text("(read_at IS NULL)"), "created_at", "id"),
    Index("ix_notifications_read", "read_at"),  # what is removed one day
)

#: What people have chosen other than the defaults of lib/domain/notifications.py.
notification_preferences = Table(
    "notification_preferences",
    metadata,
    Column("user_id", Uuid, ForeignKey("users.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("way", Text, primary_key=True),
    Column("wanted", Boolean, nullable=False),
    one_of("kind", Kind),
    one_of("way", Way),
)

#: What the team's chat is told of: a kind is there, or not.
chat_notifications = Table(
    "chat_notifications",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("set_by", Uuid, ForeignKey("users.id"), nullable=False),
    Column("set_at", Moment, nullable=False, server_default=func.now()),
    one_of("kind", JOB_KINDS),
)
