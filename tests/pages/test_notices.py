"""The notice of a new month is shown above any page, once."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import update
from streamlit.testing.v1 import AppTest

from lib.db.connection import transaction
from lib.db.tables import users
from lib.services import accounts


def any_page() -> None:
    from lib.ui import notices
    from lib.ui.guard import guard

    notices.show(guard())


def test_the_reset_is_told_at_the_first_page_of_the_month_alone(
    person: Callable[..., Any],
) -> None:
    ana = person(limit="400.00")
    with transaction() as connection:
        long_ago = {"created_at": datetime(2020, 1, 1, tzinfo=UTC)}
        connection.execute(update(users).where(users.c.id == ana.id).values(long_ago))

    def visit() -> AppTest:
        page = AppTest.from_function(any_page)
        page.session_state["session_id"] = accounts.open_session(ana.email)
        return page.run()

    first = visit()
    (notice,) = first.toast
    assert notice.value.replace("\\", "") == (
        "✓ Budget Reset: Your monthly training budget has been reset to $400.00. "
        "Last month's spend: $0.00."
    )
    assert not first.run().toast
    assert not visit().toast
