"""Runs that no live attempt knows of: they are ended, and what they have cost is not forgotten."""

import logging
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Row

from lib.db import activity, jobs, run_results, system_status, work
from lib.db.connection import reading, transaction
from lib.domain.audit import ActionType
from lib.domain.money import ZERO, usd
from lib.domain.recovery import Outcome
from lib.engines.base import Engine, RunHandle
from lib.engines.errors import Undecided
from lib.engines.names import parse_run_name
from lib.services import settlement
from lib.services.run_handles import handle

log = logging.getLogger(__name__)


def sweep(engine: Engine, now: datetime) -> bool:
    """Ends runs that no live attempt knows of; False while one of them is still there.

    The runs are listed before the rows are read: a row is always older than its run. One that was
    given up is looked at until it is paid for: it may have called in without ever being listed.
    """
    listed = engine.list_owned()
    with reading() as connection:
        known = work.live_run_names(connection, engine.name) if listed else set()
        unpaid = work.uncharged_run_names(connection, engine.name)
    all_gone = True
    for name in dict.fromkeys([*listed, *unpaid]):
        run = parse_run_name(name)
        if name not in known and run is not None:
            all_gone = _end(engine, name, *run, now) and all_gone
    return all_gone


def _end(engine: Engine, name: str, job_id: UUID, number: int, now: datetime) -> bool:
    log.warning("%s: no attempt knows of it, ending it", name)
    with transaction() as connection:
        activity.record_once(connection, system_status.ORPHAN, name)
        attempt = run_results.attempt(connection, name)
    if attempt is None or attempt.outcome != Outcome.LOST:
        return engine.terminate(RunHandle(name, job_id, number, None, ZERO, None))
    return _end_lost(engine, attempt, now)


def _end_lost(engine: Engine, attempt: Row, now: datetime) -> bool:
    """Ends a run that was given up because it never showed up; its job pays for it all the same."""
    try:
        found = engine.find(attempt.external_name, attempt.external_id or attempt.claimed_id)
    except Undecided:  # the list has changed since
        found = None
    if found is None:
        return False
    run = handle(*_take(attempt, found, now))
    if not engine.terminate(run):
        return False
    _charge(run, engine.cost(run, now), now)
    return True


def _take(attempt: Row, external_id: str, seen_at: datetime) -> tuple[Row, str | None]:
    """The attempt with its run, and its job's tier.

    Written before the run is ended: a worker may be killed in between, and then the bill, which is
    asked for by the id and until an hour after the end, still tells what the run has cost.
    """
    with transaction() as connection:
        job = jobs.lock(connection, attempt.job_id)
        assert job is not None
        if attempt.external_id is None:
            work.write_run(connection, attempt, external_id, ended_at=seen_at)
        taken = run_results.attempt(connection, attempt.external_name)
        assert taken is not None
        return taken, job.gpu_pricing_tier


def _charge(run: RunHandle, cost: Decimal, ended_at: datetime) -> None:
    """Once: another worker may have found the run too, and the bill may have come first."""
    with transaction() as connection:
        job = jobs.lock(connection, run.job_id)
        attempt = run_results.attempt(connection, run.name)
        assert job is not None and attempt is not None
        if cost == ZERO or attempt.cost > ZERO:
            return
        work.write_attempt(connection, attempt.id, ended_at=ended_at)
        settlement.correct_cost(
            connection,
            job,
            attempt,
            cost,
            ActionType.METERED_LATE,
            f"The machine of attempt {run.attempt} was found after it had been given up, and has "
            f"cost {usd(cost)}",
            {"attempt": run.attempt, "metered": str(cost)},
        )
