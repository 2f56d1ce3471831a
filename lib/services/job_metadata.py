"""A job's documentation after it was created: edits, their history, and taking one back (FR1.3.1).

Who edits says which state was read: `metadata_updated_at` as it was then. Where somebody has saved
since, nothing is written and EditedSince tells what is there now. A draft is edited in its draft,
so that the wizard shows the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import job_edits, job_metadata, jobs
from lib.db.connection import reading, transaction
from lib.domain.draft import Draft, change
from lib.domain.job_edits import TITLES, cleaned
from lib.domain.metadata import Metadata, changes, problems
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services.drafts import today
from lib.services.errors import Refusal
from lib.services.visibility import changeable, visible

NAME_LOCKED = "The name is fixed since the job was started: quotes, mails and logs already name it."
LISTED = 50


@dataclass(frozen=True)
class Documentation:
    """What is written about a job now. `seen` names this state when it is edited."""

    metadata: Metadata
    seen: datetime
    name_locked: bool


@dataclass(frozen=True)
class Edit:
    """One entry of the history: {field: (before, after)}; tags are tuples of names."""

    editor: str
    at: datetime
    changes: Mapping[str, tuple[Any, Any]]


class EditedSince(Refusal):
    """Somebody saved after the editor had read: what is there now, and whose edits led there."""

    def __init__(self, now: Documentation, edits: list[Edit]) -> None:
        names = list(dict.fromkeys(edit.editor for edit in edits))
        who = " and ".join(names) or "Somebody in the wizard"
        super().__init__(f"{who} changed this job while you were writing. Nothing is saved yet.")
        self.now = now
        self.edits = edits


class BadMetadata(Refusal):
    """What is wrong, by field."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__(" · ".join(faults.values()))
        self.faults = faults


def read(actor: Person, job_id: UUID) -> Documentation:
    """What is written about a job, to be edited. Raises NotFound."""
    with reading() as connection:
        return _documentation(visible(actor, jobs.by_id(connection, job_id)))


def edit(actor: Person, job_id: UUID, metadata: Metadata, seen: datetime) -> Documentation:
    """Saves what is written about a job and records the difference.

    Raises NotFound, NotAllowed, BadMetadata, EditedSince; Refusal for another name of a job that
    was started.
    """
    with transaction() as connection:
        job = _locked(connection, actor, job_id)
        now = _documentation(job)
        if now.seen != seen:
            raise EditedSince(now, _edits(connection, job_id, since=seen))
        return _save(connection, actor, job, now, cleaned(metadata))


def history(actor: Person, job_id: UUID) -> list[Edit]:
    """The job's edits, newest first, at most LISTED. Raises NotFound."""
    with reading() as connection:
        visible(actor, jobs.by_id(connection, job_id))
        return _edits(connection, job_id)


def undo(actor: Person, job_id: UUID) -> Documentation:
    """Takes the last edit back, as an edit of its own, so that undoing twice changes nothing.

    Raises NotFound, NotAllowed; Refusal where there is none, where what it wrote has been changed
    otherwise since (in the wizard, by a client's new name), or where the name is fixed by now.
    """
    with transaction() as connection:
        job = _locked(connection, actor, job_id)
        now = _documentation(job)
        last = next(iter(_edits(connection, job_id, limit=1)), None)
        if last is None:
            raise Refusal("There is no edit to undo.")
        for name, (_, after) in last.changes.items():
            if getattr(now.metadata, name) != after:
                raise Refusal(f"{TITLES[name]} has been changed otherwise since: edit it instead.")
        before = {name: value for name, (value, _) in last.changes.items()}
        return _save(connection, actor, job, now, replace(now.metadata, **before))


def _locked(connection: Connection, actor: Person, job_id: UUID) -> Row:
    """The job with the names around it, held until the transaction ends."""
    changeable(connection, actor, jobs.lock(connection, job_id))
    job = jobs.by_id(connection, job_id)
    assert job is not None
    return job


def _documentation(job: Row) -> Documentation:
    """A draft's is in the draft, with all that its columns cannot hold yet."""
    if job.status == JobStatus.PENDING_CONFIGURATION:
        return Documentation(Draft.from_dict(job.draft).metadata, job.metadata_updated_at, False)
    written = Metadata(
        name=job.name,
        description=job.description,
        notes=job.notes,
        tags=tuple(job.tags),
        client=job.client_name or "",
        project=job.project_name or "",
    )
    return Documentation(written, job.metadata_updated_at, job.queued_at is not None)


def _save(
    connection: Connection, actor: Person, job: Row, now: Documentation, metadata: Metadata
) -> Documentation:
    changed = changes(now.metadata, metadata)
    if not changed:
        return now
    if now.name_locked and "name" in changed:
        raise Refusal(NAME_LOCKED)
    if faults := problems(metadata):
        raise BadMetadata(faults)
    values = job_metadata.columns(connection, metadata, actor.id)
    if job.status == JobStatus.PENDING_CONFIGURATION:
        values |= _draft_values(job, metadata, changed)
    jobs.write(connection, job.id, **values)
    written = jobs.by_id(connection, job.id)
    assert written is not None
    job_edits.add(connection, job.id, actor.id, written.metadata_updated_at, changed)
    return _documentation(written)


def _draft_values(job: Row, metadata: Metadata, changed: Mapping[str, Any]) -> dict[str, Any]:
    """The same in the draft, whose revision tells an open wizard to read it anew."""
    new = {name: getattr(metadata, name) for name in changed}
    if "client" in changed:
        new["project"] = metadata.project
    draft = change(Draft.from_dict(job.draft), today(), **new)
    return {"draft": draft.to_dict(), "draft_revision": job.draft_revision + 1}


def _edits(
    connection: Connection, job_id: UUID, *, since: datetime | None = None, limit: int = LISTED
) -> list[Edit]:
    return [
        Edit(
            row.editor_name,
            row.edited_at,
            {name: _pair(name, *both) for name, both in row.changes.items()},
        )
        for row in job_edits.of_job(connection, job_id, limit=limit, since=since)
    ]


def _pair(name: str, before: Any, after: Any) -> tuple[Any, Any]:
    return (tuple(before), tuple(after)) if name == "tags" else (before, after)
