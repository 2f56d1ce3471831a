"""The budget check of a start and the budget overview, with nothing and with very many jobs."""

import json
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from uuid import UUID

from sqlalchemy import text, update

from bench.server import in_a_process
from lib import storage
from lib.datafiles import import_pass
from lib.datafiles.sample import write_sample
from lib.db import budgets, users
from lib.db import connection as db
from lib.db.tables import training_files
from lib.domain.budget import decide
from lib.domain.people import Person
from lib.services import accounts, drafts, spending
from lib.services.assessment import assess, assess_within
from lib.services.budgets import this_month
from lib.services.drafts import OpenDraft
from lib.services.training_files import import_training_file
from lib.settings import settings

JOBS, PEOPLE, MONTHS = 100_000, 200, 6
CHECKS, OVERVIEWS = 100, 10
#: What is timed, and where: on an empty month, on the month of one of all those who share the jobs,
#: and on a month that has very many jobs by itself.
STEPS = {
    "check": ("empty", "shared", "one month"),
    "start": ("empty", "shared"),
    "overview": ("empty", "shared", "one month"),
}
TARGETS = {"check": 20, "overview": 500}  # milliseconds
_PASSWORD = "nine paper bicycles"

#: Ended jobs with their reservations, each as large as a real one. Job n belongs to the person n
#: modulo :people and counts in one of the last :months months; a fifth of them have failed.
_FILL = """
    WITH people AS (
        SELECT id, row_number() OVER (ORDER BY created_at, id) - 1 AS number FROM users
        WHERE id = ANY(:ids)
    ), numbers AS (
        SELECT n, (:month - make_interval(months => n / :people % :months))::date AS month,
            now() - n % 28 * interval '1 day' AS at
        FROM generate_series(1, :jobs) AS series (n)
    ), made AS (
        INSERT INTO training_jobs (training_file_id, created_by, name, preset, draft, status,
            engine, gpu_type, gpu_pricing_tier, gpu_hourly_rate, estimate,
            estimated_duration_hours, estimated_cost_min, estimated_cost_max, budget_month,
            queued_at, started_at, ended_at, actual_cost, actual_duration_hours)
        SELECT like_it.training_file_id, people.id, like_it.name, like_it.preset, like_it.draft,
            CASE WHEN n % 5 = 0 THEN 'failed' ELSE 'completed' END,
            'runpod', 'H100 PCIe 80GB', CASE WHEN n % 3 = 0 THEN 'on_demand' ELSE 'spot' END, 2.49,
            CAST(:estimate AS jsonb), 10, 21.17, 28.64, month,
            at - interval '10 hours', at - interval '10 hours', at, 20 + n % 10, 10
        FROM numbers
        JOIN people ON people.number = n % :people
        CROSS JOIN (SELECT * FROM training_jobs WHERE id = :like_it) AS like_it
        RETURNING id, created_by, budget_month, ended_at, actual_cost
    )
    INSERT INTO budget_reservations (job_id, user_id, month, amount, settled_at, settled_cost)
    SELECT id, created_by, budget_month, 28.64, ended_at, actual_cost FROM made
"""


def run(jobs: int = JOBS) -> dict[str, float]:
    """Milliseconds at the 95th percentile, of a database and a process of their own."""
    return in_a_process("bench.budgets", jobs)


def _measure(jobs: int) -> dict[str, float]:
    """First nobody has a job, then many people share them all, then one month of one has more."""
    db.migrate()
    owner = accounts.create_owner("Bench", "bench@example.com", _PASSWORD, Decimal(10**9))
    opened = make_draft(owner)
    alone, *crowd = [make_person(number) for number in range(PEOPLE + 1)]
    found = {
        "jobs": float(jobs),
        "check, empty": _p95(CHECKS, partial(_check, crowd[0])),
        "start, empty": _p95(CHECKS, partial(_assess, crowd[0], opened)),
        "overview, empty": _p95(OVERVIEWS, partial(spending.report, owner, [alone])),
    }
    began = time.perf_counter()
    _fill(jobs, crowd, MONTHS, opened)
    found["fill seconds"] = time.perf_counter() - began
    found["check, shared"] = _p95(CHECKS, partial(_check, crowd[0]))
    found["start, shared"] = _p95(CHECKS // 5, partial(_assess, crowd[0], opened))
    found["overview, shared"] = _p95(OVERVIEWS, partial(spending.report, owner, [crowd[0]]))
    _fill(JOBS, [alone], 1, opened)
    found["check, one month"] = _p95(CHECKS // 5, partial(_check, alone))
    found["overview, one month"] = _p95(OVERVIEWS, partial(spending.report, owner, [alone]))
    return found


def _check(user_id: UUID) -> None:
    """What a start asks about the budget, while it holds the person's row."""
    with db.transaction() as connection:
        budgets.lock(connection, user_id)
        decide(budgets.snapshot(connection, user_id, this_month()), Decimal("28.64"))


def _assess(user_id: UUID, opened: OpenDraft) -> None:
    """All that a start decides by: prices, history, limits, what is in the way."""
    with db.transaction() as connection:
        assess_within(connection, user_id, opened.draft, opened.file, ask=False)


def _p95(times: int, action: Callable[[], object]) -> float:
    taken = []
    for _ in range(times + 1):
        began = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - began))
    return statistics.quantiles(taken[1:], n=20)[-1]  # the first one warms up


def make_draft(owner: Person) -> OpenDraft:
    source = settings().data_path / "sample.json"
    write_sample(source, conversations=60)
    row, _ = import_training_file(owner, source, source.name)
    key = row.storage_key
    summary, _ = import_pass(storage.original_file(key), storage.sequences_file(key), name=row.name)
    with db.transaction() as connection:
        connection.execute(
            update(training_files).values(enrichment_status="completed", summary=summary.to_dict())
        )
    return drafts.load(owner, drafts.create(owner, row.id))


def make_person(number: int) -> UUID:
    with db.transaction() as connection:
        user_id = users.add(
            connection,
            name=f"Person {number}",
            email=f"{number}@example.com",
            password_hash="none",  # noqa: S106  nobody signs in
            role="analyst",
            manager_id=None,
        )
        budgets.set_limit(
            connection,
            user_id=user_id,
            month=datetime(2020, 1, 1, tzinfo=UTC).date(),
            limit=Decimal(10**9),
            grace_percent=Decimal(10),
            set_by=None,
        )
    return user_id


def _fill(jobs: int, people: list[UUID], months: int, like: OpenDraft) -> None:
    estimate = assess(like).estimate
    assert estimate is not None
    with db.transaction() as connection:
        connection.execute(
            text(_FILL),
            {
                "jobs": jobs,
                "people": len(people),
                "ids": people,
                "months": months,
                "month": this_month(),
                "like_it": like.job_id,
                "estimate": json.dumps(estimate.to_dict(), default=str),
            },
        )
    with db.database().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))  # as autovacuum does within a minute


if __name__ == "__main__":
    print(json.dumps(_measure(int(sys.argv[1]))))
