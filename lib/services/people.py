"""Who works here, for those who manage."""

from uuid import UUID

from sqlalchemy import Row

from lib.db import users
from lib.db.connection import reading
from lib.domain.people import ADMINISTERING, MANAGING, Person, Role
from lib.services.errors import NotAllowed


def overseen(actor: Person) -> list[Person]:
    """Whose money the actor may look at, themselves first: a manager's team, or everybody.

    Who is disabled comes last and is named as such: what they have spent stays in the sums.
    """
    with reading() as connection:
        others = [user for user in users.members(connection) if user.id != actor.id]
    if actor.role not in ADMINISTERING:
        others = [user for user in others if user.manager_id == actor.id]
    return [actor, *map(_person, others if actor.role in MANAGING else [])]


def team(actor: Person, manager_id: UUID) -> list[Person]:
    """A manager first, then those who report to them, as far as the actor oversees them.

    Raises NotAllowed.
    """
    seen = {person.id: person for person in overseen(actor)}
    if manager_id not in seen:
        raise NotAllowed("You see your own budget and those of the people you manage.")
    with reading() as connection:
        members = users.team_of(connection, manager_id)
    return [seen[manager_id], *(one for key, one in seen.items() if key in members)]


def everyone(actor: Person) -> list[Person]:
    """All enabled users, by name. Raises NotAllowed for who does not manage."""
    if actor.role not in MANAGING:
        raise NotAllowed("Only managers see who works here.")
    with reading() as connection:
        return [_person(user) for user in users.everyone(connection)]


def _person(user: Row) -> Person:
    name = f"{user.name} (disabled)" if user.disabled_at else user.name
    return Person(id=user.id, email=user.email, name=name, role=Role(user.role))
