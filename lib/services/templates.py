"""Configuration templates: saved from any job, shared or private, started from (FR1.3.1)."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, Row
from sqlalchemy.exc import IntegrityError

from lib.db import activity, jobs, templates
from lib.db.connection import reading, transaction
from lib.domain.draft import Draft, new_draft
from lib.domain.people import ADMINISTERING, Person
from lib.domain.template import Kept, begin, check, content, is_modified, read
from lib.domain.typed import clean_text
from lib.services import clients, drafts
from lib.services.cloning import as_draft
from lib.services.errors import NotAllowed, NotFound, Refusal
from lib.services.offers import offers
from lib.services.visibility import template_is_seen, visible

_UNKNOWN = "There is no such template, or it is not yours to see."


def save(
    actor: Person,
    job_id: UUID,
    *,
    name: str,
    description: str = "",
    shared: bool = True,
    documentation: Collection[str] = ("tags", "client"),
) -> UUID:
    """Keeps the configuration of any job that the actor sees, in whatever state.

    `documentation` names what else is kept: "tags", "client" (with its project), "notes". Raises
    NotFound, ValueError naming a bad field, Refusal where the actor has a template of that name.
    """
    name, description = _checked(name, description)
    with _unique(name), transaction() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        template_id = templates.add(
            connection,
            name=name,
            description=description,
            shared=shared,
            draft=content(as_draft(job), documentation),
            created_by=actor.id,
        )
        _record(connection, actor, "template_saved", template_id)
        return template_id


def listing(actor: Person, *, archived: bool = False) -> list[Row]:
    """The actor's own and the team's, newest first, with `creator_name`, `uses` and `last_used`."""
    with reading() as connection:
        return templates.listed(connection, actor.id, archived=archived)


def by_id(actor: Person, template_id: UUID) -> Row:
    """One template, archived or not. Raises NotFound; another person's private one is unknown."""
    with reading() as connection:
        return _visible(actor, templates.by_id(connection, template_id))


def usable(template: Row) -> Kept:
    """What of it can be used today, with a notice for all that cannot."""
    return read(template.draft, {offer.key for offer in offers()}, clients.known())


def start(actor: Person, template_id: UUID, file_id: UUID) -> UUID:
    """A new draft on a training file, configured and documented as the template says.

    Raises NotFound, NotEligible as every new job does, Refusal for an archived template.
    """
    template = by_id(actor, template_id)
    if template.archived_at is not None:
        raise Refusal("This template is archived: restore it first.")
    kept = usable(template)

    def make(_: Connection, file: Row) -> Draft:
        today = drafts.today()
        base = new_draft(str(file.id), file.name, file.conversation_count, today)
        return begin(kept, base, str(template_id), today)

    return drafts.create_as(actor, file_id, make)


def origin(actor: Person, draft: Draft) -> tuple[Row, bool] | None:
    """The template that a draft began from, and whether its configuration is another one by now.

    None without one, and for somebody who may not see it.
    """
    if draft.template_id is None:
        return None
    try:
        template = by_id(actor, UUID(draft.template_id))
    except NotFound:
        return None
    return template, is_modified(template.draft, draft)


def jobs_from(actor: Person, template_id: UUID, limit: int = 10) -> list[tuple[Row, bool]]:
    """The newest jobs the actor may see that began from it, and whether each was modified."""
    template = by_id(actor, template_id)
    creator = None if actor.may_see_all_jobs else actor.id
    with reading() as connection:
        found = templates.jobs_of(connection, template_id, creator=creator, limit=limit)
    return [(job, is_modified(template.draft, Draft.from_dict(job.draft))) for job in found]


def may_edit(actor: Person, template: Row) -> bool:
    """Whether the actor made it, or answers for everybody's."""
    return template.created_by == actor.id or actor.role in ADMINISTERING


def edit(actor: Person, template_id: UUID, *, name: str, description: str, shared: bool) -> None:
    """Changes what it is called and who sees it; its configuration stays as it was saved.

    Raises NotFound, NotAllowed, ValueError naming a bad field, Refusal for a name that is taken.
    """
    name, description = _checked(name, description)
    with _unique(name), transaction() as connection:
        _changeable(actor, templates.lock(connection, template_id))
        templates.write(connection, template_id, name=name, description=description, shared=shared)
        _record(connection, actor, "template_edited", template_id)


def archive(actor: Person, template_id: UUID) -> None:
    """Takes it out of the list; jobs that began from it still name it."""
    with transaction() as connection:
        _changeable(actor, templates.lock(connection, template_id))
        templates.write(connection, template_id, archived_at=datetime.now(UTC))
        _record(connection, actor, "template_archived", template_id)


def restore(actor: Person, template_id: UUID) -> None:
    """Brings it back. Raises Refusal where its creator has a newer one of that name."""
    name = by_id(actor, template_id).name
    with _unique(name), transaction() as connection:
        _changeable(actor, templates.lock(connection, template_id))
        templates.write(connection, template_id, archived_at=None)
        _record(connection, actor, "template_restored", template_id)


def _visible(actor: Person, template: Row | None) -> Row:
    if template is None or not template_is_seen(actor, template):
        raise NotFound(_UNKNOWN)
    return template


def _changeable(actor: Person, template: Row | None) -> None:
    if not may_edit(actor, _visible(actor, template)):
        raise NotAllowed("Only who saved a template, an admin or the owner may change it.")


def _checked(name: str, description: str) -> tuple[str, str]:
    name = " ".join(clean_text(name, "Template name").split())
    description = clean_text(description, "Template description")
    check(name, description)
    return name, description


@contextmanager
def _unique(name: str) -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if "uq_job_templates_name" not in str(error.orig):
            raise
        raise Refusal(
            f"There is a template called “{name}” by the same person already. Give it another name."
        ) from None


def _record(connection: Connection, actor: Person, action: str, template_id: UUID) -> None:
    activity.record(connection, action, actor_id=actor.id, subject=str(template_id))
