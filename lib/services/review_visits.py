"""How the final review is used: opened, how long, what was ticked, how it ended (FR1.3.2).

The page calls these after it has drawn or started what was asked for, never before.
"""

from uuid import UUID, uuid4

from lib.db import jobs, review_visits
from lib.db.connection import transaction
from lib.domain.people import Person
from lib.domain.review import BOXES, Outcome
from lib.services.visibility import changeable


def opened(actor: Person, job_id: UUID, visit_id: UUID | None = None) -> UUID:
    """Notes that the review was opened; the visit's id. Raises NotFound, NotAllowed.

    A page that has told its browser the id already gives it.
    """
    visit_id = visit_id or uuid4()
    with transaction() as connection:
        job = changeable(connection, actor, jobs.by_id(connection, job_id))
        review_visits.add(connection, visit_id, job.id, actor.id)
    return visit_id


def left(visit_id: UUID, outcome: Outcome | None, checked: int) -> None:
    """Notes how a visit ended and how many boxes were ticked; no outcome: the tab was left.

    The first outcome stands, and an unknown visit is none. Raises ValueError for an impossible
    number of boxes.
    """
    if not 0 <= checked <= BOXES:
        raise ValueError(f"checked: must be from 0 to {BOXES}")
    with transaction() as connection:
        review_visits.end(connection, visit_id, outcome, checked)
