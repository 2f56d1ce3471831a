"""Who works here, for those who manage."""

from lib.db import users
from lib.db.connection import reading
from lib.domain.people import MANAGING, Person, Role
from lib.services.errors import NotAllowed


def everyone(actor: Person) -> list[Person]:
    """All enabled users, by name. Raises NotAllowed for who does not manage."""
    if actor.role not in MANAGING:
        raise NotAllowed("Only managers see who works here.")
    with reading() as connection:
        return [
            Person(id=user.id, email=user.email, name=user.name, role=Role(user.role))
            for user in users.everyone(connection)
        ]
