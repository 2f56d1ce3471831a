"""The audit log's chain in a real database: who tampers with it, even as superuser, is found."""

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from lib.db import audit as queries
from lib.db import budgets, jobs
from lib.db.connection import MIGRATIONS, migrate, reading, transaction
from lib.db.connection import database as pool
from lib.db.tables import budget_audit_log
from lib.domain.audit import ActionType, entry_hash
from lib.domain.people import Person
from lib.services import audit
from lib.settings import PROJECT

Make = Callable[..., Any]
PROCESSES, THREADS, ROWS = 2, 4, 25


@pytest.fixture
def owner(installation: str, person: Make) -> Person:
    return person(role="owner")


def fill(user_id: UUID, rows: int = 6) -> None:
    """Rows of a log, each with something in every column that can hold something."""
    with transaction() as connection:
        for number in range(1, rows + 1):
            budgets.audit(
                connection,
                ActionType.LIMIT_SET,
                user_id=user_id,
                actor_id=user_id,
                amount=number,
                justification=f"Grüße 🚲, „{number}“\n-1:x",
                details={"before": "1.50", "text": "ü\u2028", "list": [1, 2.50, None]},
                ip_address="2001:db8::7" if number % 2 else None,
            )


def tamper(*statements: str) -> None:
    """As a superuser who has switched all triggers of the log off."""
    with transaction() as connection:
        connection.execute(text("ALTER TABLE budget_audit_log DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement))
        connection.execute(text("ALTER TABLE budget_audit_log ENABLE TRIGGER USER"))


COPIED = (
    "timestamp, action_type, user_id, actor_id, amount, justification, details, ip_address, "
    "previous_hash, hash"
)


def test_an_untouched_log_is_whole(owner: Person) -> None:
    fill(owner.id)
    found = audit.verify(owner)
    assert (found.intact, found.rows, found.first_broken) == (True, 6, None)
    assert found.head == audit.head(owner).hash


def test_an_empty_log_is_whole_and_has_no_head(owner: Person) -> None:
    found = audit.verify(owner)
    assert (found.intact, found.rows, found.head, audit.head(owner)) == (True, 0, None, None)


@pytest.mark.parametrize(
    ("statements", "broken", "reason"),
    [
        (["UPDATE budget_audit_log SET amount = 99 WHERE id = 3"], 3, "changed"),
        (["UPDATE budget_audit_log SET justification = '' WHERE id = 3"], 3, "changed"),
        (["UPDATE budget_audit_log SET details = '{}' WHERE id = 3"], 3, "changed"),
        (["UPDATE budget_audit_log SET ip_address = '10.0.0.1' WHERE id = 3"], 3, "changed"),
        (["UPDATE budget_audit_log SET ip_address = NULL WHERE id = 3"], 3, "changed"),
        (
            ["UPDATE budget_audit_log SET timestamp = timestamp + interval '1 us' WHERE id = 3"],
            3,
            "changed",
        ),
        (["UPDATE budget_audit_log SET timestamp = 'infinity' WHERE id = 3"], 3, "changed"),
        (["UPDATE budget_audit_log SET hash = repeat('a', 64) WHERE id = 3"], 3, "changed"),
        (
            [
                "UPDATE budget_audit_log SET amount = 99 WHERE id = 3",
                "UPDATE budget_audit_log l SET hash = audit_hash(l) WHERE id = 3",
            ],
            4,
            "changed: row 3 is not the row 3 that row 4 was chained to",
        ),
        (
            ["DELETE FROM budget_audit_log WHERE id IN (3, 4)"],
            5,
            "removed: row 5 follows a row that is gone, between rows 2 and 5",
        ),
        (["DELETE FROM budget_audit_log WHERE id = 1"], 2, "removed"),
        (
            [
                "UPDATE budget_audit_log SET id = id + 10 WHERE id > 3",
                f"INSERT INTO budget_audit_log (id, {COPIED}) "
                f"SELECT 4, {COPIED} FROM budget_audit_log WHERE id = 3",
            ],
            4,
            "reordered: row 4 was written as row 3",
        ),
        (
            [
                f"INSERT INTO budget_audit_log (id, {COPIED}) "
                f"SELECT 0, {COPIED} FROM budget_audit_log WHERE id = 3",
            ],
            0,
            "reordered: row 0 was written as row 3",
        ),
        (
            [
                "UPDATE budget_audit_log SET id = -1 WHERE id = 3",
                "UPDATE budget_audit_log SET id = 3 WHERE id = 4",
                "UPDATE budget_audit_log SET id = 4 WHERE id = -1",
            ],
            3,
            "reordered: row 3 was written as row 4",
        ),
    ],
)
def test_tampering_is_found_and_the_first_broken_row_named(
    owner: Person, statements: list[str], broken: int, reason: str
) -> None:
    fill(owner.id)
    tamper(*statements)
    found = audit.verify(owner)
    assert not found.intact
    assert found.first_broken == broken
    assert found.reason.startswith(reason)


def test_a_row_put_in_with_a_hash_to_match_is_found(owner: Person) -> None:
    fill(owner.id, 2)
    fill(owner.id, 1)
    tamper(
        "UPDATE budget_audit_log SET id = 4 WHERE id = 3",
        "UPDATE budget_audit_log l SET hash = audit_hash(l) WHERE id = 4",
        f"INSERT INTO budget_audit_log (id, {COPIED}) SELECT 3, timestamp, action_type, user_id, "
        "actor_id, amount, justification, details, ip_address, hash, '' FROM budget_audit_log "
        "WHERE id = 2",
        "UPDATE budget_audit_log l SET hash = audit_hash(l) WHERE id = 3",
    )
    found = audit.verify(owner)
    assert found.first_broken == 4
    assert found.reason.startswith("inserted: row 4 follows row 2")


def test_only_a_noted_head_shows_that_the_end_was_cut_off(owner: Person) -> None:
    fill(owner.id)
    noted = audit.head(owner).hash
    fill(owner.id)
    assert audit.verify(owner, noted).intact
    tamper("DELETE FROM budget_audit_log WHERE id > 5")
    assert audit.verify(owner).intact
    found = audit.verify(owner, noted)
    assert not found.intact
    assert found.reason.startswith("cut off or rewritten")


def test_only_a_noted_head_shows_that_all_was_computed_anew(owner: Person) -> None:
    fill(owner.id)
    noted = audit.head(owner).hash
    rewrite = """
        DO $$ DECLARE entry budget_audit_log; last text := repeat('0', 64); BEGIN
            FOR entry IN SELECT * FROM budget_audit_log ORDER BY id LOOP
                entry.amount := 1;
                entry.previous_hash := last;
                last := audit_hash(entry);
                UPDATE budget_audit_log SET amount = 1, previous_hash = entry.previous_hash,
                    hash = last WHERE id = entry.id;
            END LOOP;
        END $$
    """
    tamper(rewrite)
    assert audit.verify(owner).intact
    assert not audit.verify(owner, noted).intact


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE budget_audit_log SET hash = ''",
        "UPDATE budget_audit_log SET amount = 1",
        "DELETE FROM budget_audit_log WHERE id = 1",
        "TRUNCATE budget_audit_log",
        "INSERT INTO budget_audit_log SELECT * FROM budget_audit_log ON CONFLICT (id) DO UPDATE "
        "SET amount = 1",
    ],
)
def test_the_apps_own_role_can_only_append(owner: Person, statement: str) -> None:
    fill(owner.id)
    try:
        with transaction() as connection:
            connection.execute(text(statement))
    except DBAPIError as error:
        assert "append-only" in str(error)
    else:  # the last one: its rows got ids of their own, so nothing was in conflict
        assert statement.startswith("INSERT")
    found = audit.verify(owner)
    assert found.intact
    assert found.rows == (12 if statement.startswith("INSERT") else 6)


def test_an_insert_cannot_choose_its_place(owner: Person) -> None:
    fill(owner.id, 2)
    with transaction() as connection:
        connection.execute(
            budget_audit_log.insert().values(
                id=77,
                action_type="limit_set",
                user_id=owner.id,
                actor_id=owner.id,
                previous_hash="x",
                hash="y",
            )
        )
    assert audit.verify(owner).intact
    assert audit.head(owner).id == 3


def test_an_unknown_action_is_refused(owner: Person) -> None:
    with pytest.raises(IntegrityError, match="action_type_known"), transaction() as connection:
        budgets.audit(connection, "coffee", user_id=owner.id, actor_id=owner.id)


def test_the_database_and_the_rule_make_the_same_hash(owner: Person) -> None:
    fill(owner.id)
    with reading() as connection:
        for entry in queries.chain(connection):
            assert entry_hash(entry.previous_hash, entry.fields) == entry.hash
            assert len(entry.fields) == len(budget_audit_log.c) - 2  # all but the hashes


def test_a_transaction_with_an_older_view_may_not_write(owner: Person) -> None:
    """It would be chained to a row that is not the newest any more."""
    with (
        pytest.raises(DBAPIError, match="read committed"),
        pool().connect().execution_options(isolation_level="REPEATABLE READ") as connection,
    ):
        budgets.audit(connection, ActionType.LIMIT_SET, user_id=owner.id, actor_id=owner.id)


def test_rows_from_before_the_chain_are_chained_by_the_migration(owner: Person) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with transaction() as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0004")
        for id_ in (3, 4, 9):
            connection.execute(
                text(
                    "INSERT INTO budget_audit_log (id, action_type, user_id, actor_id) "
                    "VALUES (:id, 'started', :user, :user)"
                ),
                {"id": id_, "user": owner.id},
            )
    migrate()
    fill(owner.id, 2)
    found = audit.verify(owner)
    assert (found.intact, found.rows, audit.head(owner).id) == (True, 5, 11)
    with pytest.raises(DBAPIError, match="append-only"), transaction() as connection:
        connection.execute(text("DELETE FROM budget_audit_log"))


def test_whoever_waits_for_a_job_does_not_hold_the_chain(owner: Person, draft: Make) -> None:
    """Else it and the one who has the job would wait for each other."""
    opened = draft(owner)
    line = {"user_id": owner.id, "actor_id": owner.id, "job_id": opened.job_id}

    def write_without_the_job() -> None:
        with transaction() as connection:
            budgets.audit(connection, ActionType.VALIDATION_BLOCKED, **line)

    with ThreadPoolExecutor(1) as pool:
        with transaction() as connection:
            jobs.lock(connection, opened.job_id)
            waiting = pool.submit(write_without_the_job)
            while not someone_waits():
                assert not waiting.done()
            budgets.audit(connection, ActionType.STARTED, **line)
        waiting.result(timeout=20)
    assert (audit.verify(owner).reason, audit.verify(owner).rows) == ("", 2)


def someone_waits() -> bool:
    """For a lock, in this installation's database."""
    time.sleep(0.02)
    with reading() as connection:
        return bool(
            connection.scalar(
                text(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )
        )


def race(people: list[Person]) -> None:
    """Two processes with four writers each, all at once."""
    module = [sys.executable, "-m", "tests.db.auditing_together", str(ROWS)]
    processes = [
        subprocess.Popen(
            [*module, *(str(one.id) for one in people[share::PROCESSES])],
            cwd=PROJECT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for share in range(PROCESSES)
    ]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("begin\n")
        process.stdin.flush()
    for process in processes:
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_parallel_writers_make_one_unbroken_chain(owner: Person, person: Make) -> None:
    race([person() for _ in range(PROCESSES * THREADS)])
    found = audit.verify(owner)
    rows = PROCESSES * THREADS * ROWS
    assert (found.reason, found.rows) == ("", rows)
    with reading() as connection:
        ids = select(func.min(budget_audit_log.c.id), func.max(budget_audit_log.c.id))
        assert tuple(connection.execute(ids).one()) == (1, rows)  # no gaps


def test_without_the_lock_the_same_writers_break_it(owner: Person, person: Make) -> None:
    """The twin that shows that the race above is one. Ids come from the sequence, or it would
    fail on the second row with the same id before the chain could break."""
    with transaction() as connection:
        body = connection.scalar(
            text("SELECT prosrc FROM pg_proc WHERE proname = 'chain_audit_entry'")
        )
        lines = [line for line in body.splitlines() if "advisory" not in line]
        unlocked = "\n".join(line for line in lines if "NEW.id :=" not in line)
        assert len(body.splitlines()) - len(unlocked.splitlines()) == 2
        connection.execute(
            text(
                "CREATE OR REPLACE FUNCTION chain_audit_entry() RETURNS trigger LANGUAGE plpgsql "
                f"AS $${unlocked}$$".replace(":=", "\\:=")
            )
        )
    race([person() for _ in range(PROCESSES * THREADS)])
    assert not audit.verify(owner).intact
