"""What the database itself refuses, whatever the code above it does."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from lib.db import budgets, jobs
from lib.db.connection import transaction
from lib.db.tables import budget_reservations, training_jobs, users
from lib.domain.states import TRANSITIONS, JobStatus, may_follow
from lib.services import quotes
from lib.services.budgets import this_month


def add_job(connection: Connection, like: Any, status: JobStatus) -> Any:
    """A job row in any state: only updates are bound to the table of transitions."""
    return connection.execute(
        training_jobs.insert()
        .values(
            training_file_id=like.file.id,
            created_by=like.owner_id,
            name="job",
            draft={},
            status=status,
            queued_at=datetime.now(UTC),
            budget_month=this_month(),
            estimated_cost_max=1,
        )
        .returning(training_jobs.c.id)
    ).scalar_one()


def test_a_job_can_take_exactly_the_steps_of_the_table(draft: Callable[..., Any]) -> None:
    opened = draft()
    taken = set()
    with transaction() as connection:
        for current in JobStatus:
            for following in JobStatus:
                if current is following:
                    continue
                job_id = add_job(connection, opened, current)
                try:
                    with connection.begin_nested():
                        connection.execute(
                            training_jobs.update()
                            .where(training_jobs.c.id == job_id)
                            .values(status=following)
                        )
                except IntegrityError:
                    continue
                taken.add((current, following))
        connection.rollback()
    assert taken == {(a, b) for a, after in TRANSITIONS.items() for b in after}
    assert not any(may_follow(state, state) for state in JobStatus)


@pytest.mark.parametrize("table", ["budget_audit_log", "job_events"])
@pytest.mark.parametrize(
    "statement",
    ["UPDATE {table} SET id = DEFAULT", "DELETE FROM {table}", "TRUNCATE {table} CASCADE"],
)
def test_logs_are_append_only(draft: Callable[..., Any], table: str, statement: str) -> None:
    opened = draft()
    with transaction() as connection:  # so that there is a row in each
        budgets.audit(connection, "limit_set", user_id=opened.owner_id, actor_id=opened.owner_id)
        jobs.record(connection, opened.job_id, "note", "something happened")
        before = connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()
    with (
        pytest.raises(ProgrammingError, match="append-only"),
        transaction() as connection,
    ):
        connection.execute(text(statement.format(table=table)))
    with transaction() as connection:
        assert connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() == before


@pytest.mark.parametrize(
    "statement", ["UPDATE quotes SET pdf = ''", "DELETE FROM quotes", "TRUNCATE quotes"]
)
def test_a_quote_stays_as_it_was_issued(
    person: Callable[..., Any], draft: Callable[..., Any], statement: str
) -> None:
    actor = person()
    issued = quotes.issue(actor, draft(actor))
    with pytest.raises(ProgrammingError, match="append-only"), transaction() as connection:
        connection.execute(text(statement))
    assert quotes.document(actor, issued.id).pdf == issued.pdf


@pytest.mark.parametrize(
    "values",
    [
        {"actual_cost": -1},
        {"status": "asleep"},
        {"status": JobStatus.RUNNING, "queued_at": None},
        {"estimated_cost_max": None},
        {"budget_month": None},
    ],
)
def test_a_job_row_that_makes_no_sense_is_refused(
    draft: Callable[..., Any], values: dict[str, Any]
) -> None:
    opened = draft()
    sound = {
        "training_file_id": opened.file.id,
        "created_by": opened.owner_id,
        "name": "job",
        "draft": {},
        "status": JobStatus.QUEUED,
        "queued_at": datetime.now(UTC),
        "budget_month": this_month(),
        "estimated_cost_max": 1,
    }
    with transaction() as connection:
        connection.execute(training_jobs.insert().values(**sound))
        with pytest.raises(IntegrityError), connection.begin_nested():
            connection.execute(training_jobs.insert().values(**{**sound, **values}))


def test_there_is_one_owner_at_most(installation: str, person: Callable[..., Any]) -> None:
    person(role="owner")
    with pytest.raises(IntegrityError):
        person(role="owner")


def test_nobody_is_their_own_manager(person: Callable[..., Any]) -> None:
    user = person()
    with pytest.raises(IntegrityError), transaction() as connection:
        connection.execute(users.update().where(users.c.id == user.id).values(manager_id=user.id))


def test_a_reservation_is_settled_with_a_cost_or_not_at_all(draft: Callable[..., Any]) -> None:
    opened = draft()
    with transaction() as connection:
        budgets.reserve(
            connection,
            job_id=opened.job_id,
            user_id=opened.owner_id,
            month=this_month(),
            amount=1,
        )
        with pytest.raises(DBAPIError), connection.begin_nested():
            connection.execute(
                budget_reservations.update()
                .where(budget_reservations.c.job_id == opened.job_id)
                .values(settled_at=datetime.now(UTC))
            )


def test_a_limit_begins_on_the_first_of_a_month(person: Callable[..., Any]) -> None:
    user = person()
    with pytest.raises(IntegrityError), transaction() as connection:
        budgets.set_limit(
            connection,
            user_id=user.id,
            month=this_month().replace(day=2),
            limit=1,
            grace_percent=10,
            set_by=None,
        )
