"""People: setting up the owner, adding users, sessions that end on the server."""

import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import bcrypt
from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from lib.db import activity, budgets, users
from lib.db.connection import reading, transaction
from lib.domain.audit import ActionType
from lib.domain.budget import billing_month
from lib.domain.people import Person, Role, check_password, clean_email, clean_name
from lib.services.errors import NotAllowed, Refusal
from lib.settings import settings

FAILED_SIGN_INS_ALLOWED = 10
LOCKED_FOR = timedelta(minutes=15)
#: Acts at the command line before the owner is set up; its hash is no hash, so nobody signs in.
OPERATOR = {"name": "Command line", "email": "command-line@localhost", "password_hash": "none"}


def is_set_up() -> bool:
    """Whether the owner exists; before that the app shows nothing but the set-up."""
    with reading() as connection:
        return users.owner_exists(connection)


def create_owner(
    name: str, email: str, password: str, monthly_limit: Decimal, ip_address: str | None = None
) -> Person:
    """The first user. Raises ValueError naming a bad field, Refusal where an owner exists."""
    values = _checked(name, email, password)
    with transaction() as connection:
        if users.owner_exists(connection):
            raise Refusal("This installation has been set up already: sign in instead.")
        try:
            return _add(
                connection,
                Role.OWNER,
                monthly_limit,
                manager_id=None,
                actor_id=None,
                ip_address=ip_address,
                **values,
            )
        except IntegrityError:
            raise Refusal("This installation has just been set up: sign in instead.") from None


def add_user(
    actor: Person | None,
    *,
    name: str,
    email: str,
    password: str,
    role: Role,
    monthly_limit: Decimal | None = None,
    manager_email: str | None = None,
) -> Person:
    """Another user. `actor` None is the operator at the command line.

    Raises ValueError naming a bad field, NotAllowed, Refusal for a known address.
    """
    if actor is not None and actor.role not in {Role.ADMIN, Role.OWNER}:
        raise NotAllowed("Only an admin or the owner can add users.")
    values = _checked(name, email, password)
    limit = settings().default_monthly_limit if monthly_limit is None else monthly_limit
    with transaction() as connection:
        if role is Role.OWNER and users.owner_exists(connection):
            raise Refusal("There is one owner; add an admin instead.")
        manager_id = None
        if manager_email is not None:
            manager = users.by_email(connection, clean_email(manager_email))
            if manager is None:
                raise ValueError(f"manager: nobody here has the address {manager_email!r:.80}")
            manager_id = manager.id
        if users.by_email(connection, values["email"]) is not None:
            raise Refusal(f"{values['email']} is a user already.")
        return _add(
            connection,
            role,
            limit,
            manager_id=manager_id,
            actor_id=actor.id if actor else None,
            ip_address=None,
            **values,
        )


def credentials() -> dict[str, dict[str, dict[str, str]]]:
    """All users who can sign in, in streamlit-authenticator's form, by e-mail address."""
    with reading() as connection:
        return {
            "usernames": {
                user.email: {
                    "email": user.email,
                    "name": user.name,
                    "password": user.password_hash,
                }
                for user in users.everyone(connection)
                if user.password_hash != OPERATOR["password_hash"]
            }
        }


def cookie_key() -> str:
    """The key that signs sign-in cookies; made once an installation."""
    with transaction() as connection:
        return users.secret(connection, "cookie_key", lambda: secrets.token_hex(32))


def open_session(email: str) -> UUID:
    """A new session on the server for a user whose password was right. Raises Refusal."""
    with transaction() as connection:
        user = users.by_email(connection, email)
        if user is None or users.is_locked(connection, email):
            raise Refusal(
                f"Too many wrong passwords. Try again in {LOCKED_FOR.seconds // 60} minutes."
            )
        expires_at = datetime.now(UTC) + timedelta(days=settings().session_days)
        activity.record(connection, "signed_in", actor_id=user.id)
        return users.open_session(connection, user.id, expires_at)


def record_failed_sign_in(email: str) -> None:
    """Counts a wrong password; too many lock the account for a while."""
    with transaction() as connection:
        users.count_failure(
            connection, email, FAILED_SIGN_INS_ALLOWED, datetime.now(UTC) + LOCKED_FOR
        )
        activity.record(connection, "signed_in", subject=email[:254], succeeded=False)


def person_of_session(session_id: UUID) -> Person | None:
    """Who is signed in, with the role as it is in the database now."""
    with reading() as connection:
        user = users.by_session(connection, session_id)
    return None if user is None else _person(user)


def end_session(session_id: UUID) -> None:
    """Signs out on the server: a kept copy of the cookie opens nothing any more."""
    with transaction() as connection:
        users.end_session(connection, session_id)


def operator() -> Person:
    """Who acts at the command line: the owner, and before there is one a user who cannot sign in.

    Whoever has a shell here could read the database anyway; so scripts need no set-up first.
    """
    with transaction() as connection:
        owner = next((user for user in users.everyone(connection) if user.role == Role.OWNER), None)
        found = owner or users.by_email(connection, OPERATOR["email"])
        if found is not None:
            return _person(found)
        users.lock_additions(connection)
        found = users.by_email(connection, OPERATOR["email"])
        if found is not None:
            return _person(found)
        limit = settings().default_monthly_limit
        return _add(
            connection,
            Role.ADMIN,
            limit,
            manager_id=None,
            actor_id=None,
            ip_address=None,
            **OPERATOR,
        )


def _checked(name: str, email: str, password: str) -> dict[str, str]:
    cleaned_name, cleaned_email = clean_name(name), clean_email(email)
    check_password(password, name=cleaned_name, email=cleaned_email)
    hashed = bcrypt.hashpw(password.encode(), bcrypt.gensalt()).decode()
    return {"name": cleaned_name, "email": cleaned_email, "password_hash": hashed}


def _add(
    connection: Connection,
    role: Role,
    limit: Decimal,
    *,
    manager_id: UUID | None,
    actor_id: UUID | None,
    ip_address: str | None,
    name: str,
    email: str,
    password_hash: str,
) -> Person:
    user_id = users.add(
        connection,
        name=name,
        email=email,
        password_hash=password_hash,
        role=role,
        manager_id=manager_id,
    )
    budgets.set_limit(
        connection,
        user_id=user_id,
        month=billing_month(datetime.now(UTC), settings().time_zone),
        limit=limit,
        grace_percent=settings().budget_grace_percent,
        set_by=None,
    )
    activity.record(connection, "user_added", actor_id=actor_id or user_id, subject=email)
    budgets.audit(
        connection,
        ActionType.LIMIT_SET,
        user_id=user_id,
        actor_id=actor_id or user_id,
        amount=limit,
        ip_address=ip_address,
    )
    return Person(id=user_id, email=email, name=name, role=role)


def _person(user: Row) -> Person:
    return Person(id=user.id, email=user.email, name=user.name, role=Role(user.role))
