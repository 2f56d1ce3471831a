"""What RunPod billed for a run, and what becomes of the cost that was metered here.

A bill comes hours late and grows until it is whole, so it counts once two looks, hours apart, have
seen the same amount. Where it then differs from what was metered by more than disks and seconds
explain, the attempt and its job cost what was billed: the budget, the job's events and the audit
log say so in one transaction, and the same bill never counts twice.
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from lib import engines
from lib.db import bills, jobs
from lib.db.connection import reading, transaction
from lib.domain.audit import ActionType
from lib.domain.money import ZERO, usd
from lib.domain.offers import RUNPOD_ENGINE
from lib.engines.bills import Bill
from lib.engines.errors import ProviderProblem
from lib.services import settlement
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
        cost = max(billed, ZERO)
        settlement.correct_cost(
            connection,
            job,
            attempt,
            cost,
            ActionType.BILLED,
            f"RunPod billed {usd(cost)} for attempt {attempt.number}, metered {usd(attempt.cost)}",
            {"attempt": attempt.number, "billed": str(cost), "metered": str(attempt.cost)},
        )
