"""Whatever goes wrong, in whatever order, with the real worker, database and routes: one pod a job,
none in the end, every job ended for a reason, and its cost settled once.

Faults come from a seed, which is in the test's name, and happen again in the same way.
"""

import random
from collections import Counter
from datetime import timedelta
from decimal import Decimal

import pytest

from lib import engines, storage
from lib.domain.offers import Tier
from lib.worker.reconcile import Reconciler
from tests.effort import times
from tests.rented.lives import Life
from tests.rented.world import (
    CAP,
    RATE,
    Clock,
    all_ended,
    attempts,
    check_the_books,
    install,
    job_rows,
    live_by_job,
    open_engine,
    queue_job,
    read_the_bill,
)
from tests.worker.helpers import ask_to_cancel, let_leases_run_out

FAULTS = [
    *("500", "done 500", "502", "done 502", "done cut", "done not json", "cut", "not json"),
    *("429", "402", "403", "capacity", "other form", "redirect", "done redirect"),
]
SEEDS = 200
LISTS_SAY_SO = 240  # seconds until a pod that has ended is in no list and its run is paid for
MOVES = 900  # of the clock, after which a job that has not ended never will
#: Codes by which a job may fail here; anything else is a mistake of ours.
EXPECTED = {
    *("out_of_memory", "no_capacity", "provider_away", "recoveries_exhausted", "price_changed"),
    *("cap_reached", "no_balance", "no_access", "refused", "spot_unavailable", "key_refused"),
}


OUTCOMES: Counter[str] = Counter()  # of all stories so far


class Story:
    """One world with its jobs and its worker, and all that happens to them."""

    def __init__(self, runpod, desk, seed, make_job, monkeypatch):
        self.chance = chance = random.Random(seed)
        self.runpod, self._monkeypatch = runpod, monkeypatch
        self.tier = Tier.SPOT if seed % 3 == 0 else Tier.ON_DEMAND
        self.clock = Clock(runpod)
        self.heard_at, self.silence = self.clock.now, timedelta()  # the longest without a list
        price_factor = chance.choice([1.0, 1.0, 1.0, 1.4])
        runpod.be(
            now=self.clock.now.timestamp(),
            seed=seed,
            log_ends=True,
            fault_rate=chance.choice([0.0, 0.1, 0.3]),
            fault_kinds=FAULTS,
            list_lag=chance.choice([0, 10, 60, 100]),
            late_404=chance.choice([0, 10, 60]),
            stuck=chance.choice([0, 0, 0, 1]),
            price_factor=price_factor,
            spot_in_rest=chance.choice([True, False]),
            spot_open=chance.random() < 0.9,
        )
        self.agreed_price = price_factor == 1.0
        caps = [Decimal("0.30") if chance.random() < 0.15 else CAP for _ in range(2)]
        self.jobs = [make_job(self.tier, self.clock.now, cap) for cap in caps]
        self.cancelled_at = {job: chance.randint(0, 40) for job in self.jobs if not seed % 4}
        self.lives: dict[str, Life] = {}
        self.desk = desk
        self.restart()

    def restart(self):
        """The worker is killed; the next one knows what the database knows."""
        self.engine = open_engine(self.clock)
        install(self.engine, self._monkeypatch)
        let_leases_run_out()
        self.worker = Reconciler(self.clock, retry=timedelta())

    def play(self):
        for move in range(MOVES):
            self.move(self.chance.choice([20, 60, 90]))
            for job, at in self.cancelled_at.items():
                if at == move:
                    ask_to_cancel(job)
            if self.chance.random() < 0.02:
                self.restart()
            if all_ended(self.jobs):
                return
        raise AssertionError(f"not ended: {[job.status for job in job_rows(self.jobs)]}")

    def settle(self):
        """Without further faults, until nothing is left of any run, and lists say so, too."""
        self.runpod.change(fault_rate=0.0)
        quiet = 0
        for _ in range(60):
            quiet = 0 if self.move(30) else quiet + 1
            if quiet * 30 > LISTS_SAY_SO:
                return
        raise AssertionError(f"still there: {self.runpod.live}")

    def bill(self):
        """RunPod bills, rightly or not, and two looks see the same."""
        self.runpod.change(bill_factor=self.chance.choice([1.0, 1.0, 1.0, 0.7, 1.5]))
        for job in job_rows(self.jobs):
            for attempt in attempts(job.id):
                if attempt.external_id is not None:
                    read_the_bill(job, attempt)

    def move(self, seconds):
        """The clock goes on, the pods do, the worker looks. The pods that are there then."""
        for pod in self.clock.advance(seconds):
            if pod["status"] == "RUNNING" and not pod["deleted"]:
                if pod["id"] not in self.lives:
                    self.lives[pod["id"]] = Life(self.runpod, self.desk, pod, self.chance)
                self.lives[pod["id"]].go_on(self.clock.now)
        self.worker.tick()
        if (heard := self.engine._pods._newest) is not None:
            self.heard_at = heard.asked_at
        self.silence = max(self.silence, self.clock.now - self.heard_at)
        live = live_by_job(self.runpod.pods)
        assert all(len(names) == 1 for names in live.values()), live
        return live


@pytest.fixture
def tell(rents, runpod, desk, monkeypatch):
    """`tell(seed)`: a world in which everything of that seed has happened."""

    def make_job(tier, now, cap):
        return queue_job(*rents, tier, now, cap)

    def play(seed):
        story = Story(runpod, desk, seed, make_job, monkeypatch)
        story.play()
        story.settle()
        return story

    yield play
    engines.engine.cache_clear()


@pytest.mark.parametrize("seed", range(times(SEEDS)))
def test_every_job_ends_once_with_its_cost_and_without_a_pod(tell, seed):
    story = tell(seed)
    assert story.runpod.violations == []
    names = [pod["name"] for pod in story.runpod.pods]
    assert len(names) == len(set(names)), "an attempt was ordered twice"
    assert all(pod["spot"] == (story.tier is Tier.SPOT) for pod in story.runpod.pods)
    check_the_books(story.jobs)
    for job in job_rows(story.jobs):
        OUTCOMES[job.failure_code or job.status] += 1
        assert job.status != "failed" or job.failure_code in EXPECTED, job.failure_code
        assert (job.status == "completed") == storage.adapter_archive(job.id).exists()
        assert job.status != "cancelled" or job.id in story.cancelled_at
        check_the_cost(job, story)
    paid = {attempt.external_id for job in story.jobs for attempt in attempts(job)}
    billed = {pod["id"] for pod in story.runpod.pods if pod["billed"] >= 0.01}
    assert billed <= paid, "a pod that nobody pays for"
    story.bill()
    check_the_books(story.jobs)
    for job in job_rows(story.jobs):
        check_the_bills(job)


def check_the_bills(job):
    """Each run has cost what was billed for it, but for disks and seconds."""
    for attempt in attempts(job.id):
        if attempt.billed is not None:
            tolerance = attempt.billed / 15 + Decimal("0.06")
            assert abs(attempt.cost - attempt.billed) <= tolerance, attempt


def check_the_cost(job, story):
    """Never less than is billed, but for pods at another price than agreed, which are ended at
    once; and above by no more than the time it takes to be told, and while RunPod listed nothing.
    """
    pods = [pod for pod in story.runpod.pods if str(job.id) in pod["name"]]
    billed = Decimal(str(sum(pod["billed"] for pod in pods)))
    if story.agreed_price:
        assert job.actual_cost >= billed - Decimal("0.02"), (job.actual_cost, billed)
    late = len(pods) * RATE[story.tier] / 2  # half an hour each
    late += RATE[story.tier] * int(story.silence.total_seconds()) / 3600
    assert job.actual_cost <= billed + late, (job.actual_cost, billed)


def test_the_stories_end_in_all_the_ways_there_are():
    """Otherwise the test above would show little."""
    if OUTCOMES.total() < 2 * times(SEEDS):
        pytest.skip("not all of the stories were told")
    assert OUTCOMES["completed"] > OUTCOMES.total() / 4
    ways = {"cancelled", "out_of_memory", "recoveries_exhausted", "price_changed", "cap_reached"}
    assert ways <= OUTCOMES.keys(), OUTCOMES
