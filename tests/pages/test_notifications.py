"""The notifications page and the bell: what is unread, where it leads, what somebody is told."""

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.db import jobs
from lib.db.connection import transaction
from lib.domain.notifications import Kind, Notice, Way
from lib.domain.people import Person
from lib.services import accounts, notifications
from tests.pages.conftest import said
from tests.services.test_notifications import FAILED, numbered, tell

Make = Callable[..., Any]


def shell() -> None:
    import streamlit as st

    from lib.ui import bell
    from lib.ui.guard import guard

    person = guard()
    with st.sidebar:
        place = st.empty()
    bell.draw(person, place, live=False)


@pytest.fixture
def ring() -> Callable[[Person], list[str]]:
    """The labels of the bell, in the sidebar and for phones."""

    def look(person: Person) -> list[str]:
        page = AppTest.from_function(shell)
        page.session_state["session_id"] = accounts.open_session(person.email)
        page.run()
        assert not page.exception
        links = [*page.sidebar.get("page_link"), *page.main.get("page_link")]
        return [link.proto.label for link in links]

    return look


def test_the_bell_counts_what_is_unread_beside_the_account_and_on_a_phone(
    person: Make, ring: Make
) -> None:
    ana = person()
    assert ring(ana) == ["Notifications"] * 2
    for number in range(3):
        tell(ana, numbered(number))
    assert ring(ana) == ["Notifications **3**"] * 2
    notifications.mark_all_read(ana)
    assert ring(ana) == ["Notifications"] * 2


def test_above_ninety_nine_the_bell_says_more(person: Make, ring: Make) -> None:
    ana = person()
    for number in range(101):
        tell(ana, numbered(number))
    assert ring(ana) == ["Notifications **99+**"] * 2


def test_without_notifications_the_page_says_what_comes_there(
    person: Make, open_page: Make
) -> None:
    page = open_page("notifications", person())
    assert not page.exception
    assert "Nothing has happened yet" in said(page)


def test_one_is_marked_as_read_and_then_all(person: Make, open_page: Make) -> None:
    ana = person()
    for number in range(3):
        tell(ana, numbered(number))
    page = open_page("notifications", ana)
    assert "3 unread" in said(page)
    newest = notifications.newest(ana)[0]

    page.button(key=f"read-{newest.id}").click().run()
    assert "2 unread" in said(page)
    assert [row.id for row in notifications.newest(ana)][-1] == newest.id  # read ones come last
    assert f"read-{newest.id}" not in [button.key for button in page.button]

    page.button(key="read-all").click().run()
    assert "all read" in said(page)
    assert page.button(key="read-all").disabled
    assert notifications.unread(ana) == 0


def test_it_leads_to_its_job_and_counts_as_read(
    person: Make, open_page: Make, started_job: Make, switches: list[Any]
) -> None:
    ana = person()
    job_id = started_job(ana)
    with transaction() as connection:
        job = jobs.lock(connection, job_id)
        notifications.job_started(connection, job, "this machine")
    (row,) = notifications.newest(ana)
    open_page("notifications", ana).button(key=f"open-{row.id}").click().run()
    assert switches == [("job", str(job_id))]
    assert notifications.unread(ana) == 0


@pytest.mark.parametrize(
    ("kind", "page"),
    [
        (Kind.BUDGET_ALERT, "budget"),
        (Kind.BUDGET_CRITICAL, "budget"),
        (Kind.REQUEST_ASKED, "approvals"),
        (Kind.REQUEST_DECIDED, "approvals"),
    ],
)
def test_others_lead_to_the_budget_and_to_the_approvals(
    person: Make, open_page: Make, switches: list[Any], kind: Kind, page: str
) -> None:
    ana = person()
    tell(ana, Notice(kind, "one", "Title"))
    (row,) = notifications.newest(ana)
    open_page("notifications", ana).button(key=f"open-{row.id}").click().run()
    assert switches == [(page, None)]


def test_every_kind_is_listed_with_a_sign_of_its_own(person: Make, open_page: Make) -> None:
    ana = person()
    for kind in Kind:
        tell(ana, Notice(kind, str(kind), f"About {kind}"))
    page = open_page("notifications", ana)
    assert not page.exception
    titles = [entry.value for entry in page.markdown if "About" in entry.value]
    assert len(titles) == len(Kind)
    assert all(title.startswith(":material/") for title in titles)


def test_what_somebody_typed_stays_text(person: Make, open_page: Make) -> None:
    ana = person()
    evil = "**bold** [x](http://evil) <script>x</script> :material/home: $x$"
    tell(ana, Notice(Kind.JOB_FAILED, "evil", f"Training failed for {evil}", evil))
    page = open_page("notifications", ana)
    title, detail = [m.value for m in page.markdown if "bold" in m.value]
    for shown in (title.removeprefix(":material/error: **").removesuffix("**"), detail):
        for markup in ("**", "[x](", "<script>", ":material/home:", "$x$"):
            assert markup not in shown, shown


def test_a_choice_is_kept_at_once(person: Make, open_page: Make) -> None:
    ana = person()
    page = open_page("notifications", ana)
    started = page.checkbox(key="job_started-mail")
    assert (started.value, page.checkbox(key="job_failed-mail").value) == (False, True)
    started.check().run()
    page.checkbox(key="job_failed-bell").uncheck().run()
    assert not page.exception

    again = open_page("notifications", ana)
    assert again.checkbox(key="job_started-mail").value
    assert not again.checkbox(key="job_failed-bell").value
    tell(ana, FAILED)
    assert notifications.unread(ana) == 0
    assert notifications.preferences(ana)[Kind.JOB_STARTED, Way.MAIL]


def test_the_teams_chat_is_an_admins_choice(
    installation: str, person: Make, open_page: Make, configure: Make
) -> None:
    ana, admin = person(), person(role="admin")
    assert not [box for box in open_page("notifications", ana).checkbox if box.label == "Chat"]
    page = open_page("notifications", admin)
    assert "It is not connected" in said(page)
    assert page.checkbox(key="budget_alert-chat").disabled
    page.checkbox(key="job_failed-chat").check().run()
    assert not page.exception
    assert notifications.chat_kinds(admin) == {Kind.JOB_FAILED}
    configure(CHAT_URL="json://127.0.0.1/hook")
    assert "It is not connected" not in said(open_page("notifications", admin))
