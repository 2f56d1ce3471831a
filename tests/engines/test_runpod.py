"""RunPod as an engine, over the wire: what it finds, ends and counts, and how little it asks."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from lib.engines.base import RunState
from lib.engines.errors import (
    InDoubt,
    RateLimited,
    Undecided,
    Unreachable,
)
from lib.engines.runpod import Bill
from tests.engines.runpod_helpers import PLAN, UP, running

# Finding


@pytest.mark.parametrize("fault", ["done 500", "done hang", "done cut"])
@pytest.mark.parametrize("lag", [0, 90])
def test_a_pod_that_was_created_in_doubt_is_found_by_its_name(desk, fault, lag):
    desk.patience = 0.3
    desk.restart()
    desk.runpod.be(faults={"create": [fault]}, list_lag=lag)
    run = desk.run()
    with pytest.raises(InDoubt):
        desk.engine.submit(run)
    found = desk.until(lambda: desk.engine.find(run.name))
    assert [pod["id"] for pod in desk.runpod.pods] == [found]
    assert len(desk.asked("create")) == 1


def test_a_pod_that_calls_in_is_found_before_any_list_shows_it(desk):
    desk.runpod.be(faults={"create": ["done 500"]}, list_lag=90)
    run = desk.run()
    with pytest.raises(InDoubt):
        desk.engine.submit(run)
    (pod,) = desk.runpod.pods
    assert desk.engine.find(run.name, pod["id"]) == pod["id"]


def test_a_pod_that_the_list_knows_by_another_name_is_not_taken(desk):
    other = desk.start()
    desk.advance(6)
    with pytest.raises(Undecided):
        desk.engine.find(desk.run(attempt=2).name, other.external_id)


def test_a_pod_that_was_never_created_is_denied_only_after_several_lists(desk):
    desk.runpod.be(faults={"create": ["500"]})
    run = desk.run()
    with pytest.raises(InDoubt):
        desk.engine.submit(run)
    asked = len(desk.asked("list"))
    for _ in range(20):
        with pytest.raises(Undecided):
            desk.engine.find(run.name)
        desk.advance(6)
    assert len(desk.asked("list")) >= asked + 19
    assert desk.engine.find(run.name) is None


def test_the_newest_words_of_a_list_that_fails_are_no_answer(desk):
    run = desk.start()
    desk.runpod.change(faults={"list": ["500", "500"]})
    desk.advance(6)
    for ask in (desk.engine.list_owned, lambda: desk.engine.find(run.name)):
        with pytest.raises(Unreachable):
            ask()
    assert len(desk.asked("list")) == 2  # the failure is shared, too
    desk.advance(6)
    with pytest.raises(Unreachable):
        desk.observe(run)
    desk.advance(6)
    assert desk.engine.list_owned() == [run.name]


# Ending


def test_the_end_is_believed_only_when_a_later_list_agrees(desk):
    run = running(desk)
    desk.runpod.change(list_lag=40)  # lists go on showing the pod for so long
    begun = desk.now
    desk.until(lambda: desk.engine.terminate(run))
    assert desk.runpod.live == []
    assert desk.now - begun >= timedelta(seconds=40)
    assert desk.engine.terminate(run)


def test_a_404_for_a_new_pod_proves_nothing(desk):
    desk.runpod.be(list_lag=60, late_404=60)
    run = desk.start()
    desk.until(lambda: desk.engine.terminate(run))
    assert desk.runpod.live == []


@pytest.mark.parametrize("fault", ["500", "done 500", "429", "not json", "cut", "hang"])
def test_a_delete_that_fails_is_asked_for_again(desk, fault):
    desk.patience = 0.3
    desk.restart()
    run = running(desk)
    desk.runpod.change(faults={"delete": [fault, fault]})
    desk.until(lambda: desk.engine.terminate(run))
    assert desk.runpod.live == []


def test_a_pod_that_may_not_have_been_deleted_is_at_least_stopped(desk):
    run = running(desk)
    desk.runpod.change(faults={"delete": ["500"]})
    assert not desk.engine.terminate(run)
    (pod,) = desk.runpod.pods
    assert (pod["status"], pod["cost"]) == ("EXITED", 0.0)


def test_every_pod_of_the_name_is_ended(desk):
    """Names are not unique at RunPod."""
    run = running(desk)
    twin = {"name": f"desk.{run.name}", "image": "x", "gpu": {"id": PLAN.gpu_id, "count": 1}}
    desk.client.create(twin)
    desk.advance(6)
    assert desk.engine.find(run.name) == run.external_id
    desk.until(lambda: desk.engine.terminate(run))
    assert desk.runpod.live == []


def test_a_list_from_before_the_request_proves_nothing(desk):
    desk.engine.list_owned()
    run = desk.start()
    twin = {"name": f"desk.{run.name}", "image": "x", "gpu": {"id": PLAN.gpu_id, "count": 1}}
    desk.client.create(twin)
    assert not desk.engine.terminate(run)
    desk.until(lambda: desk.engine.terminate(run))
    assert desk.runpod.live == []


def test_an_orphan_is_swept_by_its_name_alone(desk):
    run = desk.run()
    desk.engine.submit(run)
    desk.restart()
    desk.advance(6)
    (name,) = desk.engine.list_owned()
    orphan = desk.handle(run, desk.engine.find(name))
    desk.until(lambda: desk.engine.terminate(replace(orphan, started_at=None)))
    assert desk.runpod.live == []


def test_nothing_is_billed_after_the_end(desk):
    run = running(desk)
    desk.until(lambda: desk.engine.terminate(run))
    cost = desk.engine.cost(run, desk.now)
    desk.advance(3600)
    assert desk.engine.cost(run, desk.now) == cost > 0


# Money


def test_cost_is_the_rate_for_the_time_until_the_pod_is_over(desk):
    run = running(desk)
    desk.say(run.external_id, desk.event("step", 1))
    desk.advance(3600 - UP)
    desk.observe(run)
    assert desk.engine.cost(run, desk.now) == Decimal("2.39")
    desk.runpod.happen(run.external_id, status="EXITED")
    desk.advance(6)
    desk.observe(run)
    at_end = desk.engine.cost(run, desk.now)
    desk.advance(7200)
    assert desk.engine.cost(run, desk.now) == at_end == Decimal("2.39")
    assert desk.engine.cost(replace(run, started_at=None), desk.now) == Decimal("0.00")


@pytest.mark.parametrize(
    ("factor", "billed", "agrees"), [(1.0, "4.78", True), (3.0, "14.33", False)]
)
def test_the_bill_stands_beside_the_metered_cost_and_never_replaces_it(
    desk, factor, billed, agrees
):
    desk.runpod.be(bill_factor=factor)
    run = desk.start()
    desk.advance(7200)
    bill = desk.engine.bill(run, desk.now)
    assert bill == Bill(Decimal("4.78"), Decimal(billed))
    assert bill.agrees is agrees


def test_a_bill_that_is_not_there_yet_is_none_and_agrees_with_nothing(desk):
    run = desk.start()
    assert desk.engine.bill(run, desk.now) == Bill(Decimal("0.00"), None)
    assert not Bill(Decimal("0.00"), None).agrees


# Asking little


def test_a_thousand_pods_need_a_handful_of_questions(desk):
    desk.runpod.be(quota=60)
    runs = [desk.run() for _ in range(1000)]
    desk.runpod.fill([f"desk.{run.name}" for run in runs], PLAN.gpu_id)
    desk.advance(UP)
    handles = [desk.handle(run, f"pod{number:05}") for number, run in enumerate(runs, 1)]
    for _ in range(5):  # half a minute
        states = {str(desk.observe(handle).state) for handle in handles}
        assert states == {"starting"}
        desk.advance(6)
    assert len(desk.asked("list")) == 5
    assert len(desk.runpod.requests) <= 10


def test_every_pods_log_gets_its_turn(desk):
    handles = [desk.start() for _ in range(6)]
    desk.advance(UP)
    for _ in range(30):
        for handle in handles:
            desk.observe(handle)
        desk.advance(6)
    read = [request["path"].split("/")[3] for request in desk.asked("logs")]
    counts = [read.count(handle.external_id) for handle in handles]
    assert min(counts) >= max(counts) - 2 > 0


def test_after_a_429_everybody_waits_as_long_as_runpod_asks(desk):
    run = running(desk)
    desk.runpod.change(faults={"list": ["429"]})
    for _ in range(12):
        with pytest.raises(RateLimited):
            desk.observe(run)
        desk.advance(1)
    asked = len(desk.runpod.requests)
    assert desk.observe(run).state is RunState.STARTING
    assert len(desk.runpod.requests) > asked
