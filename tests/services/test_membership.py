"""Roles and managers: changed by those who administer, never one's own, never in a circle."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from lib.db.connection import reading
from lib.db.users import any_by_id
from lib.domain.people import Role
from lib.services import accounts, membership, people
from lib.services.errors import NotAllowed, NotFound, Refusal

Make = Callable[..., Any]


def row(user_id: UUID) -> Any:
    with reading() as connection:
        return any_by_id(connection, user_id)


@pytest.mark.parametrize("role", ["analyst", "manager"])
def test_only_those_who_administer_may(person: Make, role: str) -> None:
    actor, ana = person(role=role), person()
    for act in (
        lambda: membership.members(actor),
        lambda: membership.change(actor, ana.id, role=Role.MANAGER, manager_id=None),
        lambda: membership.disable(actor, ana.id),
        lambda: membership.enable(actor, ana.id),
    ):
        with pytest.raises(NotAllowed):
            act()
    assert row(ana.id).role == "analyst"


def test_a_role_and_a_manager_are_given(person: Make) -> None:
    admin, ana, manager = person(role="admin"), person(), person(role="manager")
    membership.change(admin, ana.id, role=Role.MANAGER, manager_id=manager.id)
    assert (row(ana.id).role, row(ana.id).manager_id) == ("manager", manager.id)
    assert ana.id in {one.id for one in people.overseen(manager)}
    membership.change(admin, ana.id, role=Role.ANALYST, manager_id=None)
    assert ana.id not in {one.id for one in people.overseen(manager)}


def test_nobody_changes_their_own_role_and_there_stays_one_owner(
    installation: str, person: Make
) -> None:
    admin, owner, ana = person(role="admin"), person(role="owner"), person()
    for actor, subject, role in (
        (admin, admin, Role.ANALYST),
        (admin, owner, Role.ADMIN),
        (owner, ana, Role.OWNER),
    ):
        with pytest.raises(Refusal):
            membership.change(actor, subject.id, role=role, manager_id=None)
    for subject in (admin, owner):
        with pytest.raises(Refusal):
            membership.disable(admin, subject.id)


def test_nobody_reports_to_themselves_in_a_circle(person: Make) -> None:
    admin = person(role="admin")
    top = person(role="manager")
    middle = person(role="manager", manager=top)
    low = person(role="manager", manager=middle)
    for subject, manager in ((top, low), (top, top), (middle, low)):
        with pytest.raises(Refusal, match="in a circle"):
            membership.change(admin, subject.id, role=Role.MANAGER, manager_id=manager.id)
    with pytest.raises(Refusal, match="manages nobody"):
        membership.change(admin, top.id, role=Role.MANAGER, manager_id=person().id)
    with pytest.raises(NotFound):
        membership.change(admin, top.id, role=Role.MANAGER, manager_id=uuid4())


def test_a_disabled_person_is_out_at_once_and_can_be_let_in_again(person: Make) -> None:
    admin, ana = person(role="admin"), person()
    session = accounts.open_session(ana.email)
    membership.disable(admin, ana.id)
    assert accounts.person_of_session(session) is None
    with pytest.raises(Refusal):
        accounts.open_session(ana.email)
    membership.enable(admin, ana.id)
    again = accounts.person_of_session(accounts.open_session(ana.email))
    assert again is not None
    assert again.id == ana.id
    assert accounts.person_of_session(session) is None
