"""The end of a run: nothing of it is left first, then its job moves on, as its verdict says."""

import logging
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, Row

from lib import engines
from lib.db import work
from lib.domain import spending_cap
from lib.domain.offers import LOCAL_ENGINE
from lib.domain.operations import ENDS_WITHIN
from lib.domain.recovery import LOSSES, Outcome
from lib.domain.states import JobStatus
from lib.engines.base import RunHandle
from lib.services import notifications, pod_exchange
from lib.services.run_handles import handle
from lib.worker import endings, noting
from lib.worker.archive import Archive, archive_adapter
from lib.worker.leases import JobLease
from lib.worker.verdicts import Verdict
from lib.worker.wording import place

log = logging.getLogger(__name__)

ADAPTER_MISSING = Verdict(
    Outcome.FAILED,
    "adapter_missing",
    "The run was completed, but its adapter is missing. Start a new job.",
)
ADAPTER_DAMAGED = Verdict(
    Outcome.INTERRUPTED, message="The adapter came home damaged, and was thrown away."
)


def conclude(lease: JobLease, attempt: Row, verdict: Verdict | None = None) -> None:
    """Ends what is left of the run, and once nothing is, its attempt; the job moves on."""
    verdict = verdict or Verdict.from_dict(attempt.verdict)
    engine, run = engines.engine(attempt.engine), handle(attempt, lease.job.gpu_pricing_tier)
    if not _terminate(lease, attempt, run, since=attempt.verdict_at):
        return  # asked again, until it is true
    cost = engine.cost(run, verdict.charged_until or lease.now())
    archive = None
    if verdict.outcome is Outcome.COMPLETED:
        archive, verdict = _archive(lease.job, verdict)
    with lease.writing() as (connection, job):
        ended_at = verdict.ended_at or lease.now()
        endings.end_attempt(connection, attempt, verdict.outcome, cost, ended_at)
        if archive is not None:
            _complete(connection, job, archive)
        elif job.cancel_requested_at is not None:
            endings.end(connection, job, JobStatus.CANCELLED, "Cancelled; the run has ended")
        else:
            _go_on_or_fail(connection, job, attempt, verdict)


def cancel(lease: JobLease) -> None:
    """Ends the live run, if there is one; the job is cancelled once nothing of it is left."""
    attempt = lease.live_attempt
    if attempt is None:
        with lease.writing() as (connection, job):
            endings.end(connection, job, JobStatus.CANCELLED, "Cancelled")
        return
    engine, run = engines.engine(attempt.engine), handle(attempt, lease.job.gpu_pricing_tier)
    gone = _terminate(lease, attempt, run, since=lease.job.cancel_requested_at)
    seen = engine.observe(run, attempt.events_offset)
    cost = engine.cost(run, lease.now())
    with lease.writing() as (connection, job):
        job = noting.write_down(connection, job, attempt, seen, cost)
        if gone:
            endings.end_attempt(connection, attempt, Outcome.CANCELLED, cost, lease.now())
            endings.end(connection, job, JobStatus.CANCELLED, "Cancelled; the run has ended")


def _terminate(lease: JobLease, attempt: Row, run: RunHandle, since: datetime | None) -> bool:
    """Whether nothing of the run is left; a loud alert where that takes too long."""
    try:
        gone = engines.engine(attempt.engine).terminate(run)
    except Exception:
        _alert(lease, attempt, run, since)
        raise
    if not gone:
        _alert(lease, attempt, run, since)
    return gone


def _alert(lease: JobLease, attempt: Row, run: RunHandle, since: datetime | None) -> None:
    late = lease.now() - since if since is not None else timedelta()
    if late >= ENDS_WITHIN:
        where, minutes = place(attempt.engine), late // timedelta(minutes=1)
        with lease.writing() as (connection, job):
            is_news = notifications.run_not_ended(connection, job, run.name, where, minutes)
        if is_news:  # it is asked for twice a second
            log.error("%s: has not ended for %s, and may go on costing money", run.name, late)


def _archive(job: Row, verdict: Verdict) -> tuple[Archive | None, Verdict]:
    """The adapter as one file; without it, what has become of the run after all."""
    try:
        if job.engine != LOCAL_ENGINE:
            pod_exchange.bring_home(job.id)
        return archive_adapter(job.id), verdict
    except (pod_exchange.Damaged, pod_exchange.NotAnAdapter):
        return None, ADAPTER_DAMAGED  # and forgotten: a further run brings it again
    except FileNotFoundError:
        return None, ADAPTER_MISSING


def _complete(connection: Connection, job: Row, archive: Archive) -> None:
    step = job.progress.get("step")
    endings.end(
        connection,
        job,
        JobStatus.COMPLETED,
        f"Completed after {step} steps" if step else "Completed",
        adapter_key=archive.key,
        adapter_sha256=archive.sha256,
    )


def _go_on_or_fail(connection: Connection, job: Row, attempt: Row, verdict: Verdict) -> None:
    """What the end of a run that was not completed means for its job."""
    if verdict.outcome in LOSSES:
        step = job.progress.get("step")
        reached = f" after step {step}" if step else ""
        what = f"The run was interrupted{reached}"
        if verdict.outcome is Outcome.BAD_MACHINE:
            what = "The machine was not usable"
        elif verdict is ADAPTER_DAMAGED:
            what = "The run was done, but its adapter came home damaged"
        endings.recover_or_give_up(
            connection,
            job,
            attempt,
            what,
            interrupted=verdict.outcome in (Outcome.INTERRUPTED, Outcome.GONE),
            checkpoint_step=checkpoint_step(connection, job),
            detail=verdict.message,
        )
    elif verdict.outcome is Outcome.CAPPED:
        end_at_cap(connection, job, work.cost_of_attempts(connection, job.id))
    else:
        message = verdict.message or "The run failed and gave no reason."
        endings.fail(connection, job, verdict.code or "error", message)


def end_at_cap(connection: Connection, job: Row, spent: Decimal) -> None:
    """Ends the job because it has cost what it may; it can be continued from its checkpoint."""
    step = checkpoint_step(connection, job)
    message = spending_cap.reached_message(job.spending_cap, spent, step)
    endings.fail(connection, job, spending_cap.CODE, message)


def checkpoint_step(connection: Connection, job: Row) -> int | None:
    """The step from which a further run would go on: what lies on a rented machine is lost."""
    if job.engine == LOCAL_ENGINE:
        return job.progress.get("checkpoint_step")
    return pod_exchange.stored_step(connection, job.id)
