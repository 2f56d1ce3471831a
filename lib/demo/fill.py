"""Filling an empty database: the whole of the demo data, in the order in which it depends."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, select

from lib.db import installation, users
from lib.db import tables as t
from lib.db.connection import transaction
from lib.demo import cast, job_rows, paper
from lib.demo.bulk import copy_rows
from lib.demo.files import add_files
from lib.demo.forecasts import add_forecasts
from lib.demo.metrics import metric_rows
from lib.demo.past import Ledger
from lib.demo.past_job import PastJob
from lib.demo.simulation import DAYS, Simulation
from lib.demo.team import Team, add_team
from lib.demo.templates import Template, add_templates, based
from lib.domain.budget import billing_month
from lib.domain.dataset import too_few
from lib.services import calibration
from lib.services.errors import Refusal
from lib.services.installation import DEMO, FILLED, FILLING
from lib.settings import settings

JOBS = 400
_BATCH = 2_000
_WITH_METRICS = 5_000  # jobs; more would be tens of millions of rows that no list ever shows

Say = Callable[[str], None]


@dataclass(frozen=True)
class Filled:
    """What was made, and how long it took."""

    people: int
    files: int
    jobs: int
    quotes: int
    seconds: float


def is_filled() -> bool:
    """Whether this database has its demo data. Raises Refusal where filling it was broken off."""
    with transaction() as connection:
        state = installation.value(connection, DEMO)
    if state == FILLING:
        raise Refusal(
            f"Filling this database was broken off. Delete {settings().data_path} and start again."
        )
    return state == FILLED


def fill(
    seed: int = 1, jobs: int = JOBS, *, now: datetime | None = None, say: Say = lambda text: None
) -> Filled:
    """Fills a migrated database in which there is nobody. Raises Refusal for any other.

    The same seed and moment give the same rows but for the ids of people and files. About `jobs`
    jobs are made; budgets grow with their number, so that a million of them fit, too.
    """
    began = time.monotonic()
    now = now or datetime.now(UTC)
    first_month = billing_month(now - timedelta(days=DAYS), settings().time_zone)
    with transaction() as connection:
        _claim(connection)
        team = add_team(connection, first_month, max(Decimal(1), Decimal(jobs) / JOBS))
        clients, projects = _add_clients(connection, now - timedelta(days=DAYS))
        templates = add_templates(connection, team, now - timedelta(days=DAYS))
    people = list(team.people.values())
    say(f"{len(people)} people")
    files = add_files(people, seed, now)
    say(f"{len(files)} training files, read by the worker's own code")
    usable = [file for file in files if not too_few(file.conversation_count)]
    ledger = Ledger(team.limits.by_person, settings().budget_grace_percent, settings().time_zone)
    simulation = Simulation(seed, people, team.managers, usable, ledger, now)
    made = _store(
        simulation.jobs(jobs), team, clients, projects, templates, jobs <= _WITH_METRICS, say
    )
    if jobs <= _WITH_METRICS:
        with transaction() as connection:
            add_forecasts(connection, team.limits.by_person, now.date())
    calibration.refit(people[1])
    say("The estimates have learned from them")
    quotes = paper.add(team, {file.name: file for file in files})
    say(f"{quotes} quotes, drafts and requests")
    with transaction() as connection:
        installation.put(connection, DEMO, FILLED)
    return Filled(len(people), len(files), made, quotes, time.monotonic() - began)


def _claim(connection: Connection) -> None:
    """Nobody may be here, and until this transaction ends nobody can come. Raises Refusal."""
    users.lock_additions(connection)
    if connection.scalar(select(t.users.c.id).limit(1)) is not None:
        raise Refusal(
            "There are people in this database, so it is not filled with demo data. `make demo` "
            "fills a data folder of its own."
        )
    installation.put(connection, DEMO, FILLING)


def _add_clients(
    connection: Connection, since: datetime
) -> tuple[dict[str, UUID], dict[tuple[str, str], UUID]]:
    clients = {client: uuid4() for client in cast.CLIENTS}
    projects = {
        (client, project): uuid4() for client, listed in cast.CLIENTS.items() for project in listed
    }
    copy_rows(
        connection,
        t.clients,
        ({"id": id_, "name": name, "created_at": since} for name, id_ in clients.items()),
    )
    copy_rows(
        connection,
        t.projects,
        (
            {"id": id_, "client_id": clients[client], "name": project, "created_at": since}
            for (client, project), id_ in projects.items()
        ),
    )
    return clients, projects


def _store(
    jobs: Iterable[PastJob],
    team: Team,
    clients: Mapping[str, UUID],
    projects: Mapping[tuple[str, str], UUID],
    templates: Sequence[Template],
    with_metrics: bool,
    say: Say,
) -> int:
    """Writes jobs in batches, each whole or not at all; the log in the order of its moments."""
    made = 0
    earlier = team.limits.audit
    for batch in _batches(jobs):
        audit = [row for job in batch for row in job_rows.audit_rows(job)]
        audit = sorted([*earlier, *audit], key=lambda row: row["timestamp"])
        earlier = []
        with transaction() as connection:
            rows = (
                {**job_rows.job_row(job, clients, projects), **based(job, templates)}
                for job in batch
            )
            made += copy_rows(connection, t.training_jobs, rows)
            for table, of_job in _OF_JOB.items():
                copy_rows(connection, table, (row for job in batch for row in of_job(job)))
            if with_metrics:
                steps = (row for job in batch for row in metric_rows(job))
                copy_rows(connection, t.job_metrics, steps)
            copy_rows(connection, t.budget_audit_log, audit)
        say(f"{made:,} jobs")
    return made


_OF_JOB: Mapping[Any, Callable[[PastJob], Iterator[dict[str, Any]]]] = {
    t.job_attempts: job_rows.attempt_rows,
    t.budget_reservations: job_rows.reservation_rows,
    t.job_events: job_rows.event_rows,
    t.budget_overrides: job_rows.override_rows,
}


def _batches(jobs: Iterable[PastJob]) -> Iterator[list[PastJob]]:
    iterator = iter(jobs)
    while batch := list(islice(iterator, _BATCH)):
        yield batch
