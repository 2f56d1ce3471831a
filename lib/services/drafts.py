"""Drafts: a job being configured, kept in its `training_jobs` row from the first click."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import activity, files, job_metadata, jobs
from lib.db.connection import reading, transaction
from lib.domain.draft import Draft, change, first_name, new_draft, problems
from lib.domain.metadata import without_faults
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services.errors import DraftMoved, NotADraft, NotEligible, NotFound, Refusal
from lib.services.training_files import check_eligible, check_unchanged
from lib.services.visibility import changeable, visible
from lib.settings import settings


@dataclass(frozen=True)
class OpenDraft:
    """A draft as read: the revision says whether somebody saved it since."""

    job_id: UUID
    owner_id: UUID
    draft: Draft
    revision: int
    file: Row


def today() -> date:
    """The date in the billing time zone."""
    return datetime.now(settings().time_zone).date()


def create(actor: Person, file_id: UUID, name: str | None = None) -> UUID:
    """Creates the job in pending_configuration (FR1.1.1) and logs the attempt either way.

    A name that somebody typed stays; without one, or with the suggested one, the job is named
    after its file, its preset and the date, and follows them. Raises NotFound or NotEligible with
    the text that FR1.1.1 gives, Refusal for a bad name.
    """
    return create_as(actor, file_id, lambda _, file: _new(file, name))


def create_as(actor: Person, file_id: UUID, make: Callable[[Connection, Row], Draft]) -> UUID:
    """The same with the draft that `make` makes of the file, which nobody else uses meanwhile."""
    try:
        with transaction() as connection:
            file = files.lock(connection, file_id)
            if file is None:
                raise NotFound("Training file not found")
            check_eligible(file, in_use=files.has_active_job(connection, file_id))
            if changed := check_unchanged(file):
                raise NotEligible(changed)
            draft = make(connection, file)
            job_id = jobs.add(
                connection,
                training_file_id=file.id,
                created_by=actor.id,
                preset=draft.preset,
                template_id=draft.template_id,
                continues_id=draft.continues and UUID(draft.continues),
                draft=draft.to_dict(),
                **job_metadata.columns(connection, without_faults(draft.metadata), actor.id),
            )
            activity.record(
                connection,
                "job_created",
                actor_id=actor.id,
                subject=str(job_id),
                details={"training_file_id": str(file.id)},
            )
            return job_id
    except Refusal as error:
        with transaction() as connection:
            activity.record(
                connection,
                "job_created",
                actor_id=actor.id,
                subject=str(file_id),
                succeeded=False,
                details={"training_file_id": str(file_id), "reason": str(error)},
            )
        raise


def _new(file: Row, name: str | None) -> Draft:
    draft = new_draft(str(file.id), file.name, file.conversation_count, today())
    typed = (name or "").strip()
    if typed in ("", first_name(file.name, today())):
        return draft
    named = change(draft, today(), name=typed)
    if problem := problems(named).get("name"):
        raise Refusal(problem)
    return named


def load(actor: Person, job_id: UUID) -> OpenDraft:
    """The draft of a job that is still being configured.

    Raises NotFound for an unknown or another person's job, NotADraft once it has been started.
    """
    with reading() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        if job.status != JobStatus.PENDING_CONFIGURATION:
            raise NotADraft
        file = files.by_id(connection, job.training_file_id)
    assert file is not None
    return OpenDraft(
        job_id=job.id,
        owner_id=job.created_by,
        draft=Draft.from_dict(job.draft),
        revision=job.draft_revision,
        file=file,
    )


def save(actor: Person, opened: OpenDraft, draft: Draft) -> OpenDraft:
    """Saves one change. Raises DraftMoved where another tab saved first; nothing is overwritten."""
    with transaction() as connection:
        job = changeable(connection, actor, jobs.lock(connection, opened.job_id))
        if job.status != JobStatus.PENDING_CONFIGURATION:
            raise NotADraft
        if job.draft_revision != opened.revision:
            raise DraftMoved("This draft was changed in another tab; here is its newest state.")
        revision = opened.revision + 1
        documentation = {}
        if draft.metadata != Draft.from_dict(job.draft).metadata:  # else it keeps its last update
            documentation = job_metadata.columns(
                connection, without_faults(draft.metadata), actor.id
            )
        jobs.write(
            connection,
            job.id,
            draft=draft.to_dict(),
            draft_revision=revision,
            training_file_id=UUID(draft.training_file_id),
            preset=draft.preset,
            template_id=draft.template_id,
            continues_id=draft.continues and UUID(draft.continues),
            **documentation,
        )
    return OpenDraft(opened.job_id, opened.owner_id, draft, revision, opened.file)


def discard(actor: Person, job_id: UUID) -> None:
    """Gives a draft up; its quotes stay. Raises NotFound, Refusal when it has been started."""
    with transaction() as connection:
        job = changeable(connection, actor, jobs.lock(connection, job_id))
        if job.status != JobStatus.PENDING_CONFIGURATION:
            raise Refusal("This job has been started; cancel it on its page instead.")
        jobs.transition(
            connection, job, JobStatus.CANCELLED, "Draft discarded", ended_at=datetime.now(UTC)
        )
        activity.record(connection, "draft_discarded", actor_id=actor.id, subject=str(job_id))
