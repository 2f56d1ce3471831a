"""A great many jobs like one, made by the database itself in seconds."""

from uuid import UUID

from lib.db.connection import transaction
from lib.db.tables import training_jobs

_OWN = {"id", "name", "search", "created_at"}


def multiply(job_id: UUID, copies: int, found_by: str = "") -> None:
    """Copies of a job, each a minute older than the one before; a search finds them by one word."""
    columns = ", ".join(
        column.name
        for column in training_jobs.columns
        if column.name not in _OWN and column.computed is None
    )
    with transaction() as connection:
        connection.exec_driver_sql("SET LOCAL session_replication_role = replica")  # no triggers
        connection.exec_driver_sql(
            f"INSERT INTO training_jobs (name, search, created_at, {columns}) "
            f"SELECT 'Job ' || n, '{found_by}', now() - n * interval '1 minute', {columns} "
            f"FROM training_jobs, generate_series(1, {copies}) AS n WHERE id = '{job_id}'"
        )
