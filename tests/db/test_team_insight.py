"""The team's figures are made from one index: its columns are all that these queries read."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event, text

from lib.db import team_insight, usage
from lib.db.connection import database as pool
from lib.db.team_insight import Scope

NOW = datetime.now(UTC)
SCOPE = Scope([uuid4()], NOW - timedelta(days=30), NOW)


def plan(connection: Connection, read: Any) -> str:
    """How PostgreSQL answers what `read` asks, where it may not read whole tables."""
    asked: list[tuple[str, Any]] = []

    def remember(_: Any, __: Any, statement: str, values: Any, *___: Any) -> None:
        asked.append((statement, values))

    # Whatever statistics say of a table with a handful of rows: it is this index, or the table.
    others = text(
        "SELECT indexname FROM pg_indexes WHERE tablename = 'training_jobs' "
        "AND indexname NOT IN ('pk_training_jobs', 'ix_training_jobs_started')"
    )
    for name in connection.scalars(others).all():
        connection.execute(text(f"DROP INDEX {name}"))
    connection.execute(text("SET LOCAL enable_seqscan = off"))
    connection.execute(text("SET LOCAL enable_bitmapscan = off"))
    event.listen(connection, "before_cursor_execute", remember)
    read()
    event.remove(connection, "before_cursor_execute", remember)
    statement, values = asked[-1]
    lines = connection.exec_driver_sql(f"EXPLAIN {statement}", values).scalars()
    return "\n".join(lines)


@pytest.mark.parametrize(
    "read",
    [
        lambda c: team_insight.totals(c, SCOPE),
        lambda c: team_insight.slices(c, SCOPE),
        lambda c: team_insight.tags(c, SCOPE),
        lambda c: usage.of_jobs(c, SCOPE.jobs),
    ],
    ids=["totals", "slices", "tags", "usage"],
)
def test_sums_are_made_from_the_index_alone(database: Any, read: Any) -> None:
    with pool().connect() as connection:  # which is rolled back
        found = plan(connection, lambda: read(connection))
    assert "Index Only Scan using ix_training_jobs_started" in found
