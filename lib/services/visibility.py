"""Who may see a job, its draft and its quotes, who may change it, who sees a template."""

from sqlalchemy import Connection, Row

from lib.db import users
from lib.domain.people import ADMINISTERING, MANAGING, Person
from lib.services.errors import NotAllowed, NotFound


def visible(actor: Person, job: Row | None, thing: str = "job") -> Row:
    """The job, if it is the actor's own or the actor sees everybody's.

    Raises NotFound with the same words for an unknown job and another person's, so nothing leaks.
    """
    if job is None or not may_see(actor, job):
        raise NotFound(f"There is no such {thing}, or it is not yours to see.")
    return job


def may_see(actor: Person, job: Row) -> bool:
    return actor.may_see_all_jobs or job.created_by == actor.id


def may_change(connection: Connection, actor: Person, job: Row) -> bool:
    """Whether a job that the actor sees is theirs to change, start and cancel: its creator's, the
    creator's manager's, an admin's or the owner's. Other managers read only, since money is spent
    by those who answer for it.
    """
    if job.created_by == actor.id or actor.role in ADMINISTERING:
        return True
    creator = users.any_by_id(connection, job.created_by)
    return actor.role in MANAGING and creator is not None and creator.manager_id == actor.id


def changeable(connection: Connection, actor: Person, job: Row | None) -> Row:
    """The job. Raises NotFound as `visible` does, NotAllowed for who may only look at it."""
    job = visible(actor, job)
    if not may_change(connection, actor, job):
        raise NotAllowed("Only its creator, their manager or an admin may change this job.")
    return job


def template_is_seen(actor: Person, template: Row) -> bool:
    """The team's templates are everybody's; a private one is its creator's alone."""
    return template.shared or template.created_by == actor.id
