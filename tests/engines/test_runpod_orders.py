"""RunPod as an engine, over the wire: what it orders, at which price, and when on spot."""

from dataclasses import replace
from decimal import Decimal

import pytest

from lib.domain.offers import Tier
from lib.engines.base import RunState
from lib.engines.errors import (
    InDoubt,
    NoCapacity,
    ProviderProblem,
    RateLimited,
    SubmitRefused,
)
from tests.engines.runpod_helpers import PLAN, SPOT_PLAN, UP, over, running

# Ordering


def test_a_run_is_a_pod_of_its_own_name_with_this_installations_prefix(desk):
    run = desk.start()
    assert desk.runpod.live == [f"desk.{run.name}"]
    desk.advance(6)
    assert desk.engine.find(run.name) == run.external_id
    assert desk.engine.list_owned() == [run.name]


def test_other_installations_and_other_peoples_pods_are_not_ours(desk):
    ours = desk.start()
    for name in (ours.name, f"other.{ours.name}", "desk.notebook", "deskx." + ours.name):
        desk.client.create(
            {"name": name, "image": "x", "gpu": {"id": "NVIDIA H100 PCIe", "count": 1}}
        )
    desk.advance(6)
    assert desk.engine.list_owned() == [ours.name]
    desk.until(lambda: desk.engine.terminate(ours))
    assert len(desk.runpod.live) == 4


@pytest.mark.parametrize(
    ("fault", "code"), [("402", "no_balance"), ("403", "no_access"), ("422", "refused")]
)
def test_what_is_refused_for_good_is_refused_with_its_reason(desk, fault, code):
    desk.runpod.be(faults={"create": [fault]})
    with pytest.raises(SubmitRefused) as told:
        desk.start()
    assert told.value.code == code


@pytest.mark.parametrize(("fault", "error"), [("capacity", NoCapacity), ("429", RateLimited)])
def test_no_capacity_and_a_rate_limit_are_no_refusals_for_good(desk, fault, error):
    desk.runpod.be(faults={"create": [fault]})
    with pytest.raises(error):
        desk.start()
    assert desk.runpod.live == []


def test_a_run_that_is_there_already_is_not_ordered_again(desk):
    run = desk.run()
    desk.engine.submit(run)
    desk.advance(6)
    with pytest.raises(InDoubt):
        desk.engine.submit(run)
    assert len(desk.asked("create")) == 1


def test_a_plan_for_this_machine_is_a_mistake(desk):
    desk.plans.chosen = replace(PLAN, tier=Tier.LOCAL)
    with pytest.raises(ValueError, match="on spot or on demand"):
        desk.start()


# Price


def test_a_pod_that_costs_more_than_was_shown_is_ended_at_once(desk):
    desk.runpod.be(price_factor=1.5)
    with pytest.raises(SubmitRefused) as told:
        desk.start()
    (pod,) = desk.runpod.pods
    assert (told.value.code, told.value.external_id) == ("price_changed", pod["id"])
    assert "$3.58 an hour" in str(told.value)
    assert "$2.39" in str(told.value)
    assert desk.runpod.live == []


def test_a_dearer_pod_that_cannot_be_ended_at_once_is_in_doubt_and_given_back_later(desk):
    desk.runpod.be(price_factor=1.5, late_404=20)
    run = desk.run()
    with pytest.raises(InDoubt):
        desk.engine.submit(run)
    desk.advance(25)
    handle = desk.handle(run, desk.engine.find(run.name))
    seen = desk.observe(handle)
    assert (seen.state, seen.failure_code) == (RunState.FAILED, "price_changed")
    desk.until(lambda: desk.engine.terminate(handle))
    assert desk.runpod.live == []


def test_a_price_that_rises_while_the_pod_runs_is_not_paid_in_silence(desk):
    run = running(desk)
    dearer = replace(run, hourly_rate=Decimal("1.00"))
    assert desk.observe(run).state is RunState.STARTING
    desk.restart()
    assert desk.observe(dearer).failure_code == "price_changed"


# Spot


def test_a_spot_run_is_rented_on_spot_at_the_rate_that_was_shown(spot_desk):
    spot_desk.start()
    (pod,) = spot_desk.runpod.pods
    assert (pod["spot"], pod["cost"]) == (True, 1.2501)
    assert spot_desk.asked("create") == []


@pytest.mark.parametrize(
    "world",
    [
        {"spot_open": False},
        {"faults": {"rent": ["capacity errors"]}},
        {"faults": {"rent": ["errors"]}},
        {"faults": {"rent": ["410"]}},
        {"faults": {"rent": ["refused errors"]}},
        {"faults": {"rent": ["500"]}},
        {"faults": {"rent": ["balance errors"]}},
        {"spot": {"NVIDIA H100 PCIe": {"minimumBidPrice": 1.30, "stockStatus": "Low"}}},
    ],
)
def test_a_spot_run_never_becomes_a_pod_on_demand(spot_desk, world):
    spot_desk.runpod.be(**world)
    with pytest.raises((ProviderProblem, SubmitRefused)):
        spot_desk.start()
    assert (spot_desk.asked("create"), spot_desk.runpod.live) == ([], [])


def test_where_the_account_has_no_spot_a_spot_run_is_refused_unasked(desk):
    desk.plans.chosen = SPOT_PLAN
    with pytest.raises(SubmitRefused) as told:
        desk.start()
    assert told.value.code == "spot_unavailable"
    assert desk.runpod.requests == []


def test_on_demand_is_never_bought_by_graphql(desk):
    desk.start()
    assert {request["path"] for request in desk.runpod.requests} == {"/v2/pods"}


@pytest.mark.parametrize("in_rest", [True, False])
def test_a_spot_pod_is_found_and_ended_whether_rest_knows_it_or_not(spot_desk, in_rest):
    spot_desk.runpod.be(spot_in_rest=in_rest)
    run = spot_desk.start()
    spot_desk.advance(UP)
    assert spot_desk.engine.find(run.name) == run.external_id
    assert spot_desk.observe(run).state is RunState.STARTING
    spot_desk.until(lambda: spot_desk.engine.terminate(run))
    assert spot_desk.runpod.live == []


@pytest.mark.parametrize("fault", ["403", "410", "errors", "402", "500"])
def test_a_refused_list_of_spot_pods_ends_nothing(spot_desk, fault):
    spot_desk.runpod.be(spot_in_rest=False)
    run = spot_desk.start()
    spot_desk.advance(600)
    spot_desk.runpod.change(faults={"spot_pods": [fault] * 3})
    for ask in (spot_desk.observe, spot_desk.engine.terminate):
        with pytest.raises(ProviderProblem):
            ask(run)
        spot_desk.advance(6)
    assert len(spot_desk.runpod.live) == 1


def test_a_spot_pod_whose_log_cannot_be_had_is_not_taken_for_silent(spot_desk):
    spot_desk.runpod.be(spot_in_rest=False)
    run = spot_desk.start()
    spot_desk.advance(3600)
    for _ in range(5):
        assert spot_desk.observe(run).state is RunState.STARTING
        spot_desk.advance(6)


def test_a_higher_bid_is_told_in_plain_words(spot_desk):
    run = spot_desk.start()
    spot_desk.advance(UP)
    spot_desk.runpod.happen(
        run.external_id, status="EXITED", change="OUTBID: Tue Nov 24 2026 12:01:10"
    )
    seen = spot_desk.until(lambda: over(spot_desk.observe(run)))
    assert (seen.state, seen.failure_message) == (
        RunState.INTERRUPTED,
        "A higher bid took the machine.",
    )
