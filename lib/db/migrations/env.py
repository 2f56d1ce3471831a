"""Alembic's entry: runs on the connection that `lib.db.connection.migrate` hands over."""

from alembic import context

from lib.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
context.run_migrations()
