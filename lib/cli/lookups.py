"""What arguments name: ids, and people by their address."""

from uuid import UUID

from lib.db import users
from lib.db.connection import reading
from lib.domain.people import Person, Role, clean_email
from lib.services.errors import NotFound


def as_id(text: str, option: str) -> UUID:
    """Raises ValueError naming the option."""
    try:
        return UUID(text)
    except ValueError:
        raise ValueError(f"{option}: {text!r:.80} is not an id") from None


def person_at(email: str) -> Person:
    """The enabled user with this address. Raises NotFound, ValueError for what is no address."""
    with reading() as connection:
        user = users.by_email(connection, clean_email(email))
    if user is None:
        raise NotFound(f"Nobody here has the address {email}.")
    return Person(id=user.id, email=user.email, name=user.name, role=Role(user.role))
