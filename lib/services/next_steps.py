"""What somebody may do next about a job that has failed, or that waits for a machine (FR1.3.2).

Steps are offered with what they cost, and each makes a draft that is looked at and started like any
other: nothing is chosen for anybody, and nothing starts by itself.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import files, jobs
from lib.db.connection import reading
from lib.domain.failures import explain
from lib.domain.next_steps import MAKE_A_DRAFT, NextStep, Step, waiting
from lib.domain.people import Person
from lib.domain.states import ACTIVE, JobStatus
from lib.services import cloning, continuation
from lib.services import jobs as job_services
from lib.services.errors import NotEligible, Refusal
from lib.services.remedies import Remedies
from lib.services.training_files import check_eligible, check_unchanged
from lib.services.visibility import may_change, visible

_WITHOUT_A_MACHINE = (
    *(Step.ON_DEMAND, Step.OTHER_GPU, Step.KEEP_WAITING, Step.CANCEL),
    Step.DATA_CENTER,
)
_UNANSWERED = (Step.KEEP_WAITING, Step.CANCEL)


def offered(actor: Person, job_id: UUID) -> tuple[NextStep, ...]:
    """The steps that can be taken now, best first; none for a job that goes on or went well.

    Those of a waiting job are for who may cancel it. Raises NotFound.
    """
    with reading() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        wanted = _wanted(connection, actor, job)
        if not wanted:
            return ()
        file = files.by_id(connection, job.training_file_id)
        assert file is not None
        remedies = Remedies(connection, actor, job, file)
        return tuple(filter(None, map(remedies.step, wanted)))


def take(
    actor: Person,
    job_id: UUID,
    step: Step,
    file_id: UUID | None = None,
    ip_address: str | None = None,
) -> UUID:
    """The new draft that a step makes, of the actor's own; `file_id` is another training file.

    A job that waits for a machine is cancelled first, so that never two of them run. Raises
    NotFound, NotAllowed; Refusal where the step is not offered any more; NotEligible where the file
    cannot be trained on now: nothing has been changed then.
    """
    if step not in MAKE_A_DRAFT:
        raise ValueError(f"{step} makes no draft")
    found = next((one for one in offered(actor, job_id) if one.step is step), None)
    if found is None:
        raise Refusal("This is not offered any more. Look at the job as it is now.")
    if step is Step.GO_ON:
        return continuation.continue_job(actor, job_id)
    job = job_services.status_of(actor, job_id)
    if job.status in ACTIVE:
        _check_file(file_id or job.training_file_id)
        job_services.cancel(actor, job_id, ip_address, only_while_it_waits=True)
    return cloning.clone(actor, job_id, file_id, found.changes)


def _check_file(file_id: UUID) -> None:
    """Whether a draft can be made of it, before the job that waits is given up."""
    with reading() as connection:
        file = files.by_id(connection, file_id)
    assert file is not None
    check_eligible(file, in_use=False)
    if changed := check_unchanged(file):
        raise NotEligible(changed)


def _wanted(connection: Connection, actor: Person, job: Row) -> Sequence[Step]:
    if job.status == JobStatus.FAILED:
        return explain(job.failure_code).steps
    if job.status not in ACTIVE or job.cancel_requested_at is not None:
        return ()
    waits = waiting(jobs.attempts(connection, job.id))
    if waits is None or not may_change(connection, actor, job):
        return ()
    return _WITHOUT_A_MACHINE if waits.no_machine else _UNANSWERED
