"""What RunPod billed against what was metered: read late, believed twice, corrected once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy import Row, select, update

from lib import engines
from lib.db import budgets, jobs, work
from lib.db.connection import reading, transaction
from lib.db.tables import budget_audit_log, budget_reservations, job_attempts
from lib.domain.audit import ActionType
from lib.domain.people import Person
from lib.engines.errors import ProviderProblem
from lib.engines.names import run_name
from lib.engines.runpod_client import RunPodClient
from lib.services import billing
from tests.fake_runpod.client import FakeRunPod
from tests.fake_runpod.world import KEY
from tests.past_jobs import book, insert_past_job

Make = Callable[..., Any]
RATE = Decimal("2.39")
METERED = Decimal("9.56")  # four hours


@pytest.fixture(autouse=True)
def own_engine(installation: str, runpod: FakeRunPod) -> Iterator[None]:
    yield
    engines.engine.cache_clear()
    assert runpod.violations == []


@dataclass(frozen=True)
class Billed:
    """A job whose first attempt ended six hours ago on a pod that was there for four."""

    job_id: UUID
    owner: Person
    runpod: FakeRunPod

    @property
    def job(self) -> Row:
        with reading() as connection:
            found = jobs.by_id(connection, self.job_id)
        assert found is not None
        return found

    @property
    def attempt(self) -> Row:
        with reading() as connection:
            return jobs.attempts(connection, self.job_id)[0]

    @property
    def spent(self) -> Decimal:
        """Of the month, as budgets count it."""
        with reading() as connection:
            return budgets.snapshot(connection, self.owner.id, self.job.budget_month).spent

    @property
    def told(self) -> list[str]:
        with reading() as connection:
            return [
                row.message for row in jobs.events(connection, self.job_id) if row.kind == "billed"
            ]

    @property
    def audited(self) -> list[Row]:
        with reading() as connection:
            return list(
                connection.execute(
                    select(budget_audit_log).where(
                        budget_audit_log.c.job_id == self.job_id,
                        budget_audit_log.c.action_type == ActionType.BILLED,
                    )
                )
            )

    def look(self, times: int = 1) -> None:
        """So many looks, each seven hours after the one before."""
        for _ in range(times):
            billing.reconcile()
            with transaction() as connection:
                checked = job_attempts.c.bill_checked_at
                connection.execute(
                    update(job_attempts).values(bill_checked_at=checked - timedelta(hours=7))
                )


@pytest.fixture
def billed(person: Make, training_file: Make, runpod: FakeRunPod) -> Callable[..., Billed]:
    """`billed(factor=1.5)`: a job that RunPod bills at that factor of what it cost."""

    def make(
        factor: float = 1.0, *, ended_hours_ago: float = 6, running: bool = False, **world: Any
    ) -> Billed:
        owner, now = person(), datetime.now(UTC)
        ended_at = now - timedelta(hours=ended_hours_ago)
        started_at = ended_at - timedelta(hours=4)
        state = {"status": "running", "ended_at": None} if running else {}
        columns = {"actual_cost": METERED, "ended_at": ended_at} | state
        file = training_file(conversations=6, actor=owner)
        job_id = insert_past_job(owner, file, tier="on_demand", **columns)
        book(job_id, running=running)
        runpod.be(bill_factor=factor, now=started_at.timestamp(), **world)
        client = RunPodClient(SecretStr(KEY), api_url=runpod.address, graphql_url=runpod.graphql)
        gpu = {"id": "NVIDIA H100 PCIe", "count": 1}
        pod = client.create({"name": "desk.x", "image": "trainer", "gpu": gpu})
        client.close()
        runpod.happen(pod.id, status="TERMINATED", seconds=4 * 3600)
        runpod.change(now=now.timestamp())
        with transaction() as connection:
            work.add_attempt(
                connection,
                job_id=job_id,
                number=1,
                engine="runpod",
                external_name=run_name(job_id, 1),
                external_id=pod.id,
                hourly_rate=RATE,
                created_at=started_at,
                started_at=started_at,
                ended_at=ended_at,
                outcome="completed",
                cost=METERED,
            )
        return Billed(job_id, owner, runpod)

    return make


def test_a_bill_that_agrees_is_written_down_and_changes_nothing(billed: Make) -> None:
    job = billed()
    job.look(times=3)
    assert job.attempt.billed == Decimal("9.56")
    assert (job.attempt.cost, job.job.actual_cost, job.spent) == (METERED, METERED, METERED)
    assert (job.told, job.audited) == ([], [])


@pytest.mark.parametrize(("factor", "cost"), [(1.5, "14.33"), (0.5, "4.78")])
def test_a_bill_that_differs_becomes_the_cost_everywhere_and_says_so(
    billed: Make, factor: float, cost: str
) -> None:
    job, right = billed(factor), Decimal(cost)
    job.look(times=2)
    assert (job.attempt.cost, job.job.actual_cost, job.spent) == (right, right, right)
    assert job.told == [
        f"RunPod billed ${cost} for attempt 1, metered $9.56; the job has cost ${cost}"
    ]
    (entry,) = job.audited
    assert (entry.amount, entry.user_id) == (right, job.owner.id)
    assert entry.details == {
        "attempt": 1,
        "billed": cost,
        "metered": "9.56",
        "cost_before": "9.56",
    }


def test_it_counts_once_however_often_it_is_read(billed: Make) -> None:
    job = billed(1.5)
    job.look(times=6)
    assert job.job.actual_cost == Decimal("14.33")
    assert len(job.told) == len(job.audited) == 1


def test_a_bill_that_still_grows_is_not_believed(billed: Make) -> None:
    job = billed(0.25)
    job.look()
    assert (job.attempt.billed, job.attempt.cost) == (Decimal("2.39"), METERED)
    job.runpod.change(bill_factor=0.75)
    job.look()
    assert (job.attempt.billed, job.attempt.cost) == (Decimal("7.17"), METERED)
    job.runpod.change(bill_factor=1.0)
    job.look(times=3)
    assert (job.attempt.billed, job.attempt.cost, job.told) == (Decimal("9.56"), METERED, [])


def test_a_bill_that_comes_late_is_waited_for(billed: Make) -> None:
    job = billed(2.0)
    later = datetime.now(UTC).timestamp()
    job.runpod.change(now=later - 11 * 3600)  # before anything is billed
    job.look(times=2)
    assert (job.attempt.billed, job.attempt.bill_checked_at is None) == (None, False)
    assert job.attempt.cost == METERED
    job.runpod.change(now=later)
    job.look(times=2)
    assert job.attempt.cost == Decimal("19.11")


def test_whole_hours_of_this_pod_alone_are_asked_for(billed: Make) -> None:
    job = billed()
    asked_before = len(job.runpod.requests)
    billing.reconcile()
    (asked,) = job.runpod.requests[asked_before:]
    query, attempt = asked["query"], job.attempt
    start, end = (datetime.fromisoformat(query[name]) for name in ("startTime", "endTime"))
    assert (start.minute, start.second, end.minute, end.second) == (0, 0, 0, 0)
    assert start <= attempt.started_at and end >= attempt.ended_at + timedelta(hours=1)
    assert query["podId"] == attempt.external_id


def test_an_attempt_is_looked_at_every_six_hours_and_no_more_after_three_days(
    billed: Make,
) -> None:
    job = billed()
    billing.reconcile()
    asked = len(job.runpod.requests)
    billing.reconcile()
    assert len(job.runpod.requests) == asked
    old = billed(1.5, ended_hours_ago=73)
    old.look(times=2)
    assert old.attempt.bill_checked_at is None


def test_a_bill_is_not_asked_for_right_after_the_end(billed: Make) -> None:
    job = billed(ended_hours_ago=1)
    billing.reconcile()
    assert job.attempt.bill_checked_at is None


def test_a_job_that_goes_on_has_its_cost_corrected_and_its_reservation_left_open(
    billed: Make,
) -> None:
    job = billed(1.5, running=True)
    job.look(times=2)
    assert job.job.actual_cost == Decimal("14.33")
    with reading() as connection:
        held = connection.execute(
            select(budget_reservations).where(budget_reservations.c.job_id == job.job_id)
        ).one()
    assert (held.settled_at, held.settled_cost) == (None, None)


def test_a_bill_that_cannot_be_read_is_told_and_asked_for_again(billed: Make) -> None:
    job = billed(1.5)
    job.runpod.change(faults={"billing": ["500"]})
    with pytest.raises(ProviderProblem, match="HTTP 500"):
        billing.reconcile()
    assert job.attempt.bill_checked_at is None
    job.look(times=2)
    assert job.attempt.cost == Decimal("14.33")


def test_without_a_key_nobody_is_asked(billed: Make, configure: Make) -> None:
    job = billed(1.5)
    asked = len(job.runpod.requests)
    configure(RUNPOD_API_KEY="")
    billing.reconcile()
    assert len(job.runpod.requests) == asked
