"""What the filters of a command ask for, as the job list of the app understands it."""

import argparse
from collections.abc import Iterable

from lib.cli.lookups import person_at
from lib.db import clients
from lib.db.connection import reading
from lib.domain.job_search import JobQuery
from lib.services.errors import NotFound

_OPTIONS = {"q": "text", "from": "since", "to": "until", "min": "least", "max": "most"}


def asked(options: argparse.Namespace) -> JobQuery:
    """Raises ValueError naming an option that cannot be used, NotFound for an unknown name: a
    filter must not be left out in silence.
    """
    params = {name: value for name, value in _params(options) if value}
    query = JobQuery.from_params(params)
    kept = query.to_params()
    for name, values in params.items():
        if len(kept.get(name, ())) != len(set(values)):
            raise ValueError(
                f"--{_OPTIONS.get(name, name)}: {values[0]!r:.40} cannot be looked for"
            )
    return query


def _params(options: argparse.Namespace) -> Iterable[tuple[str, list[str]]]:
    """What was asked for, by the names of the job list's address."""
    yield "q", [options.text] if options.text else []
    yield "creator", [str(person_at(options.creator).id)] if options.creator else []
    yield from _client(options)
    yield "archived", ["1"] if options.archived else []
    yield "sort", [options.sort] if getattr(options, "sort", None) else []
    for name in ("status", "preset", "tier", "tag"):
        yield name, getattr(options, name) or []
    for name, option in (("from", "since"), ("to", "until"), ("min", "least"), ("max", "most")):
        value = getattr(options, option)
        yield name, [value] if value else []


def _client(options: argparse.Namespace) -> Iterable[tuple[str, list[str]]]:
    if not options.client:
        if options.project:
            raise ValueError("--project: name the --client it belongs to")
        return
    with reading() as connection:
        rows = [row for row in clients.listed(connection) if row.client == options.client]
    if not rows:
        raise NotFound(f"There is no client called {options.client}.")
    yield "client", [str(rows[0].client_id)]
    if options.project:
        ids = [str(row.project_id) for row in rows if row.project == options.project]
        if not ids:
            raise NotFound(f"{options.client} has no project called {options.project}.")
        yield "project", ids
