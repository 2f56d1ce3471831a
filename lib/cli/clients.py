"""Commands about clients. All act as the owner."""

import argparse
from typing import Any

from lib.cli.output import Output, table
from lib.db.connection import migrate
from lib.domain.client_costs import Entry
from lib.domain.money import usd
from lib.services import accounts, clients


def list_clients(options: argparse.Namespace) -> Output:
    """Clients with their projects and what their jobs have cost; drafts count for nothing."""
    migrate()
    found = [
        entry
        for entry in clients.overview(accounts.operator()).entries
        if options.archived or entry.archived_at is None
    ]
    rows = [
        (entry.costs.jobs, usd(entry.costs.actual), usd(entry.costs.committed), name)
        for client in found
        for name, entry in (
            (client.name, client),
            *((f"  {project.name}", project) for project in _projects(client, options)),
        )
    ]
    data = [
        _data(client) | {"projects": [_data(project) for project in _projects(client, options)]}
        for client in found
    ]
    return Output(data, table(("JOBS", "ACTUAL", "COMMITTED", "NAME"), rows, "No clients."))


def _projects(client: Entry, options: argparse.Namespace) -> list[Entry]:
    return [one for one in client.projects if options.archived or one.archived_at is None]


def _data(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.id,
        "name": entry.name,
        "archived_at": entry.archived_at,
        "jobs": entry.costs.jobs,
        "actual_cost": entry.costs.actual,
        "committed": entry.costs.committed,
        "last_run": entry.costs.last_run,
    }
