"""The outbox page: every mail with its state, as text and in a frame that runs nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update

from lib.db.connection import transaction
from lib.db.tables import outbox
from lib.domain.people import Person
from lib.services import mail
from tests.pages.conftest import said
from tests.services.test_requests import ask

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Person:
    return person(role="owner", name="Ada", email="ada@example.com")


def test_an_empty_outbox_says_what_comes_there(owner: Person, open_page: Make) -> None:
    page = open_page("outbox", owner)
    assert not page.exception
    assert "No mail yet" in said(page)


def test_a_mail_is_shown_as_text_and_as_html_in_a_sandbox(
    owner: Person, person: Make, open_page: Make
) -> None:
    ask(person(name="Ana", manager=owner), why="<script>alert(1)</script> " * 3)
    page = open_page("outbox", owner)

    assert not page.exception
    assert page.dataframe[0].value.loc[0, ["State", "To"]].tolist() == [
        *("Kept here", "ada@example.com"),
    ]
    assert "No mail server is set up" in page.info[0].value
    assert "Ana asks for a monthly budget" in page.code[0].value
    (frame,) = page.get("iframe")
    assert '<iframe sandbox="" ' in frame.proto.srcdoc
    assert "<script" not in frame.proto.srcdoc
    assert "&amp;lt;script&amp;gt;" in frame.proto.srcdoc


def test_a_mail_that_failed_says_why_and_can_be_sent_again(
    owner: Person, person: Make, open_page: Make, configure: Make
) -> None:
    configure(SMTP_URL="smtp://127.0.0.1:1")
    ask(person(manager=owner))
    with transaction() as connection:
        connection.execute(
            update(outbox).values(
                failed_at=datetime.now(UTC), error="The mail server answered 550: No **such** user"
            )
        )
    page = open_page("outbox", owner)
    assert "1 mail was refused for good" in page.error[0].value
    assert "550" in page.warning[0].value
    assert "**such**" not in page.warning[0].value
    page.button[0].click().run()
    assert not page.exception
    assert not page.error
    assert [one.state for one in mail.listing(owner)] == ["waiting"]


@pytest.mark.parametrize("role", ["analyst", "manager"])
def test_others_are_refused(owner: Person, person: Make, open_page: Make, role: str) -> None:
    ask(person(manager=owner))
    page = open_page("outbox", person(role=role), faults=True)
    assert "Only an admin or the owner" in page.error[0].value
    assert not page.dataframe
