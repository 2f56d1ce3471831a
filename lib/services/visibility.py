"""Who may see a job, and with it its draft and its quotes: one rule for every use case."""

from sqlalchemy import Row

from lib.domain.people import Person
from lib.services.errors import NotFound


def visible(actor: Person, job: Row | None, thing: str = "job") -> Row:
    """The job, if it is the actor's own or the actor sees everybody's.

    Raises NotFound with the same words for an unknown job and another person's, so nothing leaks.
    """
    if job is None or not may_see(actor, job):
        raise NotFound(f"There is no such {thing}, or it is not yours to see.")
    return job


def may_see(actor: Person, job: Row) -> bool:
    return actor.may_see_all_jobs or job.created_by == actor.id
