"""The job history with a million jobs of realistic text: in the database, and in Chromium.

Words are drawn from a vocabulary of which few are used very often and most hardly ever, as in any
language: the word of rank r comes with a chance in proportion to 1 / r.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from playwright.sync_api import Page as Tab
from sqlalchemy import text

from bench import budgets
from bench.server import PROJECT, browser_page, serving
from lib.db import connection as db
from lib.db import job_search_words
from lib.domain.job_search import JobQuery, Sort
from lib.domain.metadata import PREDEFINED_TAGS
from lib.domain.people import Person, Role
from lib.domain.states import JobStatus
from lib.services import accounts, job_search
from lib.services.assessment import assess

JOBS, PEOPLE, CLIENTS, WORDS = 1_000_000, 200, 40, 40_000
TARGET_DATABASE, TARGET_PAGE = 100, 500  # milliseconds
ROUNDS, PAGES = 5, 50
_PASSWORD = "nine paper bicycles"
_SEED = 20_261_124
_APART = timedelta(seconds=90)  # from one job to the next

#: The most frequent words, the commonest first; the rest are made of syllables.
_COMMON = (
    "training the baseline data for financial model with client and run of notes in to is on "
    "answers tone adapter reviewers after learning rate conversations it quality dataset compare "
    "support second version customer epochs before loss shorter longer production final experiment "
    "planning emotional letters wealth retirement advice iteration same better than last week held "
    "checkpoint validation examples cleaned prices apologies hypothesis balanced aggressive "
    "conservative evaluation candidate delivery onboarding portfolio risk mortgage insurance"
).split()
_SYLLABLES = "ba ke lo mi nu ra se to vi za dor fen gal hin jor lus mer nal pos quin ros tav".split()

_STAGE = """
    CREATE UNLOGGED TABLE staged (person uuid, at timestamptz, client uuid, project uuid, name text,
        description text, notes text, tags jsonb, status text, tier text, hours numeric,
        spent numeric, part int)
"""
#: Each as large as a real one. Triggers and indexes are off meanwhile.
_FILL = """
    INSERT INTO training_jobs (training_file_id, created_by, created_at, metadata_updated_at, name,
        description, notes, tags, client_id, project_id, preset, draft, status, engine, gpu_type,
        gpu_pricing_tier, gpu_hourly_rate, estimate, estimated_duration_hours, estimated_cost_min,
        estimated_cost_max, budget_month, queued_at, started_at, ended_at, actual_cost,
        actual_duration_hours, search)
    SELECT a_job.training_file_id, person, at, at, staged.name, staged.description, staged.notes,
        staged.tags, client, project, a_job.preset, a_job.draft, staged.status,
        'runpod', 'H100 PCIe 80GB', tier, 2.49, %(estimate)s::jsonb, 10, 21.17, 28.64, at::date,
        at, at, at + hours * interval '1 hour', spent, hours,
        searchable_job(staged.name, staged.tags, clients.name, projects.name, staged.description,
            staged.notes, training_files.name)
    FROM staged
    JOIN training_jobs AS a_job ON a_job.id = %(like)s
    JOIN training_files ON training_files.id = a_job.training_file_id
    LEFT JOIN clients ON clients.id = client
    LEFT JOIN projects ON projects.id = project
    WHERE part = %(part)s
"""


def vocabulary() -> list[str]:
    """WORDS words, the commonest first."""
    made = ("".join(parts) for length in (2, 3, 4) for parts in product(_SYLLABLES, repeat=length))
    rare = [word for word, _ in zip(made, range(WORDS - len(_COMMON)), strict=False)]
    np.random.default_rng(_SEED).shuffle(rare)
    return [*_COMMON, *rare]


def fill(jobs: int, owner: Person) -> None:
    """Jobs of all the people, with everything that is kept about real ones."""
    like = budgets._draft(owner)  # noqa: SLF001  the same workshop's file and draft
    estimate = assess(like).estimate
    assert estimate is not None
    people = [budgets._person(number) for number in range(PEOPLE)]  # noqa: SLF001
    given = {"like": like.job_id, "estimate": json.dumps(estimate.to_dict(), default=str)}
    address = db.database().url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(_STAGE)
        around = _clients(connection)
        definitions = _drop_indexes(connection)
        with connection.cursor() as cursor, cursor.copy("COPY staged FROM STDIN") as copy:
            for row in _rows(jobs, people, around):
                copy.write_row(row)

    def insert(part: int) -> None:
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            connection.execute(_FILL, {**given, "part": part})

    with ThreadPoolExecutor() as pool:
        list(pool.map(insert, range(2)))
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("SET maintenance_work_mem = '512MB'")
        for definition in definitions:
            connection.execute(definition.encode())
        connection.execute("DROP TABLE staged")
        connection.execute("VACUUM ANALYZE training_jobs")  # as autovacuum does within minutes
    with db.transaction() as sqlalchemy_connection:
        job_search_words.keep(sqlalchemy_connection, set(vocabulary()))


def _clients(connection: psycopg.Connection) -> list[tuple[UUID | None, UUID | None]]:
    """Clients with a project each, and as many jobs for nobody."""
    around: list[tuple[UUID | None, UUID | None]] = [(None, None)] * CLIENTS
    for number in range(CLIENTS):
        row = connection.execute(
            "WITH made AS (INSERT INTO clients (name) VALUES (%s) RETURNING id) "
            "INSERT INTO projects (client_id, name) SELECT id, %s FROM made "
            "RETURNING client_id, id",
            (f"Client {number} {_COMMON[number % 7]}", f"Project {_COMMON[-number % 40]} {number}"),
        ).fetchone()
        assert row is not None
        around.append((row[0], row[1]))
    return around


def _drop_indexes(connection: psycopg.Connection) -> list[str]:
    """All but the primary key, which are faster to build than to keep; how to make them again."""
    found = connection.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'training_jobs' "
        "AND indexname NOT LIKE 'pk_%%'"
    ).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}".encode())
    return [definition for _, definition in found]


def _rows(
    jobs: int, people: Sequence[UUID], around: Sequence[tuple[UUID | None, UUID | None]]
) -> Iterator[tuple[Any, ...]]:
    """What differs from job to job, the oldest first."""
    dice = np.random.default_rng(_SEED)
    words = np.array(vocabulary(), dtype=object)
    tags = [json.dumps(PREDEFINED_TAGS[at : at + 1 + at % 3]) for at in range(12)] + ["[]"] * 8
    now = datetime.now(UTC)

    def text_of(length: int) -> str:
        return " ".join(words[(len(words) ** dice.random(length)).astype(int) - 1])

    for number in range(jobs):
        at = now - _APART * (jobs - number)
        lengths = dice.integers([3, 0, -40], [8, 25, 80])
        name, description, notes = (text_of(max(0, int(length))) for length in lengths)
        status = ("completed",) * 8 + ("failed", "cancelled")
        yield (
            people[number * 7919 % len(people)],
            at,
            *around[number * 104_729 % len(around)],
            name[:90].capitalize(),
            description[:500],
            notes[:2000],
            tags[number * 31 % len(tags)],
            status[number * 13 % 10],
            "spot" if number % 3 else "on_demand",
            5 + number * 37 % 1000 / 100,
            round(20 + number * 7919 % 9000 / 100, 2),
            number % 2,
        )
