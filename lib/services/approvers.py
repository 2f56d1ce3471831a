"""Who decides a request: the requester's manager, else an admin, else the owner."""

from sqlalchemy import Connection, Row

from lib.db import users
from lib.domain.people import MANAGING, Role
from lib.services.accounts import OPERATOR
from lib.services.errors import Refusal


def approver_of(connection: Connection, user: Row) -> Row:
    """The enabled user who decides for `user`. Raises Refusal, which says what to do instead."""
    admins = [
        one
        for one in users.everyone(connection)
        if one.role == Role.ADMIN and one.id != user.id and one.email != OPERATOR["email"]
    ]
    if user.role == Role.OWNER:
        how = (
            f"{admins[0].name} ({admins[0].email}), who is an admin, can set your limit on the "
            "Budget page."
            if admins
            else "Add an admin (`users add --role admin`), who can then set your limit on the "
            "Budget page."
        )
        raise Refusal(f"Nobody is above the owner to approve this. {how}")
    manager = users.by_id(connection, user.manager_id) if user.manager_id else None
    if manager is not None and manager.role in MANAGING:
        return manager
    owners = [one for one in users.everyone(connection) if one.role == Role.OWNER]
    found = [*sorted(admins, key=lambda one: one.created_at), *owners]
    if not found:
        raise Refusal(
            "Nobody here can approve this yet: you have no manager, and there is no admin and no "
            "owner. Set up the owner first."
        )
    return found[0]
