"""RunPod's account: read by the worker, kept for the pages, and a start that it cannot bear."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from lib import engines
from lib.db import installation as values
from lib.db import work
from lib.db.connection import reading, transaction
from lib.domain.offers import NO_BALANCE, ON_DEMAND_KEY
from lib.domain.rented_account import Account, Rented
from lib.engines.errors import ProviderProblem
from lib.engines.names import run_name
from lib.engines.runpod_setup import pod_prefix
from lib.services import offers, rented_account
from lib.services.assessment import assess
from tests.fake_runpod.client import FakeRunPod
from tests.past_jobs import book, insert_past_job

Make = Callable[..., Any]
GPU = "NVIDIA H100 PCIe"


@pytest.fixture(autouse=True)
def own_engine(installation: str, runpod: FakeRunPod) -> Iterator[None]:
    yield
    engines.engine.cache_clear()
    assert runpod.violations == []


def read() -> Account:
    with reading() as connection:
        found = rented_account.account(connection)
    assert found is not None
    return found


def rented() -> Rented | None:
    with reading() as connection:
        return rented_account.rented(connection)


def test_the_worker_keeps_the_balance_and_our_pods_and_a_page_asks_nobody(
    person: Make, training_file: Make, runpod: FakeRunPod
) -> None:
    owner = person()
    file = training_file(conversations=6, actor=owner)
    job_id = insert_past_job(owner, file, status="running", ended_at=None)
    book(job_id, held="60.00", running=True)
    with transaction() as connection:
        work.add_attempt(
            connection,
            job_id=job_id,
            number=1,
            engine="runpod",
            external_name=run_name(job_id, 1),
            hourly_rate=Decimal("2.39"),
        )
    ours = [f"{pod_prefix()}.{run_name(job_id, 1)}", f"{pod_prefix()}.{run_name(owner.id, 1)}"]
    runpod.fill([*ours, "somebody-else"], GPU)
    rented_account.look()
    asked = len(runpod.requests)

    account = read()

    assert len(runpod.requests) == asked
    assert (account.balance, account.hourly_spend) == (Decimal("250.00"), Decimal("7.17"))
    assert account.reserved == Decimal("60.00") - Decimal("24.90")  # held, less the cost so far
    assert {pod.name: pod.is_known for pod in account.pods} == {ours[0]: True, ours[1]: False}
    assert {pod.hourly_cost for pod in account.pods} == {Decimal("2.389")}
    assert account.shortage is None


def test_a_balance_that_is_not_told_is_kept_as_that(runpod: FakeRunPod) -> None:
    runpod.be(faults={"balance": ["410"]})
    rented_account.look()
    account = read()
    assert (account.balance, account.shortage, account.is_empty) == (None, None, False)
    assert "HTTP 410" in (account.problem or "")


def test_pods_that_are_not_told_are_an_error_and_the_last_list_stays(runpod: FakeRunPod) -> None:
    rented_account.look()
    first = read()
    engines.engine.cache_clear()
    runpod.change(faults={"list": ["500"]})
    with pytest.raises(ProviderProblem):
        rented_account.look()
    assert read() == first


def test_how_runpod_is_set_up_is_told_before_anybody_has_looked(configure: Make) -> None:
    found = rented()
    assert found is not None
    assert (found.prefix, found.account) == (pod_prefix(), None)
    assert "TRAINER_IMAGE" in (found.missing or "")
    configure(RUNPOD_API_KEY="")
    assert rented() is None


def test_without_money_nothing_can_be_started_there(
    person: Make, draft: Make, runpod: FakeRunPod, configure: Make
) -> None:
    configure(TRAINER_IMAGE="registry.example.com/trainer:1", HF_TOKEN="hf_token")
    ana = person(limit="100000.00")
    offers.refresh(ana)
    opened = draft(ana, offer_key=ON_DEMAND_KEY)
    assert assess(opened).blockers == ()
    runpod.change(balance=0.0)
    rented_account.look()
    assert [blocker.message for blocker in assess(opened).blockers] == [NO_BALANCE]
    age(hours=2)  # nobody knows what is there by now
    assert assess(opened).blockers == ()


def age(hours: int) -> None:
    before = read().read_at
    with transaction() as connection:
        stored = values.value(connection, "runpod_account")
        assert stored is not None
        older = (before - timedelta(hours=hours)).isoformat()
        values.put(connection, "runpod_account", stored.replace(before.isoformat(), older))
