"""Jobs: cancel one, see how it goes, list them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Row

from lib.db import activity, jobs, work
from lib.db.connection import reading, transaction
from lib.domain.people import Person
from lib.domain.states import TERMINAL, JobStatus
from lib.services.errors import Refusal
from lib.services.settlement import end_job
from lib.services.visibility import changeable, may_change, visible


@dataclass(frozen=True)
class JobView:
    """A job with its history: everything its page shows."""

    job: Row
    events: list[Row]
    metrics: list[Row]
    attempts: list[Row]
    jobs_ahead: int
    may_change: bool  # by who looks: edit, cancel


def cancel(
    actor: Person,
    job_id: UUID,
    ip_address: str | None = None,
    *,
    only_while_it_waits: bool = False,
) -> None:
    """Cancels a started job: at once while nothing of it runs, else through the worker.

    Raises NotFound, NotAllowed, Refusal where it has ended, was never started, or is to be
    cancelled `only_while_it_waits` and has got a machine.
    """
    with transaction() as connection:
        job = changeable(connection, actor, jobs.lock(connection, job_id))
        status = JobStatus(job.status)
        if status in TERMINAL:
            raise Refusal(f"This job has ended already: {status}.")
        if status is JobStatus.PENDING_CONFIGURATION:
            raise Refusal("This job has not been started; discard the draft instead.")
        attempt = work.newest_attempt(connection, job_id)
        ended = attempt is not None and attempt.ended_at is not None
        waits = status is JobStatus.QUEUED or ended
        if only_while_it_waits and not waits:
            raise Refusal("A machine has been found in the meantime, so the job goes on.")
        message = f"Cancelled by {actor.name}"
        activity.record(connection, "job_cancelled", actor_id=actor.id, subject=str(job_id))
        if waits:
            end_job(
                connection,
                job,
                JobStatus.CANCELLED,
                f"{message} while waiting",
                job.actual_cost,
                actor_id=actor.id,
                ip_address=ip_address,
                cancel_requested_at=datetime.now(UTC),
            )
        elif job.cancel_requested_at is None:
            jobs.write(connection, job.id, cancel_requested_at=datetime.now(UTC))
            jobs.record(connection, job.id, "cancel", f"{message}; ending the run")


def view(actor: Person, job_id: UUID) -> JobView:
    """A job for its page. Raises NotFound for an unknown or another person's job."""
    with reading() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        return JobView(
            job=job,
            events=jobs.events(connection, job_id),
            metrics=jobs.metrics(connection, job_id),
            attempts=jobs.attempts(connection, job_id),
            jobs_ahead=(
                jobs.place_in_queue(connection, job) if job.status == JobStatus.QUEUED else 0
            ),
            may_change=may_change(connection, actor, job),
        )


def status_of(actor: Person, job_id: UUID) -> Row:
    """The job alone: which page shows it, how far it is. Raises NotFound."""
    with reading() as connection:
        return visible(actor, jobs.by_id(connection, job_id))
