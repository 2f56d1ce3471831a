"""The notice of a new month: once, to who was there before it, with last month's spend."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update

from lib.db.connection import transaction
from lib.db.tables import budget_reservations, training_jobs, users
from lib.services import notices
from lib.services.budgets import this_month
from lib.services.spending import months_before

Make = Callable[..., Any]


def joined(person: Any, moment: datetime) -> Any:
    with transaction() as connection:
        connection.execute(update(users).where(users.c.id == person.id).values(created_at=moment))
    return person


def test_the_first_visit_of_a_month_tells_of_the_reset_once(person: Make, past_job: Make) -> None:
    last = months_before(this_month(), 1)
    actor = joined(person(limit="400.00"), datetime(2020, 1, 1, tzinfo=UTC))
    job_id = past_job(actor, actual_hours="10")
    with transaction() as connection:
        connection.execute(
            update(training_jobs)
            .where(training_jobs.c.id == job_id)
            .values(budget_month=last, actual_cost="24.90")
        )
        connection.execute(
            budget_reservations.insert().values(
                job_id=job_id,
                user_id=actor.id,
                month=last,
                amount="30.00",
                settled_at=datetime.now(UTC),
                settled_cost="24.90",
            )
        )
    assert notices.month_begun(actor, this_month()) == (
        "✓ Budget Reset: Your monthly training budget has been reset to $400.00. "
        "Last month's spend: $24.90."
    )
    assert notices.month_begun(actor, this_month()) is None


def test_who_is_new_this_month_has_had_no_reset(person: Make) -> None:
    assert notices.month_begun(person(), this_month()) is None


def test_each_person_is_told(person: Make) -> None:
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    for actor in (joined(person(), long_ago), joined(person(), long_ago)):
        assert notices.month_begun(actor, this_month()) is not None
