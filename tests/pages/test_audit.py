"""The audit page: its table, filters that live in the address, pages, and the verification."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text
from streamlit.testing.v1 import AppTest

from lib.db import budgets
from lib.db.connection import transaction
from lib.domain.audit import ActionType
from lib.domain.people import Person
from lib.services import audit
from tests.pages.conftest import said

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Person:
    return person(role="owner", name="Ada", email="ada@example.com")


def note(
    who: Person, count: int = 1, action: ActionType = ActionType.LIMIT_SET, **more: Any
) -> None:
    with transaction() as connection:
        for _ in range(count):
            budgets.audit(connection, action, user_id=who.id, actor_id=who.id, **more)


def numbers(page: AppTest) -> list[int]:
    return page.dataframe[0].value["No."].tolist()


def test_an_empty_log_says_what_comes_there(owner: Person, open_page: Make) -> None:
    page = open_page("audit", owner)
    assert not page.exception
    assert "Nothing recorded yet" in said(page)


def test_an_entry_is_shown_with_everything_that_is_recorded(owner: Person, open_page: Make) -> None:
    note(
        owner,
        action=ActionType.OVERRIDE_APPROVED,
        amount=Decimal("12.50"),
        justification="<b>**Why**</b>",
        ip_address="203.0.113.7",
        details={"limit": "5.00"},
    )
    page = open_page("audit", owner)
    assert not page.exception
    row = page.dataframe[0].value.loc[0]
    assert row[["No.", "Action", "Amount", "Whose budget", "By"]].tolist() == [
        *(1, "Override approved", 12.5, "Ada", "Ada"),
    ]
    assert row[["Justification", "IP address", "Details"]].tolist() == [
        *("<b>**Why**</b>", "203.0.113.7", '{"limit": "5.00"}'),
    ]


def test_filters_narrow_the_table_and_can_be_cleared(owner: Person, open_page: Make) -> None:
    note(owner, 2)
    note(owner, action=ActionType.OVERRIDE_APPROVED, justification="the quarter's end")
    page = open_page("audit", owner)
    page.selectbox(key="audit-action").select(ActionType.LIMIT_SET).run()
    assert numbers(page) == [2, 1]
    assert page.query_params["action"] == "limit_set"
    page.text_input(key="audit-text").input("quarter").run()
    assert "No entry matches" in said(page)
    next(button for button in page.button if button.label == "Clear the filters").click().run()
    assert not page.exception
    assert numbers(page) == [3, 2, 1]
    page.selectbox(key="audit-order").select("oldest").run()
    assert numbers(page) == [1, 2, 3]


def test_an_address_with_filters_opens_them(owner: Person, person: Make, open_page: Make) -> None:
    bob = person(name="Bob", manager=owner)
    note(owner)
    note(bob)
    page = open_page("audit", owner)
    page.query_params["who"] = str(bob.id)
    page.query_params["action"] = "limit_set"
    page.run()
    assert not page.exception
    assert numbers(page) == [2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("who", "nobody"),
        ("action", "coffee"),
        ("since", "yesterday"),
        ("until", "9999-12-31"),
        ("since", "0001-01-01"),
        ("after", "-1"),
        ("after", "9" * 40),
        ("job", "7"),
        ("order", "sideways"),
    ],
)
def test_an_address_that_makes_no_sense_shows_everything(
    owner: Person, open_page: Make, name: str, value: str
) -> None:
    note(owner)
    page = open_page("audit", owner)
    page.query_params[name] = value
    page.run()
    assert not page.exception
    assert numbers(page) == [1]


def test_pages_of_a_long_log(owner: Person, open_page: Make) -> None:
    note(owner, audit.A_PAGE + 5)
    page = open_page("audit", owner)
    assert len(numbers(page)) == audit.A_PAGE
    turn = next(button for button in page.button if button.label == "Next page")
    turn.click().run()
    assert numbers(page) == [5, 4, 3, 2, 1]
    page.selectbox(key="audit-action").select(
        ActionType.LIMIT_SET
    ).run()  # a filter begins at the top
    assert len(numbers(page)) == audit.A_PAGE


def test_the_chain_is_verified_at_a_press(owner: Person, open_page: Make) -> None:
    note(owner, 3)
    page = open_page("audit", owner)
    assert audit.head(owner).hash in page.code[0].value
    page.button(key="verify").click().run()
    assert "All 3 rows are as they were written" in page.success[0].value
    with transaction() as connection:
        connection.execute(text("ALTER TABLE budget_audit_log DISABLE TRIGGER USER"))
        connection.execute(text("UPDATE budget_audit_log SET amount = 1 WHERE id = 2"))
        connection.execute(text("ALTER TABLE budget_audit_log ENABLE TRIGGER USER"))
    page.button(key="verify").click().run()
    assert "Row 2 breaks the chain" in page.error[0].value
    page.text_input(key="noted-hash").input("abc").run()
    page.button(key="verify").click().run()
    assert "64 hexadecimal digits" in page.error[0].value


@pytest.mark.parametrize("role", ["analyst", "manager"])
def test_others_see_their_own_and_verify_nothing(
    owner: Person, person: Make, open_page: Make, role: str
) -> None:
    other = person(role=role, manager=owner)
    note(owner)
    note(other)
    page = open_page("audit", other)
    assert not page.exception
    assert numbers(page) == [2]
    assert "verify" not in [button.key for button in page.button]
