"""Clients and their projects, to which jobs and their cost are attributed (FR1.3.1)."""

from lib.db import clients
from lib.db.connection import reading


def known() -> dict[str, list[str]]:
    """The names of all that are not archived, each client with its projects."""
    with reading() as connection:
        found: dict[str, list[str]] = {}
        for row in clients.listed(connection):
            if row.client_archived_at is None:
                listed = found.setdefault(row.client, [])
                if row.project is not None and row.project_archived_at is None:
                    listed.append(row.project)
        return found
