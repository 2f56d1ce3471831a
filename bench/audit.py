"""The audit log: what its chain costs sixteen people who set limits at once, and verifying it."""

import json
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial

from sqlalchemy import text

from bench.server import in_a_process
from lib.db import connection as db
from lib.domain.people import Person, Role
from lib.services import accounts, audit, budgets

CALLERS, EACH, ROWS = 16, 25, 100_000
_PASSWORD = "nine paper bicycles"

#: The trigger as it would be without a chain: no lock, no hash, the id from its sequence.
_UNCHAINED = """
    CREATE OR REPLACE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.previous_hash \\:= '';
        NEW.hash \\:= '';
        RETURN NEW;
    END $$
"""
_MANY = """
    INSERT INTO budget_audit_log (action_type, user_id, actor_id, amount, justification, details)
    SELECT 'limit_set', :user, :user, number, 'Limit number ' || number, '{"before": "1.00"}'
    FROM generate_series(1, :rows) AS numbers (number)
"""


def run() -> dict[str, float]:
    """Figures of a database of its own, in a process of its own; times in seconds."""
    return in_a_process("bench.audit")


def _measure() -> dict[str, float]:
    db.migrate()
    owner = accounts.create_owner("Bench", "bench@example.com", _PASSWORD, Decimal(500))
    people = [
        accounts.add_user(
            owner, name="Bench", email=f"{n}@example.com", password=_PASSWORD, role=Role.ANALYST
        )
        for n in range(CALLERS)
    ]
    chained = _limits(owner, people)
    wrote = time.perf_counter()
    with db.transaction() as connection:
        connection.execute(text(_MANY), {"user": owner.id, "rows": ROWS})
    wrote = time.perf_counter() - wrote
    began = time.perf_counter()
    found = audit.verify(owner)
    verified = time.perf_counter() - began
    if not found.intact:
        raise RuntimeError(found.reason)
    with db.transaction() as connection:
        connection.execute(text("SELECT setval('budget_audit_log_id_seq', :id)"), {"id": 10**9})
        connection.execute(text(_UNCHAINED))
    return {
        "rows": found.rows,
        "write seconds": wrote,
        "verify seconds": verified,
        **{f"chained {name}": value for name, value in chained.items()},
        **{f"unchained {name}": value for name, value in _limits(owner, people).items()},
    }


def _limits(owner: Person, people: list[Person]) -> dict[str, float]:
    """Limits set by all callers at once, each of another person: a lock, three writes, a commit."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(people)) as pool:
        times = [taken for each in pool.map(partial(_set, owner), people) for taken in each]
    return {
        "a second": len(times) / (time.perf_counter() - began),
        "median": statistics.median(times),
        "95th percentile": statistics.quantiles(times, n=20)[-1],
    }


def _set(owner: Person, person: Person) -> list[float]:
    taken = []
    for number in range(EACH):
        began = time.perf_counter()
        budgets.set_limit(owner, person.id, Decimal(500 + number))
        taken.append(time.perf_counter() - began)
    return taken


if __name__ == "__main__":
    print(json.dumps(_measure()))
