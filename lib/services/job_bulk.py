"""What is done with several jobs at once: tag them, archive and restore them (FR1.3.1).

Each job is changed in a transaction of its own: one that cannot be is named with the reason, and
keeps nothing from being done with the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from lib.db import activity, jobs
from lib.db.connection import transaction
from lib.domain.people import Person
from lib.domain.states import TERMINAL, JobStatus
from lib.services import job_metadata
from lib.services.errors import Refusal
from lib.services.job_metadata import EditedSince
from lib.services.visibility import changeable

AT_ONCE = 200  # jobs
_ENDED = "Only jobs that have ended, and drafts, can be archived."


@dataclass(frozen=True)
class Outcome:
    """The jobs that were changed; why others could not be, in words, once a reason. Jobs that are
    as they should be already are in neither.
    """

    done: tuple[UUID, ...]
    refused: tuple[str, ...]


def tag(
    actor: Person, job_ids: Sequence[UUID], add: Sequence[str] = (), remove: Sequence[str] = ()
) -> Outcome:
    """Adds tags to jobs and takes others off; each change is in the job's history of edits."""

    def change(job_id: UUID) -> bool:
        now = job_metadata.read(actor, job_id)
        kept = [one for one in now.metadata.tags if one not in remove]
        tags = tuple(dict.fromkeys([*kept, *add]))
        if tags == now.metadata.tags:
            return False
        job_metadata.edit(actor, job_id, replace(now.metadata, tags=tags), now.seen)
        return True

    def again(job_id: UUID) -> bool:
        try:
            return change(job_id)
        except EditedSince:  # in the moment between reading and writing
            return change(job_id)

    return _each(job_ids, again)


def archive(actor: Person, job_ids: Sequence[UUID]) -> Outcome:
    """Takes jobs out of the list. Those that have not ended are refused, but for drafts."""
    return _each(job_ids, lambda job_id: _set_archived(actor, job_id, archived=True))


def restore(actor: Person, job_ids: Sequence[UUID]) -> Outcome:
    """Brings archived jobs back into the list."""
    return _each(job_ids, lambda job_id: _set_archived(actor, job_id, archived=False))


def _set_archived(actor: Person, job_id: UUID, *, archived: bool) -> bool:
    with transaction() as connection:
        job = changeable(connection, actor, jobs.lock(connection, job_id))
        if (job.archived_at is not None) == archived:
            return False
        if archived and job.status not in (*TERMINAL, JobStatus.PENDING_CONFIGURATION):
            raise Refusal(_ENDED)
        jobs.write(connection, job_id, archived_at=datetime.now(UTC) if archived else None)
        activity.record(
            connection,
            "job_archived" if archived else "job_restored",
            actor_id=actor.id,
            subject=str(job_id),
        )
        return True


def _each(job_ids: Sequence[UUID], change: Callable[[UUID], bool]) -> Outcome:
    if len(job_ids) > AT_ONCE:
        raise Refusal(f"At most {AT_ONCE} jobs can be changed at once.")
    done: list[UUID] = []
    refused: dict[str, list[UUID]] = {}
    for job_id in dict.fromkeys(job_ids):
        try:
            if change(job_id):
                done.append(job_id)
        except Refusal as refusal:
            refused.setdefault(str(refusal), []).append(job_id)
    return Outcome(
        tuple(done),
        tuple(f"{why} ({len(of)} jobs)" if len(of) > 1 else why for why, of in refused.items()),
    )
