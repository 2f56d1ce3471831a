"""RunPod on the wire: each answer is told apart, an order is sent once, and no secret is shown."""

import logging
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from lib.engines.errors import (
    InDoubt,
    NoBalance,
    NoCapacity,
    ProviderProblem,
    RateLimited,
    Refused,
    Unreachable,
)
from lib.engines.runpod_client import RunPodClient
from lib.engines.runpod_pods import PodStatus, environment, on_demand_request, spot_request
from tests.engines.runpod_helpers import DATA_URL, PLAN, RESULTS_URL, SPOT_PLAN, TOKEN
from tests.fake_runpod.world import KEY


@pytest.fixture
def hasty(desk):
    desk.patience = 0.3
    desk.restart()
    return desk


def order(desk):
    run = desk.run()
    return on_demand_request(f"desk.{run.name}", run, PLAN)


def bid(desk):
    run = desk.run()
    return spot_request(f"desk.{run.name}", run, SPOT_PLAN)


def test_a_pod_is_created_listed_looked_up_and_deleted(desk):
    body = order(desk)
    pod = desk.client.create(body)
    assert (pod.name, pod.status, pod.hourly_cost) == (
        body["name"],
        PodStatus.PROVISIONING,
        Decimal("2.389"),
    )
    assert desk.client.pods() == (pod,)
    assert desk.client.pod(pod.id) == pod
    assert desk.client.delete(pod.id) is True
    assert (desk.client.pods(), desk.client.pod(pod.id), desk.client.delete(pod.id)) == (
        (),
        None,
        False,
    )


def test_the_order_has_what_the_plan_says_and_opens_no_port(desk):
    desk.client.create(order(desk))
    (pod,) = desk.runpod.pods
    assert (pod["image"], pod["args"], pod["disk"]) == (PLAN.image, "train", 120)
    assert (pod["gpu"], pod["cloud"], pod["ports"]) == (
        {"id": "NVIDIA H100 PCIe", "count": 1},
        "SECURE",
        [],
    )
    assert pod["env"]["LORA_DATA_URL"] == DATA_URL
    assert pod["env"]["LORA_MAX_SECONDS"] == "7200"
    assert pod["env"]["LORA_MAX_DOLLARS"] == "12.00"


def test_more_variables_than_runpod_takes_are_refused_before_anything_is_sent(desk):
    plan = replace(PLAN, variables={f"EXTRA_{number}": "x" for number in range(40)})
    with pytest.raises(ValueError, match="50"):
        environment(desk.run(), plan)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("capacity", NoCapacity),
        ("400", Refused),
        ("401", Refused),
        ("402", NoBalance),
        ("403", Refused),
        ("404", Refused),
        ("422", Refused),
        ("429", RateLimited),
        ("408", InDoubt),
        ("500", InDoubt),
        ("502", InDoubt),
        ("503", InDoubt),
        ("redirect", InDoubt),
        ("hang", InDoubt),
        ("cut", InDoubt),
        ("not json", InDoubt),
        ("other form", InDoubt),
    ],
)
def test_an_order_that_fails_says_whether_it_is_in_doubt_and_is_sent_once(hasty, fault, error):
    hasty.runpod.be(faults={"create": [fault]})
    with pytest.raises(error) as told:
        hasty.client.create(order(hasty))
    assert type(told.value) is error
    assert len(hasty.asked("create")) == 1
    assert hasty.runpod.live == []


@pytest.mark.parametrize("fault", ["500", "502", "redirect", "hang", "cut", "not json"])
def test_an_order_that_was_carried_out_all_the_same_is_in_doubt(hasty, fault):
    hasty.runpod.be(faults={"create": [f"done {fault}"]})
    with pytest.raises(InDoubt):
        hasty.client.create(order(hasty))
    assert len(hasty.asked("create")) == len(hasty.runpod.live) == 1


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ("capacity errors", NoCapacity),
        ("balance errors", NoBalance),
        ("refused errors", Refused),
        ("errors", InDoubt),
        ("403", Refused),
        ("410", Refused),
        ("404", Refused),
        ("429", RateLimited),
        ("500", InDoubt),
        ("done hang", InDoubt),
        ("done cut", InDoubt),
    ],
)
def test_a_bid_that_fails_says_whether_it_is_in_doubt_and_is_sent_once(hasty, fault, error):
    hasty.runpod.be(faults={"rent": [fault]})
    with pytest.raises(error) as told:
        hasty.client.rent_spot(bid(hasty))
    assert type(told.value) is error
    assert len(hasty.asked("rent")) == 1


def test_a_bid_travels_in_variables_and_nothing_of_it_in_the_query(spot_desk):
    run = spot_desk.run()
    plan = replace(SPOT_PLAN, variables={"ODD": '"}) { id } evil(x: "'})
    spot_desk.client.rent_spot(spot_request("desk.x", run, plan))
    (pod,) = spot_desk.runpod.pods
    assert pod["spot"]
    assert pod["env"]["ODD"] == '"}) { id } evil(x: "'
    (asked,) = spot_desk.asked("rent")
    assert asked["body"].count("evil") == 1


def test_nobody_listening_means_that_nothing_was_ordered(desk):
    client = RunPodClient(
        SecretStr(KEY), api_url="http://127.0.0.1:9", graphql_url="http://127.0.0.1:9"
    )
    for ask in (lambda: client.create(order(desk)), client.pods, client.balance):
        with pytest.raises(Unreachable):
            ask()


@pytest.mark.parametrize("fault", ["500", "503", "hang", "redirect"])
def test_a_question_without_an_answer_has_changed_nothing(hasty, fault):
    hasty.runpod.be(faults={"list": [fault]})
    with pytest.raises(Unreachable):
        hasty.client.pods()


@pytest.mark.parametrize("fault", ["cut", "not json", "other form"])
def test_a_list_that_cannot_be_read_is_an_error_and_not_an_empty_list(desk, fault):
    desk.runpod.be(faults={"list": [fault]})
    with pytest.raises(ProviderProblem):
        desk.client.pods()


def test_after_a_429_nothing_is_sent_until_the_time_is_up(desk):
    desk.runpod.be(faults={"list": ["429"]})
    with pytest.raises(RateLimited) as told:
        desk.client.pods()
    assert told.value.after == timedelta(seconds=12)
    desk.advance(5)
    with pytest.raises(RateLimited) as told:
        desk.client.create(order(desk))
    assert told.value.after == timedelta(seconds=7)
    assert len(desk.runpod.requests) == 1
    desk.advance(7)
    assert desk.client.pods() == ()


def test_the_balance_and_what_all_pods_cost_come_from_graphql(desk):
    desk.client.create(order(desk))
    balance = desk.client.balance()
    assert (balance.dollars, balance.hourly_spend) == (Decimal("250.00"), Decimal("2.39"))


@pytest.mark.parametrize("fault", ["errors", "other form", "500", "not json"])
def test_a_balance_that_is_not_told_is_a_problem_and_never_zero(desk, fault):
    desk.runpod.be(faults={"balance": [fault]})
    with pytest.raises(ProviderProblem):
        desk.client.balance()


def test_the_bill_is_the_sum_of_the_pods_own_hours(desk):
    started = desk.now
    pod = desk.client.create(order(desk))
    desk.client.create(order(desk))
    assert desk.client.billed(pod.id, started, desk.now) is None
    desk.advance(2.5 * 3600)
    assert desk.client.billed(pod.id, started, desk.now) == Decimal("5.97")


@pytest.mark.parametrize("fault", ["500", "cut", "other form"])
def test_a_bill_that_cannot_be_read_is_a_problem_and_never_zero(desk, fault):
    desk.runpod.be(faults={"billing": [fault]})
    with pytest.raises(ProviderProblem):
        desk.client.billed("pod00001", desk.now, desk.now)


def test_stopping_ends_the_gpu_and_leaves_the_pod(desk):
    pod = desk.client.create(order(desk))
    desk.client.stop(pod.id)
    stopped = desk.client.pod(pod.id)
    assert stopped is not None
    assert (stopped.status, stopped.hourly_cost) == (PodStatus.EXITED, Decimal("0"))


@pytest.mark.parametrize("fault", ["401", "400", "422", "429", "500", "not json", "hang", "cut"])
def test_no_secret_is_in_any_error_or_log(hasty, fault, caplog):
    """The fake repeats the key in what it refuses."""
    hasty.runpod.be(faults={"create": [fault], "rent": [fault]})
    run = hasty.run()
    seen = [repr(PLAN), str(PLAN), repr(hasty.client)]
    with caplog.at_level(logging.DEBUG):
        for ask in (
            lambda: hasty.client.create(on_demand_request("desk.x", run, PLAN)),
            lambda: hasty.client.rent_spot(spot_request("desk.x", run, SPOT_PLAN)),
        ):
            with pytest.raises(ProviderProblem) as told:
                ask()
            seen += [repr(told.value), str(told.value), repr(told.value.__cause__)]
    shown = "".join([*seen, caplog.text])
    assert not any(secret in shown for secret in (KEY, TOKEN, DATA_URL, RESULTS_URL))


def test_a_page_of_the_log_ends_with_silence_and_the_next_goes_on_from_it(desk):
    pod = desk.client.create(order(desk))
    desk.runpod.happen(pod.id, lines=["one", "two"])
    first = desk.client.log(pod.id, cursor=None, since=desk.now)
    assert (first.lines, first.complete) == (("one", "two"), True)
    desk.runpod.happen(pod.id, lines=["three"])
    second = desk.client.log(pod.id, cursor=first.cursor, since=None)
    assert second.lines == ("three",)
    assert desk.client.log(pod.id, cursor=second.cursor, since=None).lines == ()


def test_an_unknown_pod_has_no_log_and_a_failing_one_is_an_error(desk):
    assert desk.client.log("nothing", cursor=None, since=None) is None
    desk.runpod.be(faults={"logs": ["500", "hang"]})
    for _ in range(2):
        with pytest.raises(Unreachable):
            desk.client.log("nothing", cursor=None, since=None)


def test_a_redirect_is_not_followed_with_the_key(desk):
    desk.runpod.be(faults={"list": ["redirect"]})
    with pytest.raises(Unreachable):
        desk.client.pods()
    assert len(desk.runpod.requests) == 1
