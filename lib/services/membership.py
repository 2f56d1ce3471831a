"""Who belongs here, with which role, reporting to whom: changed by admins and the owner."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import activity, users
from lib.db.connection import reading, transaction
from lib.domain.people import ADMINISTERING, Person, Role
from lib.services.errors import NotAllowed, NotFound, Refusal


def members(actor: Person) -> list[Row]:
    """Everybody, disabled users last: id, name, email, role, manager_id, disabled_at."""
    _check_administers(actor)
    with reading() as connection:
        return users.members(connection)


def change(actor: Person, user_id: UUID, *, role: Role, manager_id: UUID | None) -> None:
    """Gives a user a role and a manager. Raises NotAllowed, NotFound, Refusal.

    Nobody changes their own role, there stays one owner, and nobody reports to themselves, not
    even by way of others.
    """
    with transaction() as connection:
        user = _lock(connection, actor, user_id)
        if user.role != role:
            if user.id == actor.id:
                raise Refusal("Nobody changes their own role: ask another admin.")
            if Role.OWNER in (user.role, role):
                raise Refusal("There is one owner, and that role is not passed on here.")
        _check_manager(connection, user_id, manager_id)
        users.write(connection, user_id, role=role, manager_id=manager_id)
        details = {"role": role, "manager_id": manager_id and str(manager_id)}
        _record(connection, actor, "user_changed", user_id, details)


def disable(actor: Person, user_id: UUID) -> None:
    """Ends the user's sessions and lets nobody in; their jobs, budgets and history stay."""
    with transaction() as connection:
        user = _lock(connection, actor, user_id)
        if user.id == actor.id or user.role == Role.OWNER:
            raise Refusal("Neither the owner nor yourself can be disabled.")
        users.disable(connection, user_id)
        _record(connection, actor, "user_disabled", user_id)


def enable(actor: Person, user_id: UUID) -> None:
    """Lets a disabled user in again."""
    with transaction() as connection:
        _lock(connection, actor, user_id)
        users.write(connection, user_id, disabled_at=None)
        _record(connection, actor, "user_enabled", user_id)


def _lock(connection: Connection, actor: Person, user_id: UUID) -> Row:
    """The user's row, with all changes of people coming one after the other."""
    _check_administers(actor)
    users.lock_additions(connection)
    user = users.any_by_id(connection, user_id)
    if user is None:
        raise NotFound("There is no such user.")
    return user


def _check_administers(actor: Person) -> None:
    if actor.role not in ADMINISTERING:
        raise NotAllowed("Only an admin or the owner sees and changes who works here.")


def _check_manager(connection: Connection, user_id: UUID, manager_id: UUID | None) -> None:
    above, seen = manager_id, {user_id}
    while above is not None:
        if above in seen:
            raise Refusal("That would make people report to themselves in a circle.")
        seen.add(above)
        manager = users.any_by_id(connection, above)
        if manager is None or (above == manager_id and manager.disabled_at is not None):
            raise NotFound("There is no such manager.")
        if above == manager_id and manager.role == Role.ANALYST:
            raise Refusal("An analyst manages nobody: give them the role of a manager first.")
        above = manager.manager_id


def _record(
    connection: Connection,
    actor: Person,
    action: str,
    user_id: UUID,
    details: Mapping[str, object] | None = None,
) -> None:
    activity.record(
        connection, action, actor_id=actor.id, subject=str(user_id), details=details or {}
    )
