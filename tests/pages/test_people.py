"""The people page: admins add and change people, others are told who does."""

from collections.abc import Callable
from typing import Any

from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from lib.services import membership
from tests.pages.conftest import said

Make = Callable[..., Person]


def press(page: AppTest, label: str) -> AppTest:
    (button,) = [button for button in page.button if button.label == label]
    return button.click().run()


def test_others_are_told_who_may(person: Make, open_page: Callable[..., AppTest]) -> None:
    page = open_page("people", person(role="manager"))
    assert "Admins and the owner" in said(page)
    assert not page.button


def test_an_admin_adds_somebody(person: Make, open_page: Callable[..., AppTest]) -> None:
    admin, manager = person(role="admin"), person(role="manager", name="Mia")
    page = open_page("people", admin)
    page.text_input("new-name").set_value("Zoë <b>New</b>")
    page.text_input("new-email").set_value("zoe.new@example.com")
    page.text_input("new-password").set_value("short")
    page.selectbox("new-manager").set_value(manager.id)
    page = press(page, "Add")
    assert "12 to 128 characters" in page.error[0].value
    assert page.text_input("new-name").value == "Zoë <b>New</b>"
    page.text_input("new-password").set_value("quiet river paper lamp")
    page = press(page, "Add")
    assert not page.error
    added = {one.email: one for one in membership.members(admin)}["zoe.new@example.com"]
    assert (added.name, added.role, added.manager_id) == ("Zoë <b>New</b>", "analyst", manager.id)


def test_an_admin_changes_and_disables_somebody(
    person: Make, open_page: Callable[..., AppTest]
) -> None:
    admin, ana = person(role="admin"), person(name="Ana Changed")

    def now() -> Any:
        return {one.id: one for one in membership.members(admin)}[ana.id]

    page = open_page("people", admin)
    page.selectbox("changed").set_value(ana.id).run()
    page.selectbox(f"role-{ana.id}").set_value("manager")
    press(page, "Save")
    assert now().role == "manager"
    press(page, "Disable")
    assert now().disabled_at is not None
    press(page, "Let in again")
    assert now().disabled_at is None
