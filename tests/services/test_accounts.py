"""People: one owner, roles, sign-ins that end on the server."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier
from typing import Any

import bcrypt
import pytest
from sqlalchemy import func, select

from lib.db.connection import transaction
from lib.db.tables import activity_log, budget_audit_log, user_sessions, users
from lib.domain.people import Person, Role
from lib.services import accounts, budgets
from lib.services.errors import NotAllowed, Refusal

PASSWORD = "correct horse battery"
LIMIT = Decimal("750.00")
Make = Callable[..., Any]


def add(actor: Person | None, email: str, **values: Any) -> Person:
    given = {"name": "Bob", "password": PASSWORD, "role": Role.ANALYST, **values}
    return accounts.add_user(actor, email=email, **given)


def stored(person: Person) -> Any:
    with transaction() as connection:
        return connection.execute(select(users).where(users.c.id == person.id)).one()


def test_a_new_installation_is_set_up_by_its_owner_and_once(installation: str) -> None:
    assert not accounts.is_set_up()
    assert accounts.operator() == accounts.operator()
    assert not accounts.is_set_up()
    owner = accounts.create_owner("Ada", "Ada@Example.com", PASSWORD, LIMIT)
    assert accounts.is_set_up()
    assert accounts.operator() == owner
    assert owner == Person(owner.id, "ada@example.com", "Ada", Role.OWNER)
    with pytest.raises(Refusal, match="set up already"):
        accounts.create_owner("Eve", "eve@example.com", PASSWORD, LIMIT)


def test_of_eight_who_set_it_up_at_once_one_becomes_the_owner(installation: str) -> None:
    barrier = Barrier(8)

    def set_up(number: int) -> bool:
        barrier.wait()
        try:
            accounts.create_owner("Ada", f"ada-{number}@example.com", PASSWORD, LIMIT)
        except Refusal:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(set_up, range(8))) == 1
    with transaction() as connection:
        assert connection.scalar(select(func.count()).select_from(users)) == 1


def test_the_password_is_kept_as_a_hash_only(person: Make) -> None:
    user = stored(add(person(role="admin"), "hash@example.com"))
    assert PASSWORD not in str(user)
    assert bcrypt.checkpw(PASSWORD.encode(), user.password_hash.encode())


def test_a_bad_field_is_named_and_nobody_is_added(person: Make) -> None:
    admin = person(role="admin")
    for values, named in (
        ({"password": "short"}, "password"),
        ({"name": ""}, "name"),
        ({"manager_email": "nobody@example.com"}, "manager"),
    ):
        with pytest.raises(ValueError, match=f"^{named}: "):
            add(admin, "bad-field@example.com", **values)
    with pytest.raises(ValueError, match=r"^e-mail: "):
        add(admin, "no address")
    with transaction() as connection:
        found = select(users.c.id).where(users.c.email == "bad-field@example.com")
        assert connection.execute(found).one_or_none() is None


@pytest.mark.parametrize("role", ["analyst", "manager"])
def test_only_admins_and_the_owner_add_people(person: Make, role: str) -> None:
    with pytest.raises(NotAllowed):
        add(person(role=role), "intruder@example.com")


def test_an_address_is_one_person(person: Make) -> None:
    admin = person(role="admin")
    add(admin, "once@example.com")
    with pytest.raises(Refusal, match="is a user already"):
        add(admin, "ONCE@example.com")


def test_an_analyst_has_a_manager_and_a_limit_which_is_audited(person: Make) -> None:
    manager = person(role="manager")
    analyst = add(
        person(role="admin"),
        "analyst@example.com",
        manager_email=manager.email,
        monthly_limit=Decimal("125.50"),
    )
    assert stored(analyst).manager_id == manager.id
    assert budgets.budget_of(analyst.id).limit == Decimal("125.50")
    with transaction() as connection:
        audited = select(budget_audit_log).where(budget_audit_log.c.user_id == analyst.id)
        row = connection.execute(audited).one()
    assert (row.action_type, row.amount) == ("limit_set", Decimal("125.50"))


def test_there_is_never_a_second_owner(installation: str) -> None:
    owner = accounts.create_owner("Ada", "ada@example.com", PASSWORD, LIMIT)
    with pytest.raises(Refusal, match="one owner"):
        add(owner, "second@example.com", role=Role.OWNER)


def test_signing_out_ends_the_session_on_the_server(person: Make) -> None:
    user = person()
    session = accounts.open_session(user.email)
    other = accounts.open_session(user.email)
    assert accounts.person_of_session(session) == user
    accounts.end_session(session)
    assert accounts.person_of_session(session) is None
    assert accounts.person_of_session(other) == user


def test_a_session_expires(person: Make) -> None:
    session = accounts.open_session(person().email)
    with transaction() as connection:
        connection.execute(
            user_sessions.update()
            .where(user_sessions.c.id == session)
            .values(expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
    assert accounts.person_of_session(session) is None


def test_the_role_of_a_session_is_the_one_in_the_database_now(person: Make) -> None:
    user = person(role="manager")
    session = accounts.open_session(user.email)
    with transaction() as connection:
        connection.execute(users.update().where(users.c.id == user.id).values(role="analyst"))
    demoted = accounts.person_of_session(session)
    assert demoted is not None
    assert demoted.role is Role.ANALYST


def test_a_disabled_user_is_out_at_once(person: Make) -> None:
    user = person()
    session = accounts.open_session(user.email)
    with transaction() as connection:
        connection.execute(
            users.update().where(users.c.id == user.id).values(disabled_at=func.now())
        )
    assert accounts.person_of_session(session) is None
    assert user.email not in accounts.credentials()["usernames"]
    with pytest.raises(Refusal):
        accounts.open_session(user.email)


def test_too_many_wrong_passwords_lock_the_account_for_a_while(person: Make) -> None:
    user, other = person(), person()
    for _ in range(accounts.FAILED_SIGN_INS_ALLOWED):
        accounts.open_session(other.email)
        accounts.record_failed_sign_in(user.email)
    with pytest.raises(Refusal, match="15 minutes"):
        accounts.open_session(user.email)
    with transaction() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(users.update().where(users.c.id == user.id).values(locked_until=past))
    assert accounts.open_session(user.email)


def test_the_right_password_forgets_the_wrong_ones(person: Make) -> None:
    user = person()
    for _ in range(accounts.FAILED_SIGN_INS_ALLOWED - 1):
        accounts.record_failed_sign_in(user.email)
    accounts.open_session(user.email)
    accounts.record_failed_sign_in(user.email)
    assert accounts.open_session(user.email)


def test_a_wrong_password_for_an_unknown_address_is_logged_too(database: object) -> None:
    accounts.record_failed_sign_in("nobody@example.com")
    with transaction() as connection:
        logged = select(activity_log).where(activity_log.c.subject == "nobody@example.com")
        row = connection.execute(logged).one()
    assert (row.action, row.succeeded, row.actor_id) == ("signed_in", False, None)


def test_all_processes_sign_cookies_with_one_key(installation: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: accounts.cookie_key(), range(8)))
    assert len(keys) == 1
    assert len(keys.pop()) == 64
