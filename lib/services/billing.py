"""What RunPod billed for a run, and what becomes of the cost that was metered here.

A bill comes hours late and grows until it is whole, so it counts once two looks, hours apart, have
seen the same amount. Where it then differs from what was metered by more than disks and seconds
explain, the attempt and its job cost what was billed: the budget, the job's events and the audit
log say so in one transaction, and the same bill never counts twice.
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row

from lib import engines
from lib.db import bills, budgets, jobs, work
from lib.db.connection import reading, transaction
from lib.domain.audit import ActionType
from lib.domain.money import ZERO, usd
from lib.domain.offers import RUNPOD_ENGINE
from lib.engines.bills import Bill
from lib.engines.errors import ProviderProblem
from lib.services import notifications
from lib.services.run_handles import handle

TASK = "bills"  # the periodic task's name
FIRST_LOOK = timedelta(hours=2)  # after the end: earlier there is hardly a bill
LOOK_EVERY = timedelta(hours=6)
LOOK_UNTIL = timedelta(days=3)
_AT_ONCE = 200


def reconcile() -> None:
    """The periodic task. Raises ProviderProblem; what was read until then is written."""
    runpod = engines.rented()
    if runpod is None:
        return
    with reading() as connection:
        attempts = bills.due(
            connection,
            RUNPOD_ENGINE,
            settled_after=FIRST_LOOK,
            until=LOOK_UNTIL,
            every=LOOK_EVERY,
            limit=_AT_ONCE,
        )
    problem: ProviderProblem | None = None
    for attempt in attempts:
        try:
            bill = runpod.bill(handle(attempt, attempt.gpu_pricing_tier), attempt.ended_at)
        except ProviderProblem as one:
            problem = one  # the others may be told all the same; this one is asked for again
        else:
            write(attempt.job_id, attempt.id, bill.billed)
    if problem is not None:
        raise problem


def write(job_id: UUID, attempt_id: UUID, billed: Decimal | None) -> None:
    """Writes down what was billed, and corrects the cost where the bill stands and differs."""
    with transaction() as connection:
        job = jobs.lock(connection, job_id)
        attempt = bills.lock(connection, attempt_id)
        bills.write(connection, attempt_id, billed)
        assert job is not None
        if billed is None or billed != attempt.billed or Bill(attempt.cost, billed).agrees:
            return
        _correct(connection, job, attempt, max(billed, ZERO))


def _correct(connection: Connection, job: Row, attempt: Row, billed: Decimal) -> None:
    """The attempt has cost what was billed, and the job the sum of its attempts."""
    work.write_attempt(connection, attempt.id, cost=billed)
    total = work.cost_of_attempts(connection, job.id)
    jobs.write(connection, job.id, actual_cost=total)
    budgets.correct(connection, job.id, total)
    figures = {"attempt": attempt.number, "billed": str(billed), "metered": str(attempt.cost)}
    told = (
        f"RunPod billed {usd(billed)} for attempt {attempt.number}, metered {usd(attempt.cost)}; "
        f"the job has cost {usd(total)}"
    )
    jobs.record(connection, job.id, "billed", told, data=figures)
    if total > job.actual_cost:
        notifications.budget_used(connection, job.created_by)
    budgets.audit(
        connection,
        ActionType.BILLED,
        user_id=job.created_by,
        actor_id=job.created_by,
        job_id=job.id,
        amount=total,
        details={**figures, "cost_before": str(job.actual_cost)},
    )
