"""A pod that was ordered in doubt: whoever calls in is there, and who was given up is paid for."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select

from lib import engines
from lib.db.connection import reading
from lib.db.tables import budget_audit_log
from lib.domain.audit import ActionType
from lib.domain.offers import Tier
from lib.worker.reconcile import Reconciler
from tests.effort import SOAK
from tests.rented.lives import Life
from tests.rented.worker_process import WorkerProcess
from tests.rented.world import (
    RATE,
    Clock,
    all_ended,
    attempts,
    check_the_books,
    install,
    job_rows,
    open_engine,
    queue_job,
    read_the_bill,
)
from tests.worker.helpers import events_of, let_leases_run_out

STEP = 20  # seconds between two looks
LAG = 240  # longer than an order may be in doubt
NEVER = 100_000


class Desk:
    """One job whose pod is created and denied. Each move is a look of the worker at all jobs."""

    def __init__(self, rents, runpod, desk, **world):
        self.runpod, self._desk, self.clock = runpod, desk, Clock(runpod)
        runpod.be(now=self.clock.now.timestamp(), log_ends=True, **world)
        self.job_id = queue_job(*rents, Tier.ON_DEMAND, self.clock.now)
        self._life = None

    def move(self, tick):
        """The pod does what it can, then the worker looks."""
        pod, *_ = [*self.clock.advance(STEP), None]
        if pod is not None and pod["status"] == "RUNNING" and not pod["deleted"]:
            self._life = self._life or Life(self.runpod, self._desk, pod, random.Random(1))
            self._life.go_on(self.clock.now)
        return tick(self.clock.now)

    @property
    def job(self):
        return job_rows([self.job_id])[0]

    @property
    def first(self):
        return attempts(self.job_id)[0]

    @property
    def billed(self):
        return Decimal(str(self.runpod.pods[0]["billed"]))

    def read_the_bill(self):
        read_the_bill(self.job, self.first)


@pytest.fixture
def ordered_in_doubt(rents, runpod, desk, monkeypatch):
    """`ordered_in_doubt(list_lag=60)`: the desk, and what makes its worker look.

    A second order is refused for good, so that the first pod is the only one.
    """

    def make(**world):
        faults = {"create": ["done 500", "402"]}
        made = Desk(rents, runpod, desk, faults=faults, **world)
        install(open_engine(made.clock), monkeypatch)
        worker = Reconciler(made.clock, retry=timedelta())
        return made, lambda _now: worker.tick()

    yield make
    engines.engine.cache_clear()


def until(desk, tick, true, moves=60):
    for _ in range(moves):
        desk.move(tick)
        if true():
            return
    raise AssertionError(f"not in {moves} moves: {desk.job.status}, {attempts(desk.job_id)}")


def test_a_pod_that_calls_in_is_there_though_no_list_shows_it(ordered_in_doubt):
    desk, tick = ordered_in_doubt(list_lag=NEVER)
    until(desk, tick, lambda: desk.first.external_id)
    (pod,) = desk.runpod.pods
    attempt = desk.first
    assert (attempt.external_id, attempt.outcome) == (pod["id"], None)
    assert desk.clock.now - attempt.created_at < timedelta(seconds=120)


def test_without_its_call_it_is_given_up(ordered_in_doubt, monkeypatch):
    """The twin: what the test above sees comes from the call."""
    monkeypatch.setattr(Life, "_resumed_from", lambda _self: 0)
    desk, tick = ordered_in_doubt(list_lag=NEVER)
    until(desk, tick, lambda: desk.first.outcome)
    assert (desk.first.external_id, desk.first.outcome) == (None, "lost")


@pytest.mark.parametrize(
    "world",
    [
        {"list_lag": LAG, "start_seconds": 2000},  # it says nothing, and is listed late
        {"list_lag": NEVER, "start_seconds": 400},  # it calls in late, and is never listed
    ],
)
def test_a_pod_that_was_given_up_is_ended_and_paid_for(ordered_in_doubt, world):
    desk, tick = ordered_in_doubt(**world)
    until(desk, tick, lambda: all_ended([desk.job_id]))
    assert (desk.job.failure_code, desk.job.actual_cost) == ("no_balance", Decimal("0.00"))
    assert desk.runpod.live != []
    until(desk, tick, lambda: desk.job.actual_cost > 0)
    desk.move(tick)
    assert desk.runpod.live == []
    assert desk.first.external_id == desk.runpod.pods[0]["id"]
    too_late = RATE[Tier.ON_DEMAND] * (LAG + 2 * STEP) / 3600  # ended pods are listed, too
    assert desk.billed - Decimal("0.01") <= desk.first.cost <= desk.billed + too_late
    check_the_books([desk.job_id])
    told = [event.message for event in events_of(desk.job_id) if event.kind == "metered_late"]
    cost = f"${desk.first.cost}"
    assert told == [
        "The machine of attempt 1 was found after it had been given up, and has cost "
        f"{cost}; the job has cost {cost}"
    ]
    for _ in range(10):
        desk.move(tick)
    assert audited(desk) == [desk.first.cost], "it is charged once"
    desk.read_the_bill()
    assert abs(desk.job.actual_cost - desk.billed) <= Decimal("0.06")
    check_the_books([desk.job_id])


def audited(desk):
    row = budget_audit_log.c
    with reading() as connection:
        return list(
            connection.scalars(
                select(row.amount).where(
                    row.job_id == desk.job_id, row.action_type == ActionType.METERED_LATE
                )
            )
        )


def test_wherever_the_sweep_is_killed_the_cost_is_known_in_the_end(
    rents, runpod, desk, environment, monkeypatch
):
    faults = {"create": ["done 500", "402"]}

    def play(kill_at=0):
        """A whole life; the points that its worker passed."""
        here = Desk(rents, runpod, desk, faults=faults, list_lag=LAG, start_seconds=2000)
        worker = WorkerProcess(environment, kill_at=kill_at)
        points = worker.points
        for _ in range(60):
            if not here.move(worker.tick):
                let_leases_run_out()
                worker = WorkerProcess(environment)
            if all_ended([here.job_id]) and runpod.pods and not runpod.live:
                break
        for _ in range(LAG // STEP + 5):
            here.move(worker.tick)
        worker.end()
        install(open_engine(here.clock), monkeypatch)
        here.read_the_bill()
        assert runpod.live == []
        assert abs(here.job.actual_cost - here.billed) <= Decimal("0.06"), points[-1]
        assert len(audited(here)) <= 1
        check_the_books([here.job_id])
        return points

    points = play()
    steps = [number for number, point in enumerate(points, 1) if " in orphans._" in point]
    first = {points[number - 1]: number for number in reversed(steps)}
    assert first.keys() >= {
        "before a commit in orphans._take",
        "before DELETE in orphans._end_lost",
        "after DELETE in orphans._end_lost",
        "before a commit in orphans._charge",
    }
    for number in steps if SOAK else first.values():
        play(kill_at=number)
