"""Interrupting a run on this machine as a spot machine would: a rehearsal of the recovery.

Asked for by a column of the attempt, done by the worker: the app may run on another host, and a
signal must not meet a process that only has the same number.
"""

from uuid import UUID

from sqlalchemy import func

from lib.db import activity, jobs, work
from lib.db.connection import transaction
from lib.domain.people import Person
from lib.domain.rehearsal import why_not
from lib.services.errors import Refusal
from lib.services.visibility import changeable


def interrupt(actor: Person, job_id: UUID) -> None:
    """The worker ends the run with SIGTERM, then SIGKILL 5 s later, and the job recovers.

    Raises NotFound, NotAllowed, Refusal where there is nothing that could be interrupted.
    """
    with transaction() as connection:
        job = changeable(connection, actor, jobs.lock(connection, job_id))
        attempt = work.newest_attempt(connection, job_id)
        if attempt is None:
            raise Refusal("This job has no run yet.")
        refused = why_not(
            engine=job.engine,
            status=job.status,
            attempt=attempt.number,
            ending=job.cancel_requested_at is not None
            or attempt.interrupt_requested_at is not None
            or attempt.ended_at is not None,
        )
        if refused:
            raise Refusal(refused)
        work.write_attempt(connection, attempt.id, interrupt_requested_at=func.now())
        activity.record(connection, "run_interrupted", actor_id=actor.id, subject=str(job_id))
        jobs.record(
            connection,
            job_id,
            "rehearsal",
            f"Rehearsal: {actor.name} interrupts the run as a spot machine would",
            data={"attempt": attempt.number},
        )
