"""A live run: what it reports is written down, and what has become of it, once it is over."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from sqlalchemy import Row

from lib import engines
from lib.db import work
from lib.db.connection import reading
from lib.domain import spending_cap
from lib.domain.offers import LOCAL_ENGINE
from lib.engines.base import Observation, RunState
from lib.services import pod_exchange
from lib.services.run_handles import handle
from lib.worker import concluding, noting
from lib.worker.leases import JobLease
from lib.worker.verdicts import TIME_LIMIT, verdict_on

_LEFT_OFF = frozenset({RunState.INTERRUPTED, RunState.GONE})


def follow(lease: JobLease, attempt: Row) -> None:
    """Writes down what the run has done since, and the verdict when it is over."""
    engine, run = engines.engine(attempt.engine), handle(attempt, lease.job.gpu_pricing_tier)
    if attempt.interrupt_requested_at is not None:
        engine.terminate(run)  # a rehearsal: what is seen next is an interruption like any other
    seen = _with_results(lease.job, engine.observe(run, attempt.events_offset))
    cost = engine.cost(run, seen.ended_at or lease.now())
    verdict = verdict_on(
        seen,
        capped=_is_capped(lease.job, attempt, seen, cost),
        ended_at=_last_word_at(attempt, seen, lease.now()),
    )
    if verdict is None and not noting.is_news(lease.job, attempt, seen, cost):
        return
    with lease.writing() as (connection, job):
        if verdict is not None and job.cancel_requested_at is not None:
            return  # the request came first
        noting.write_down(connection, job, attempt, seen, cost)
        if verdict is not None:
            work.write_attempt(
                connection, attempt.id, verdict=verdict.to_dict(), verdict_at=lease.now()
            )
    if verdict is not None:
        concluding.conclude(lease, attempt, verdict)


def _with_results(job: Row, seen: Observation) -> Observation:
    """A rented run that has brought its adapter home is complete, however its machine went."""
    if job.engine == LOCAL_ENGINE or seen.state not in _LEFT_OFF:
        return seen
    with reading() as connection:
        is_home = pod_exchange.stored_adapter(connection, job.id)
    return replace(seen, state=RunState.COMPLETED) if is_home else seen


def _is_capped(job: Row, attempt: Row, seen: Observation, cost: Decimal) -> bool:
    """Whether the job has cost what it may, or the trainer has kept that limit by itself."""
    if job.spending_cap is None:
        return False
    spent = job.actual_cost - attempt.cost + cost
    return seen.failure_code == TIME_LIMIT or spending_cap.reached(job.spending_cap, spent)


def _last_word_at(attempt: Row, seen: Observation, now: datetime) -> datetime | None:
    """The time of the run's last event, so that what a run took does not include our polling.

    None where the clocks disagree so much that the run would have ended before it began, or will
    end in the future.
    """
    said = seen.events[-1].get("at") if seen.events else None
    try:
        ended_at = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return ended_at if ended_at.tzinfo and attempt.started_at <= ended_at <= now else None
