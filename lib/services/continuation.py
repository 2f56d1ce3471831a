"""Continuing a job that ended at its spending cap: a new job that goes on from its checkpoint.

Checkpoints on this machine are linked into the new job's folder before its first attempt; a rented
machine is offered the old job's stored results (lib/services/pod_exchange.py). The trainer's
checkpoints name the training they belong to and not the job, so that it goes on exactly.
"""

import os
import shutil
import tempfile
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, Row

from lib import storage
from lib.db import jobs
from lib.db.connection import reading
from lib.domain import spending_cap
from lib.domain.continuation import Begun, why_not_continued
from lib.domain.draft import Draft
from lib.domain.offers import LOCAL_ENGINE
from lib.domain.people import Person
from lib.domain.presets import kept_overrides
from lib.domain.states import ACTIVE, JobStatus
from lib.engines.errors import SubmitRefused
from lib.services import cloning, drafts, pod_exchange
from lib.services.errors import Refusal
from lib.services.visibility import changeable, may_see

_SEAL = "COMPLETE"  # docs/trainer.md: a checkpoint with this file is whole


@dataclass(frozen=True)
class Links:
    """The jobs before and after one, where the reader may see them.

    `refused` says why it cannot be continued now; None where it can be.
    """

    begun_by: Row | None
    continued_by: tuple[Row, ...]
    refused: str | None


def links(actor: Person, job: Row) -> Links:
    """What a job goes on from, and what goes on from it; discarded drafts do not."""
    with reading() as connection:
        before = jobs.by_id(connection, job.continues_id) if job.continues_id else None
        after = jobs.continuations(connection, job.id)
        refused = (
            why_not_continued(begun(connection, job)) if job.queued_at else "It was never started."
        )
    return Links(
        begun_by=before if before is not None and may_see(actor, before) else None,
        continued_by=tuple(row for row in after if may_see(actor, row)),
        refused=refused or _taken_over(after),
    )


def continue_job(actor: Person, job_id: UUID, cap: Decimal | None = None) -> UUID:
    """A draft of the actor's own that goes on where the job ended: same file, parameters, offer.

    `cap` is its spending cap, None the default of what is left. Raises NotFound, NotAllowed for who
    may only look at the job, NotEligible, ValueError for a bad cap, Refusal.
    """
    if cap is not None:
        spending_cap.check_cap(cap)
    with reading() as connection:
        job = changeable(connection, actor, jobs.by_id(connection, job_id))
        if job.queued_at is None:
            raise Refusal("This job was never started: there is nothing to continue.")
        if refused := why_not_continued(begun(connection, job)):
            raise Refusal(refused)

    def make(connection: Connection, file: Row) -> Draft:
        if refused := _taken_over(jobs.continuations(connection, job_id)):
            raise Refusal(refused)
        draft = cloning.like(connection, actor, cloning.as_draft(job), file)
        trained = kept_overrides(draft.preset, job.configuration["hyperparameters"])
        return replace(draft, overrides=trained, continues=str(job_id), spending_cap=cap)

    return drafts.create_as(actor, job.training_file_id, make)


def begun(connection: Connection, job: Row) -> Begun:
    """A started job as one that can be gone on from, and the checkpoint that there is of it."""
    return Begun(
        name=job.name,
        status=JobStatus(job.status),
        training_file_id=str(job.training_file_id),
        hyperparameters=job.configuration["hyperparameters"],
        max_steps=job.configuration.get("max_steps"),
        engine=job.engine,
        step=_checkpoint_step(connection, job),
        steps_total=job.progress.get("steps_total"),
    )


def begun_of(connection: Connection, draft: Draft) -> Begun | None:
    """The job that a draft goes on from; None where it begins at the beginning."""
    if draft.continues is None:
        return None
    job = jobs.by_id(connection, UUID(draft.continues))
    return begun(connection, job) if job is not None and job.queued_at is not None else None


def prepare(job_id: UUID) -> None:
    """Gives a job that continues another one that job's checkpoints, on this machine.

    Safe to repeat, also for later attempts, which have checkpoints of their own. Each appears
    whole. Raises SubmitRefused where the old ones are gone: to begin anew was not agreed to.
    """
    with reading() as connection:
        job = jobs.by_id(connection, job_id)
    if job is None or job.continues_id is None or job.engine != LOCAL_ENGINE:
        return
    ours, theirs = _checkpoints(job_id), _checkpoints(job.continues_id)
    if _sealed(ours):
        return
    found = _sealed(theirs)
    if not found:
        raise SubmitRefused(
            "checkpoint_missing",
            "The checkpoint that this job was to go on from is no longer in this installation's "
            "storage. Clone the job to train from the beginning.",
        )
    ours.mkdir(parents=True, exist_ok=True)
    for checkpoint in found:
        _link(checkpoint, ours)


def _taken_over(after: list[Row]) -> str | None:
    """Why a job is not continued a second time: another one does it, or has come further."""
    for row in after:
        under_way = row.status in (JobStatus.PENDING_CONFIGURATION, JobStatus.COMPLETED, *ACTIVE)
        if under_way or row.failure_code == spending_cap.CODE:
            return f"It is continued by “{row.name}” already."
    return None


def _checkpoint_step(connection: Connection, job: Row) -> int | None:
    if job.engine != LOCAL_ENGINE:
        return pod_exchange.stored_step(connection, job.id)
    found = _sealed(_checkpoints(job.id))
    return _step(found[-1]) if found else None


def _checkpoints(job_id: UUID) -> Path:
    return storage.run_folder(job_id) / "checkpoints"


def _sealed(folder: Path) -> list[Path]:
    """The whole checkpoints in a folder, the newest last."""
    found = (path.parent for path in folder.glob(f"step-*/{_SEAL}"))
    return sorted((path for path in found if path.name[5:].isdecimal()), key=_step)


def _step(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step-"))


def _link(checkpoint: Path, folder: Path) -> None:
    """Puts a checkpoint into a folder under its own name, all at once.

    Files are linked, since nobody ever changes one, or copied where the file system has no links.
    """
    made = Path(tempfile.mkdtemp(prefix=".linked-", dir=folder.parent))
    try:
        shutil.copytree(checkpoint, made / checkpoint.name, copy_function=_link_or_copy)
        target = folder / checkpoint.name
        try:
            (made / checkpoint.name).rename(target)
        except OSError:
            if not (target / _SEAL).is_file():  # else another worker was as far just before
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _link_or_copy(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
