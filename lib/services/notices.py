"""What a user is told once: that a new month has begun (FR1.2.2)."""

from datetime import date

from lib.db import budgets, notices, users
from lib.db.connection import transaction
from lib.domain.budget import billing_month, reset_notice
from lib.domain.people import Person
from lib.services.spending import months_before
from lib.settings import settings


def month_begun(person: Person, month: date) -> str | None:
    """The reset notice at the first visit of a month; None later, and for who is new in it."""
    with transaction() as connection:
        user = users.by_id(connection, person.id)
        joined = user and billing_month(user.created_at, settings().time_zone)
        if not joined or joined >= month:
            return None
        if not notices.first_time(connection, person.id, f"month {month.isoformat()}"):
            return None
        now = budgets.snapshot(connection, person.id, month)
        before = budgets.snapshot(connection, person.id, months_before(month, 1))
    return reset_notice(now.limit, before.spent)
