"""A new draft of what a job was: the same configuration and documentation (FR1.3.1)."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from types import MappingProxyType
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import jobs, templates
from lib.db.connection import reading
from lib.domain.draft import Draft, with_auto_name
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.domain.template import numbered
from lib.services import drafts
from lib.services.visibility import template_is_seen, visible

_TRIED = 50  # names that are looked up at once
AS_IT_WAS: Mapping[str, Any] = MappingProxyType({})


def as_draft(job: Row) -> Draft:
    """A job's configuration with what is written about it now, which edits after its start change.

    `job` has the names around it, as `lib.db.jobs.by_id` reads it.
    """
    draft = Draft.from_dict(job.draft)
    if job.status == JobStatus.PENDING_CONFIGURATION:
        return draft
    return replace(
        draft,
        name=job.name,
        description=job.description,
        notes=job.notes,
        tags=tuple(job.tags),
        client=job.client_name or "",
        project=job.project_name or "",
    )


def clone(
    actor: Person,
    job_id: UUID,
    file_id: UUID | None = None,
    changes: Mapping[str, Any] = AS_IT_WAS,
) -> UUID:
    """A draft of the actor's own like any job that the actor sees, on its file or another one.

    `changes` are fields of the draft that differ. The name is numbered; deadline, spending cap and
    checkpoints were the other run's. Raises NotFound, and NotEligible where the file cannot be
    trained on now: then ask for another one.
    """
    with reading() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))

    def make(connection: Connection, file: Row) -> Draft:
        return like(connection, actor, replace(as_draft(job), **changes), file)

    return drafts.create_as(actor, file_id or job.training_file_id, make)


def like(connection: Connection, actor: Person, draft: Draft, file: Row) -> Draft:
    """The draft of another run on this file, with what was that run's alone left out."""
    moved = replace(
        draft,
        training_file_id=str(file.id),
        training_file_name=file.name,
        deadline=None,
        spending_cap=None,
        continues=None,
        template_id=_seen(connection, actor, draft.template_id),
    )
    if moved.training_file_id != draft.training_file_id:  # a name made of the other file's
        moved = with_auto_name(moved, drafts.today())
    again = [moved.name] if moved.name != draft.name else []
    name = _free(connection, actor, chain(again, numbered(moved.name)))
    return replace(moved, name=name, name_edited=True)


def _free(connection: Connection, actor: Person, names: Iterator[str]) -> str:
    """The first that none of the actor's jobs has."""
    while True:
        tried = list(islice(names, _TRIED))
        taken = jobs.names_among(connection, actor.id, tried)
        for name in tried:
            if name not in taken:
                return name


def _seen(connection: Connection, actor: Person, template_id: str | None) -> str | None:
    """The template, where the actor may see it: another person's private one is not passed on."""
    row = template_id and templates.by_id(connection, UUID(template_id))
    return template_id if row and template_is_seen(actor, row) else None
