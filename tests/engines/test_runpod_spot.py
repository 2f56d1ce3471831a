"""Spot: found out and never assumed, never another tier, and never lost where a list is refused."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from lib.domain.offers import SPOT_OFF, SPOT_REFUSED
from lib.engines.base import RunState
from lib.engines.errors import NoCapacity, ProviderProblem, Refused, SubmitRefused, Undecided
from tests.engines.runpod_helpers import PLAN, SPOT_PLAN

FOR_GOOD = ["403", "404", "410", "refused errors"]
UP = 66  # seconds until a pod runs


@pytest.fixture
def auto(open_desk):
    return open_desk(spot="auto")


def on_demand(desk):
    desk.plans.chosen = PLAN
    return desk


def refuse_lists(desk, fault="410", times=10_000):
    desk.runpod.change(faults={"spot_pods": [fault] * times})


# Ordering


@pytest.mark.parametrize("fault", FOR_GOOD)
def test_a_refused_order_is_refused_in_plain_words_and_nothing_is_ordered_for_a_day(auto, fault):
    auto.runpod.be(faults={"rent": [fault]})
    for _ in range(3):
        with pytest.raises(SubmitRefused) as told:
            auto.start()
        assert (told.value.code, str(told.value)) == ("spot_unavailable", SPOT_REFUSED)
        auto.advance(3600)
    assert (len(auto.asked("rent")), auto.asked("create"), auto.runpod.live) == (1, [], [])
    auto.advance(24 * 3600)
    auto.start()
    assert [pod["spot"] for pod in auto.runpod.pods] == [True]


def test_no_capacity_leaves_the_door_open(auto):
    auto.runpod.be(faults={"rent": ["capacity errors"]})
    with pytest.raises(NoCapacity):
        auto.start()
    auto.start()
    assert len(auto.asked("rent")) == 2


def test_whoever_insists_asks_each_time(spot_desk):
    spot_desk.runpod.be(faults={"rent": ["410", "410"]})
    for _ in range(2):
        with pytest.raises(SubmitRefused):
            spot_desk.start()
    assert len(spot_desk.asked("rent")) == 2


def test_where_spot_is_off_it_is_refused_unasked(desk):
    desk.plans.chosen = SPOT_PLAN
    with pytest.raises(SubmitRefused) as told:
        desk.start()
    assert (told.value.code, str(told.value)) == ("spot_unavailable", SPOT_OFF)
    assert desk.runpod.requests == []


@pytest.mark.parametrize(
    ("fault", "code"), [("401", "key_refused"), ("image errors", "image_not_found")]
)
def test_what_is_refused_for_the_key_or_the_image_says_nothing_about_spot(auto, fault, code):
    auto.runpod.be(faults={"rent": [fault]})
    with pytest.raises(SubmitRefused) as told:
        auto.start()
    assert told.value.code == code
    auto.start()


# Lists


@pytest.mark.parametrize("fault", FOR_GOOD)
def test_on_demand_goes_on_where_graphql_refuses_its_list(auto, fault):
    refuse_lists(on_demand(auto), fault)
    run = auto.start()
    auto.advance(UP)
    assert auto.engine.find(run.name) == run.external_id
    assert auto.observe(run).state is RunState.STARTING
    auto.until(lambda: auto.engine.terminate(run))
    assert auto.runpod.live == []


def test_an_on_demand_pod_that_vanished_is_gone_whatever_graphql_says(auto):
    refuse_lists(on_demand(auto))
    run = auto.start()
    auto.advance(200)
    auto.runpod.happen(run.external_id, status="TERMINATED")
    assert auto.until(lambda: (seen := auto.observe(run)).state is RunState.GONE and seen)


def test_a_refused_list_is_asked_for_again_after_ten_minutes(auto):
    refuse_lists(on_demand(auto))
    for _ in range(200):  # twenty minutes
        auto.engine.list_owned()
        auto.advance(6)
    assert len(auto.asked("spot_pods")) in (2, 3)


def test_a_spot_pod_that_no_list_can_show_is_neither_gone_nor_ended(auto):
    auto.runpod.be(spot_in_rest=False)
    run = auto.start()
    auto.advance(200)
    refuse_lists(auto)
    for _ in range(20):
        with pytest.raises(Undecided):
            states = set()
            while True:
                states.add(auto.observe(run).state)
                assert states == {RunState.PROVISIONING}
                auto.advance(6)
        auto.advance(6)
    auto.runpod.change(faults={"spot_pods": ["410"] * 10_000, "terminate": ["410"] * 10_000})
    for _ in range(60):
        assert not auto.engine.terminate(run)
        auto.advance(6)
    assert len(auto.runpod.live) == 1
    auto.runpod.change(faults={})
    auto.until(lambda: auto.engine.terminate(run))
    assert auto.runpod.live == []


def test_a_spot_order_in_doubt_is_not_denied_while_no_list_can_show_it(auto):
    auto.runpod.be(spot_in_rest=False, faults={"rent": ["done 500"], "spot_pods": ["410"] * 3})
    run = auto.run()
    with pytest.raises(ProviderProblem):
        auto.engine.submit(run)
    found = auto.until(lambda: auto.engine.find(run.name))
    assert [pod["id"] for pod in auto.runpod.pods] == [found]


def test_who_insists_is_told_each_time_that_a_list_is_refused(spot_desk):
    refuse_lists(spot_desk, times=2)
    for _ in range(2):
        with pytest.raises(Refused):
            spot_desk.engine.list_owned()
        spot_desk.advance(6)
    assert spot_desk.engine.list_owned() == []


def test_a_passing_problem_of_graphql_is_no_refusal(auto):
    refuse_lists(auto, "errors", times=1)
    with pytest.raises(ProviderProblem) as told:
        auto.engine.list_owned()
    assert not isinstance(told.value, Refused)
    auto.advance(6)
    auto.start()


# Switched off, while pods are there


def test_a_spot_pod_from_before_it_was_switched_off_is_followed_and_ended(auto):
    auto.runpod.be(spot_in_rest=False)
    run = auto.start()
    auto.advance(UP)
    auto.spot = "off"
    auto.restart()
    assert auto.engine.list_owned() == []  # nobody is known that was rented on spot
    seen = auto.until(lambda: (s := auto.observe(run)).state is RunState.STARTING and s)
    assert seen.failure_code is None
    assert auto.engine.list_owned() == [run.name]
    auto.until(lambda: auto.engine.terminate(run))
    assert auto.runpod.live == []


def test_without_spot_graphql_is_not_asked_about_pods(desk):
    run = desk.start()
    desk.advance(UP)
    desk.observe(run)
    desk.until(lambda: desk.engine.terminate(run))
    assert desk.asked("spot_pods") == []


# What an observation says besides


def test_a_hint_has_the_log_read_at_once_beyond_its_turn(desk):
    first, second = desk.start(), desk.start()
    desk.advance(UP)
    desk.observe(first)  # takes the turn
    desk.say(second.external_id, desk.event("step", 1))
    assert desk.observe(second).events == ()
    hinted = desk.observe(replace(second, hinted=True))
    assert [event["kind"] for event in hinted.events] == ["step"]


def test_hints_have_an_allowance_of_their_own_and_no_more(desk):
    run = replace(desk.start(), hinted=True)
    desk.advance(UP)
    for _ in range(40):
        desk.observe(run)
        desk.advance(1)
    assert len(desk.asked("logs")) in (10, 11)


def test_a_run_has_ended_when_its_pod_was_first_seen_not_to_be_at_work(desk):
    run = desk.start()
    desk.advance(UP)
    desk.runpod.happen(run.external_id, status="EXITED")
    desk.observe(run)
    stopped = desk.now
    seen = desk.until(lambda: (s := desk.observe(run)).state is RunState.INTERRUPTED and s)
    assert seen.ended_at == stopped < desk.now
    assert desk.observe(run).ended_at == stopped


def test_a_run_whose_pod_lingers_has_ended_only_when_the_pod_is_gone(desk):
    run = desk.start()
    desk.advance(UP)
    desk.say(run.external_id, desk.event("completed", 1))
    seen = desk.until(lambda: (s := desk.observe(run)).state is RunState.COMPLETED and s)
    assert seen.ended_at is None
    desk.until(lambda: desk.engine.terminate(run))
    assert desk.observe(run).ended_at is not None


def test_what_is_gone_stays_gone_and_says_since_when(desk):
    run = desk.start()
    desk.advance(200)
    desk.runpod.happen(run.external_id, status="TERMINATED")
    desk.observe(run)
    missed = desk.now
    seen = desk.until(lambda: (s := desk.observe(run)).state is RunState.GONE and s)
    assert seen.ended_at == missed <= desk.now - timedelta(seconds=30)
    asked = len(desk.runpod.requests)
    assert desk.observe(run) == seen
    assert len(desk.runpod.requests) == asked


@pytest.mark.parametrize("stuck", [True, False])
def test_a_machine_that_does_not_get_ready_has_its_image_mentioned(desk, stuck):
    desk.runpod.be(stuck=int(stuck))
    run = desk.start()
    desk.advance(30)
    if not stuck:
        desk.runpod.happen(run.external_id, status="ERROR")
    seen = desk.until(lambda: (s := desk.observe(run)).failure_code and s)
    assert seen.failure_code == ("machine_not_ready" if stuck else "pod_error")
    assert "TRAINER_IMAGE" in seen.failure_message


@pytest.mark.parametrize("door", ["create", "rent"])
def test_an_image_that_is_named_in_a_refusal_is_the_reason(open_desk, door):
    desk = open_desk(spot="on" if door == "rent" else "off")
    desk.runpod.be(faults={door: ["image errors" if door == "rent" else "image"]})
    with pytest.raises(SubmitRefused) as told:
        desk.start()
    assert told.value.code == "image_not_found"
    assert "TRAINER_IMAGE" in str(told.value)


def test_the_pods_of_this_installation_are_listed_with_their_cost(desk):
    run = desk.start()
    desk.client.create({"name": "other.x", "image": "x", "gpu": {"id": PLAN.gpu_id, "count": 1}})
    desk.advance(6)
    (pod,) = desk.engine.owned_pods()
    assert (pod.name, pod.hourly_cost) == (f"desk.{run.name}", Decimal("2.389"))
