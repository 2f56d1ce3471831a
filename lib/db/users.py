"""Queries about people and their sign-ins."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from lib.db.tables import budget_accounts, installation, user_sessions, users
from lib.domain.people import ADMINISTERING, Role


def owner_exists(connection: Connection) -> bool:
    """Whether the installation has been set up."""
    owner = select(users.c.id).where(users.c.role == Role.OWNER)
    return bool(connection.scalar(select(owner.exists())))


def add(connection: Connection, **values: Any) -> UUID:
    """A new user with their budget account. Raises IntegrityError on a known address."""
    user_id = connection.execute(insert(users).values(**values).returning(users.c.id)).scalar_one()
    connection.execute(insert(budget_accounts).values(user_id=user_id))
    return user_id


def lock(connection: Connection, user_id: UUID) -> None:
    """Until the transaction ends, nobody else who locks this user goes on."""
    connection.execute(
        select(users.c.id).where(users.c.id == user_id).with_for_update(key_share=True)
    )


def lock_additions(connection: Connection) -> None:
    """Until the transaction ends nobody else adds a user; reading goes on."""
    connection.execute(text("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE"))


def by_email(connection: Connection, email: str) -> Row | None:
    """An enabled user."""
    return connection.execute(
        select(users).where(users.c.email == email, users.c.disabled_at.is_(None))
    ).one_or_none()


def by_id(connection: Connection, user_id: UUID) -> Row | None:
    """An enabled user."""
    return connection.execute(
        select(users).where(users.c.id == user_id, users.c.disabled_at.is_(None))
    ).one_or_none()


def everyone(connection: Connection) -> list[Row]:
    """All enabled users, by name."""
    return list(
        connection.execute(
            select(users).where(users.c.disabled_at.is_(None)).order_by(users.c.name)
        )
    )


def team_of(connection: Connection, manager_id: UUID) -> list[UUID]:
    """Everybody who reports to a manager, disabled users as well."""
    return list(connection.scalars(select(users.c.id).where(users.c.manager_id == manager_id)))


def members(connection: Connection) -> list[Row]:
    """All users, enabled ones first, by name."""
    return list(
        connection.execute(
            select(users).order_by(users.c.disabled_at.is_not(None), users.c.name, users.c.email)
        )
    )


def administering(connection: Connection) -> list[Row]:
    """Those who may sign in and administer."""
    return list(
        connection.execute(
            select(users)
            .where(users.c.role.in_(ADMINISTERING), users.c.disabled_at.is_(None))
            .order_by(users.c.created_at)
        )
    )


def any_by_id(connection: Connection, user_id: UUID) -> Row | None:
    """A user, enabled or not."""
    return connection.execute(select(users).where(users.c.id == user_id)).one_or_none()


def write(connection: Connection, user_id: UUID, **values: Any) -> None:
    connection.execute(update(users).where(users.c.id == user_id).values(**values))


def disable(connection: Connection, user_id: UUID) -> None:
    """Nobody signs in as this user any more, and who is signed in is out."""
    write(connection, user_id, disabled_at=func.now())
    connection.execute(
        update(user_sessions)
        .where(user_sessions.c.user_id == user_id, user_sessions.c.ended_at.is_(None))
        .values(ended_at=func.now())
    )


def open_session(connection: Connection, user_id: UUID, expires_at: datetime) -> UUID:
    """A session on the server, which the cookie only names; forgets earlier failures."""
    connection.execute(
        update(users).where(users.c.id == user_id).values(failed_sign_ins=0, locked_until=None)
    )
    return connection.execute(
        insert(user_sessions)
        .values(user_id=user_id, expires_at=expires_at)
        .returning(user_sessions.c.id)
    ).scalar_one()


def by_session(connection: Connection, session_id: UUID) -> Row | None:
    """The enabled user of a session that has neither ended nor expired."""
    return connection.execute(
        select(users)
        .join(user_sessions, user_sessions.c.user_id == users.c.id)
        .where(
            and_(
                user_sessions.c.id == session_id,
                user_sessions.c.ended_at.is_(None),
                user_sessions.c.expires_at > func.now(),
                users.c.disabled_at.is_(None),
            )
        )
    ).one_or_none()


def end_session(connection: Connection, session_id: UUID) -> None:
    """From now on the cookie opens nothing."""
    connection.execute(
        update(user_sessions)
        .where(user_sessions.c.id == session_id, user_sessions.c.ended_at.is_(None))
        .values(ended_at=func.now())
    )


def count_failure(
    connection: Connection, email: str, failures_allowed: int, locked_until: datetime
) -> None:
    """One more wrong password; the account is locked for a while after too many."""
    counted = users.c.failed_sign_ins + 1
    connection.execute(update(users).where(users.c.email == email).values(failed_sign_ins=counted))
    connection.execute(
        update(users)
        .where(users.c.email == email, users.c.failed_sign_ins >= failures_allowed)
        .values(locked_until=locked_until, failed_sign_ins=0)
    )


def is_locked(connection: Connection, email: str) -> bool:
    return bool(
        connection.scalar(
            select(
                select(users.c.id)
                .where(users.c.email == email, users.c.locked_until > func.now())
                .exists()
            )
        )
    )


def secret(connection: Connection, key: str, make: Any) -> str:
    """A value of this installation, made by the first process that asks for it."""
    found = connection.scalar(select(installation.c.value).where(installation.c.key == key))
    if found is None:
        connection.execute(
            upsert(installation).values(key=key, value=make()).on_conflict_do_nothing()
        )
        found = connection.execute(
            select(installation.c.value).where(installation.c.key == key)
        ).scalar_one()
    return found
