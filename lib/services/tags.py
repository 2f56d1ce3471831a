"""Tags to choose from, and new ones for everybody (FR1.3.1)."""

from collections.abc import Sequence

from lib.db import tags
from lib.db.connection import reading, transaction
from lib.domain.metadata import tags_problem
from lib.domain.people import Person
from lib.services.errors import Refusal


def known() -> list[str]:
    """All tags: the predefined ones in their given order, then others by name."""
    with reading() as connection:
        return tags.known(connection)


def create(actor: Person, names: Sequence[str]) -> None:
    """Makes new ones available for all jobs. Raises Refusal where one breaks a rule."""
    if problem := tags_problem(names):
        raise Refusal(problem)
    with transaction() as connection:
        tags.keep(connection, names, actor.id)
