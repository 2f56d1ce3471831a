"""The job history with a million jobs of realistic text: in the database, and in Chromium.

Words are drawn from a vocabulary of which few are used very often and most hardly ever, as in any
language: the word of rank r comes with a chance in proportion to 1 / r.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from playwright.sync_api import Page as Tab
from sqlalchemy import text

from bench import budgets
from bench.server import PROJECT, browser_page, in_a_process, serving
from lib.db import connection as db
from lib.db import job_search_words
from lib.domain.job_search import JobQuery, Sort
from lib.domain.metadata import PREDEFINED_TAGS
from lib.domain.people import Person, Role
from lib.domain.states import JobStatus
from lib.services import accounts, job_search
from lib.services.assessment import assess
from lib.settings import settings

JOBS, PEOPLE, CLIENTS, WORDS = 1_000_000, 200, 40, 40_000
TARGETS = {"search": 100, "page": 500}  # milliseconds
ROUNDS, PAGES = 5, 50
_PASSWORD = "nine paper bicycles"
_SEED = 20_261_124
_APART = timedelta(seconds=90)  # from one job to the next

#: The most frequent words, the commonest first; the rest are made of syllables.
_FREQUENT = (
    "training the baseline data for financial model with client and run of notes in to is on "
    "answers tone adapter reviewers after learning rate conversations it quality dataset "
    "compare support second version customer epochs before loss shorter longer production "
    "final experiment planning emotional letters wealth retirement advice iteration same "
    "better than last week held checkpoint validation examples cleaned prices apologies "
    "hypothesis balanced aggressive conservative evaluation candidate delivery onboarding "
    "portfolio risk mortgage insurance "
)
_COMMON = _FREQUENT.split()
#: With what syllables begin, each as often as words of English begin with it; and how they go on.
_ONSETS = dict(
    zip(
        "scpdrbmaftehivwlogunj",
        (11, 10, 8, 6, 6, 6, 5, 6, 4, 5, 4, 4, 4, 2, 2, 3, 2, 3, 2, 2, 1),
        strict=True,
    )
)
_ENDINGS = "a e i o u an er in on al ist ent ar el ing um or at us ide"
_RIMES = _ENDINGS.split()

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
    dice = np.random.default_rng(_SEED)
    onsets, weights = list(_ONSETS), np.array(list(_ONSETS.values()), dtype=float)
    made = dict.fromkeys(_COMMON)
    while len(made) < WORDS:
        length = int(dice.integers(2, 5))
        begins = dice.choice(onsets, length, p=weights / weights.sum())
        made["".join(map(str.__add__, begins, dice.choice(_RIMES, length)))] = None
    return list(made)


def fill(jobs: int, owner: Person) -> None:
    """Jobs of all the people, with everything that is kept about real ones."""
    like = budgets.make_draft(owner)
    estimate = assess(like).estimate
    assert estimate is not None
    people = [budgets.make_person(number) for number in range(PEOPLE)]
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
    status = ("completed",) * 8 + ("failed", "cancelled")

    def text_of(length: int) -> str:
        return " ".join(words[(len(words) ** dice.random(length)).astype(int) - 1])

    for number in range(jobs):
        at = now - _APART * (jobs - number)
        lengths = dice.integers([3, 0, -40], [8, 25, 80])
        name, description, notes = (text_of(max(0, int(length))) for length in lengths)
        yield (
            people[number * 7919 % len(people)],
            at,
            *around[number * 104_729 % len(around)],
            name[:90].capitalize(),
            description[:500],
            notes[:2000],
            tags[dice.integers(len(tags))],
            status[dice.integers(len(status))],
            "spot" if number % 3 else "on_demand",
            5 + number * 37 % 1000 / 100,
            round(20 + number * 7919 % 9000 / 100, 2),
            number % 2,
        )


def run(jobs: int = JOBS) -> dict[str, Any]:
    """All figures in milliseconds, of a database and a process of their own, removed afterwards."""
    return in_a_process("bench.search", jobs, WORKER="off")


def measure(jobs: int) -> dict[str, Any]:
    """Fills the database, then searches, turns pages and looks at them in Chromium."""
    db.migrate()
    owner = accounts.create_owner("Bench", "bench@example.com", _PASSWORD, Decimal(10**9))
    began = time.perf_counter()
    fill(jobs, owner)
    filled = time.perf_counter() - began
    found: dict[str, Any] = {"jobs": jobs, "fill seconds": filled, "searches": {}}
    every: list[float] = []
    for name, (actor, queries) in _searches(owner).items():
        taken = [
            took for query in queries for took in _times(partial(job_search.search, actor, query))
        ]
        every += taken
        found["searches"][name] = (statistics.median(taken), _p95(taken))
    found["every search"] = _p95(every)
    found["ilike"] = {word: statistics.median(_times(partial(_ilike, word))) for word in _RIVALS}
    found["ours"] = {
        word: statistics.median(_times(partial(job_search.search, owner, JobQuery(text=word))))
        for word in _RIVALS
    }
    found["pages"] = {name: _pages(owner, query) for name, query in _ORDERS.items()}
    found["browser"] = _browser(settings().data_path)
    return found


#: What a plain scan looks for beside ours: a very common and a common word, one that is nowhere.
_RIVALS = ("training ", "mortgage ", "zyxwvut ")
_ORDERS = {
    "newest": JobQuery(),
    "cost": JobQuery(sort=Sort.COST),
    "a common word": JobQuery(text="training "),
    "a filter": JobQuery(statuses=(JobStatus.FAILED,)),
}


def _searches(owner: Person) -> dict[str, tuple[Person, list[JobQuery]]]:
    """Who looks for what, by what is special about it."""
    words = vocabulary()
    typed = ["financial planning", "reviewers tone", "mortgage ins", words[3_000]]
    texts = {
        "as typed": [text_[:end] for text_ in typed for end in range(1, len(text_) + 1)],
        "common words": [f"{word} " for word in words[:20]],
        "rare words": [f"{word} " for word in words[1_000:40_000:3_000]],
        "two words": [f"{words[at]} {words[7 * at]} " for at in (3, 20, 60, 150, 500)],
        "phrases": ['"training data"', '"learning rate"', '"financial model"'],
        "exclusions": ["training -data ", "mortgage -the ", "-training "],
        "typos": ["finacial ", "retirment ", "trainning ", "portfollio "],
    }
    groups = {
        name: (owner, [JobQuery(text=text_) for text_ in listed]) for name, listed in texts.items()
    }
    with db.reading() as connection:
        row = connection.execute(
            text("SELECT id, email, name FROM users WHERE role = 'analyst' LIMIT 1")
        ).one()
    analyst = Person(id=row.id, email=row.email, name=row.name, role=Role.ANALYST)
    narrowed = [
        JobQuery(text=text_, statuses=(JobStatus.FAILED,), tags=("poc",), creator=creator)
        for text_ in ("training ", words[3_000], "")
        for creator in (None, analyst.id)
    ]
    groups["with filters"] = (owner, narrowed)
    groups["an analyst's"] = (analyst, [JobQuery(text=text_) for text_ in texts["as typed"][::3]])
    return groups


def _ilike(word: str) -> None:
    """What a search without an index does."""
    with db.reading() as connection:
        connection.execute(
            text(
                "SELECT id, name FROM training_jobs WHERE name ILIKE :like "
                "OR description ILIKE :like OR notes ILIKE :like OR tags::text ILIKE :like "
                "ORDER BY created_at DESC LIMIT 50"
            ),
            {"like": f"%{word.strip()}%"},
        ).all()


def _pages(actor: Person, query: JobQuery) -> tuple[float, float]:
    """The median time of the first page, and of the last of PAGES pages one after the other."""
    page = job_search.search(actor, query)
    after = page.next
    for _ in range(PAGES - 2):
        after = job_search.search(actor, query, after).next
    return (
        statistics.median(_times(partial(job_search.search, actor, query))),
        statistics.median(_times(partial(job_search.search, actor, query, after))),
    )


def _times(action: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - began))
    return taken[1:]  # the first one warms up


def _p95(taken: Sequence[float]) -> float:
    return statistics.quantiles(taken, n=20)[-1]


def _browser(folder: Path) -> dict[str, float]:
    """From a click, or from the last letter, until other jobs are shown."""
    with (
        serving(PROJECT / "app.py", folder, "/readyz") as (address, _seconds),
        browser_page() as tab,
    ):
        tab.set_default_timeout(60_000)
        tab.goto(address)
        tab.get_by_label("E-mail").fill("bench@example.com")
        tab.get_by_label("Password", exact=True).fill(_PASSWORD)
        tab.get_by_role("button", name="Sign in").click()
        tab.locator(".job-list .job-name").first.wait_for()
        next_page = ".st-key-job-pages button:has-text('Next page')"
        turned = [_until_changed(tab, lambda: tab.locator(next_page).click()) for _ in range(10)]
        field = tab.get_by_placeholder("Search by name")
        typed = [
            _until_changed(tab, partial(field.fill, word))
            for word in ("training", "mortgage", "financial planning", "retirement", "tone")
        ]
        return {"next page": statistics.median(turned), "typed": statistics.median(typed)}


def _until_changed(tab: Tab, act: Callable[[], object]) -> float:
    """Milliseconds until the list shows other jobs than before."""
    listed = "Array.from(document.querySelectorAll('.job-list .job-name')).map(e => e.innerText)"
    before = tab.evaluate(f"{listed}.join()")
    tab.wait_for_timeout(700)  # the page is at rest
    began = time.perf_counter()
    act()
    tab.wait_for_function(
        f"before => {{ const now = {listed}.join(); return now && now !== before; }}",
        arg=before,
        polling=16,
    )
    return 1000 * (time.perf_counter() - began)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
