"""Jobs taken away as CSV and JSON: all fields, only what one may see, in constant memory."""

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from io import StringIO
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from lib.db import job_search_words
from lib.db.connection import transaction
from lib.db.tables import activity_log, training_jobs
from lib.domain.job_record import COLUMNS, SCHEMA
from lib.domain.job_search import JobQuery
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import job_export
from lib.settings import PROJECT
from tests.many_jobs import multiply

Make = Callable[..., Any]
HOSTILE = '=1+1 <script>alert(1)</script> \u202eltr 𝔘𝔫𝔦 \x07\x1b[2J "quoted", \r\n\u2028 ]}'


def jobs(actor: Person, what: Any) -> list[dict[str, Any]]:
    return json.loads(b"".join(job_export.stream_json(actor, what)))["jobs"]


def lines(actor: Person, what: Any) -> list[dict[str, str]]:
    content = b"".join(job_export.stream_csv(actor, what)).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(content, newline="")))


def test_a_draft_is_exported_with_all_that_is_known_of_it(person: Make, draft: Make) -> None:
    ana = person(name="Ana")
    opened = draft(
        ana,
        preset="conservative",
        overrides={"r": 12},
        name="First run",
        description="Why",
        notes="**How**",
        tags=["poc", "baseline"],
        client="Acme",
        project="Q4",
    )
    content = json.loads(b"".join(job_export.stream_json(ana, [opened.job_id])))
    assert (content["schema"], list(content)) == (SCHEMA, ["schema", "exported_at", "jobs"])
    (job,) = content["jobs"]
    assert job["id"] == str(opened.job_id)
    assert (job["description"], job["notes"]) == ("Why", "**How**")
    assert (job["tags"], job["client"], job["project"]) == (["poc", "baseline"], "Acme", "Q4")
    assert job["created_by"] == {"name": "Ana", "email": ana.email}
    assert job["file"]["content_hash"] == opened.file.content_hash
    assert job["file"]["conversations"] == opened.file.conversation_count
    assert job["configuration"]["overrides"] == {"r": 12}
    assert job["configuration"]["hyperparameters"]["r"] == 12
    assert job["estimate"]["total"] is None
    (line,) = lines(ana, [opened.job_id])
    assert tuple(line) == COLUMNS
    assert (line["tags"], line["client"]) == ("poc; baseline", "Acme")


def test_a_started_job_has_its_estimate_actuals_and_times(
    person: Make, local_draft: Make, start: Make
) -> None:
    ana = person()
    opened = local_draft(ana, cost="10.00")
    start(ana, opened)
    with transaction() as connection:
        connection.execute(
            update(training_jobs)
            .where(training_jobs.c.id == opened.job_id)
            .values(
                actual_cost=Decimal("3.21"),
                checkpoint_recovery_count=2,
                progress={"step": 7, "steps_total": 90, "loss": 1.25, "first_loss": 4.5},
            )
        )
    (job,) = jobs(ana, [opened.job_id])
    assert job["status"] == "queued"
    assert job["estimate"]["total"] == "10.00"
    assert (job["estimate"]["cost_min"], job["estimate"]["cost_max"]) == ("8.50", "11.50")
    assert job["estimate"]["algorithm_version"] == 3
    assert job["offer"]["key"] == "local/this-machine/local"
    assert (job["offer"]["hourly_rate"], job["offer"]["rate_source"]) == ("1.00", "setting")
    assert (job["actual"]["cost"], job["actual"]["recoveries"]) == ("3.21", 2)
    assert (job["actual"]["steps"], job["actual"]["loss"]) == (7, "1.25")
    assert job["times"]["queued_at"].endswith("+00:00")
    assert job["budget_month"].endswith("-01")


def test_a_failed_run_says_why_and_an_archived_job_since_when(person: Make, past_job: Make) -> None:
    ana = person()
    failed = past_job(
        ana, status="failed", failure_code="out_of_memory", failure_message="Out of memory"
    )
    (job,) = jobs(ana, [failed])
    assert job["failure"] == {"code": "out_of_memory", "message": "Out of memory"}
    assert job["archived_at"] is None


def test_nobody_takes_away_what_they_may_not_see(person: Make, draft: Make) -> None:
    manager = person(role="manager")
    ana, eve = person(), person()
    mine, hers = draft(ana).job_id, draft(eve).job_id
    assert {job["id"] for job in jobs(ana, [mine, hers])} == {str(mine)}
    assert {line["id"] for line in lines(ana, [mine, hers])} == {str(mine)}
    assert {job["id"] for job in jobs(ana, JobQuery())} == {str(mine)}
    assert {job["id"] for job in jobs(manager, [mine, hers])} == {str(mine), str(hers)}


def test_a_search_exports_what_it_finds(person: Make, draft: Make) -> None:
    ana = person()
    wanted = draft(ana, name="Zebra crossing", tags=["poc"]).job_id
    draft(ana, name="Elephant walk", tags=["poc"])
    with transaction() as connection:
        job_search_words.keep(connection, ["zebra"])  # as the worker does from time to time
    for query in (
        JobQuery(text="zebra"),
        JobQuery(text="zebre"),  # as the list mends it
        JobQuery(text="zebra", tags=("poc",), statuses=(JobStatus.PENDING_CONFIGURATION,)),
    ):
        assert [job["id"] for job in jobs(ana, query)] == [str(wanted)], query
    assert jobs(ana, JobQuery(text="nowhere")) == []
    assert lines(ana, JobQuery(text="nowhere")) == []


def test_the_newest_job_comes_first(person: Make, draft: Make) -> None:
    ana = person()
    made = [draft(ana).job_id for _ in range(3)]
    assert [UUID(job["id"]) for job in jobs(ana, made)] == made[::-1]


def test_any_text_is_a_text_in_both_forms(person: Make, draft: Make) -> None:
    ana = person()
    opened = draft(ana, name=HOSTILE, description=HOSTILE, notes=HOSTILE, client=HOSTILE)
    (job,) = jobs(ana, [opened.job_id])
    (line,) = lines(ana, [opened.job_id])
    for field in ("description", "notes"):
        assert job[field] == HOSTILE
        assert line[field] == f"'{HOSTILE}"
    assert (job["name"], job["client"]) == (HOSTILE, HOSTILE)


def test_each_export_is_in_the_log_of_what_people_did(person: Make, draft: Make) -> None:
    ana = person()
    job_id = draft(ana).job_id
    jobs(ana, [job_id])
    lines(ana, JobQuery(text="bicycle"))
    row = activity_log.c
    with transaction() as connection:
        found = connection.scalars(
            select(row.details)
            .where(row.actor_id == ana.id, row.action == "jobs_exported")
            .order_by(row.id)
        ).all()
    assert found == [
        {"format": "json", "jobs": [str(job_id)]},
        {"format": "csv", "query": {"q": ["bicycle"]}},
    ]


def test_progress_counts_the_jobs(person: Make, draft: Make) -> None:
    ana, told = person(), []
    made = [draft(ana).job_id for _ in range(2)]
    list(job_export.stream_csv(ana, made, told.append))
    assert told == [1, 2]


#: Exports all jobs of a person, and prints how many bytes, and how much more memory (bytes) was
#: in use at the worst moment than while a few were exported.
_MEASURE = """
import sys
from uuid import UUID
import psutil
from lib.domain.job_search import JobQuery
from lib.domain.people import Person, Role
from lib.services.job_export import stream_json

def exported(query):
    size = peak = 0
    for chunk in stream_json(actor, query):
        size, peak = size + len(chunk), max(peak, this.memory_info().rss)
    return size, peak

this = psutil.Process()
actor = Person(UUID(sys.argv[1]), "all@example.com", "All", Role.OWNER)
_, of_a_few = exported(JobQuery(text="few"))
size, of_all = exported(JobQuery())
print(size, of_all - of_a_few)
"""
MANY, FEW, MOST_MORE = 100_000, 600, 16 * 1024 * 1024


@pytest.fixture
def many_jobs(installation: str, person: Make, draft: Make) -> Person:
    """A hundred thousand jobs, and some hundred that a word finds."""
    owner = person(role="owner")
    opened = draft(owner, notes="word " * 100, tags=["poc"])
    multiply(opened.job_id, MANY)
    multiply(opened.job_id, FEW, found_by="few")
    return owner


def test_a_hundred_thousand_jobs_take_the_memory_of_a_few(
    many_jobs: Person, installation: str, tmp_path: Any
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _MEASURE, str(many_jobs.id)],
        cwd=PROJECT,
        env={"DATABASE_URL": installation, "DATA_DIR": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )
    written, more = map(int, done.stdout.split())
    assert written > MANY * 2_000
    assert more < MOST_MORE
