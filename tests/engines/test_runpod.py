"""RunPod as an engine, over the wire: what it orders, finds, sees, ends and counts."""

from dataclasses import replace
from datetime import timedelta
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
    Undecided,
    Unreachable,
)
from lib.engines.runpod import Bill
from tests.engines.runpod_helpers import PLAN, SPOT_PLAN

UP = 66  # seconds until a pod runs


def running(desk):
    """A run whose pod is up."""
    run = desk.start()
    desk.advance(UP)
    return run


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
    assert told.value.code == "price_changed"
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


# Observing


def over(seen):
    return seen if seen.state not in ("provisioning", "starting", "running") else None


def test_a_pod_without_a_machine_is_provisioning_and_then_it_starts(desk):
    run = desk.start()
    states = []
    for _ in range(12):
        states.append(str(desk.observe(run).state))
        desk.advance(6)
    assert states[:10] == ["provisioning"] * 10
    assert states[-1] == "starting"


def test_events_come_from_the_log_each_once_and_the_offset_goes_on(desk):
    run = running(desk)
    desk.say(run.external_id, desk.event("started", 1, steps_total=10), desk.event("step", 2))
    first = desk.until(lambda: (s := desk.observe(run)).events and s)
    assert [event["kind"] for event in first.events] == ["started", "step"]
    assert first.state is RunState.RUNNING
    assert desk.observe(run, first.offset).events == ()
    desk.say(run.external_id, desk.event("step", 3))
    second = desk.until(lambda: (s := desk.observe(run, first.offset)).events and s)
    assert [event["seq"] for event in second.events] == [3]


def test_a_new_worker_reads_the_log_again_and_repeats_nothing(desk):
    run = running(desk)
    desk.say(run.external_id, *(desk.event("step", number) for number in range(1, 6)))
    offset = desk.until(lambda: (s := desk.observe(run)).events and s).offset
    desk.say(run.external_id, desk.event("step", 6))
    desk.restart()
    seen = desk.until(lambda: (s := desk.observe(run, offset)).events and s)
    assert [event["seq"] for event in seen.events] == [6]


def test_what_was_not_written_down_is_told_again(desk):
    run = running(desk)
    desk.say(run.external_id, desk.event("step", 1))
    first = desk.until(lambda: (s := desk.observe(run)).events and s)
    assert desk.until(lambda: (s := desk.observe(run)).events and s).events == first.events


NO_ROOM = {"code": "out_of_memory", "message": "No room."}


@pytest.mark.parametrize(
    ("kind", "facts", "state", "code", "message"),
    [
        ("completed", {}, "completed", None, None),
        ("failed", NO_ROOM, "failed", "out_of_memory", "No room."),
        ("failed", {}, "failed", "error", "The trainer failed and gave no reason."),
        ("interrupted", {"signal": "SIGTERM"}, "interrupted", None, None),
        ("stopped", {"reason": "max_seconds"}, "interrupted", "max_seconds", None),
    ],
)
def test_the_trainers_last_word_decides(desk, kind, facts, state, code, message):
    run = running(desk)
    desk.say(run.external_id, desk.event("step", 1), desk.event(kind, 2, **facts))
    seen = desk.until(lambda: over(desk.observe(run)))
    assert (seen.state, seen.failure_code, seen.failure_message) == (state, code, message)
    assert [event["kind"] for event in seen.events] == ["step", kind]


def test_no_log_waits_for_a_run_that_was_read_or_has_ended(desk):
    read, ended, run = running(desk), running(desk), running(desk)
    desk.advance(8)
    for hinted in (True, False):
        for other in (read, ended):  # the second one does not get its turn any more
            desk.observe(replace(other, hinted=hinted))
    desk.engine.terminate(ended)
    desk.say(run.external_id, desk.event("step", 1))
    desk.advance(8)
    assert desk.observe(replace(run, hinted=True)).events
    assert desk.observe(run).events


def test_the_last_word_is_kept_when_the_pod_and_its_log_are_gone(desk):
    run = running(desk)
    desk.say(run.external_id, desk.event("completed", 1))
    desk.until(lambda: over(desk.observe(run)))
    desk.until(lambda: desk.engine.terminate(run))
    seen = desk.observe(run)
    assert (seen.state, len(seen.events)) == (RunState.COMPLETED, 1)
    assert desk.observe(run, seen.offset).events == ()


@pytest.mark.parametrize("notice", [True, False])
def test_an_eviction_is_an_interruption_with_notice_or_without(desk, notice):
    run = running(desk)
    words = [desk.event("interrupted", 2, step=7)] if notice else []
    desk.say(run.external_id, desk.event("step", 1), *words, status="EXITED", seconds=5)
    seen = desk.until(lambda: over(desk.observe(run)))
    assert seen.state is RunState.INTERRUPTED
    assert [event["kind"] for event in seen.events] == ["step", "interrupted"][: 1 + notice]


def test_last_words_that_are_late_are_waited_for(desk):
    run = running(desk)
    desk.runpod.happen(run.external_id, status="EXITED")
    assert desk.observe(run).state is RunState.STARTING
    desk.say(run.external_id, desk.event("completed", 1))
    desk.advance(6)
    assert desk.observe(run).state is RunState.COMPLETED


def test_a_pod_that_is_over_is_judged_in_the_end_even_without_its_log(desk):
    run = running(desk)
    desk.runpod.happen(run.external_id, status="EXITED")
    desk.runpod.change(faults={"logs": ["500"] * 200})
    begun = desk.now
    assert desk.until(lambda: over(desk.observe(run))).state is RunState.INTERRUPTED
    assert timedelta(minutes=5) <= desk.now - begun <= timedelta(minutes=6)


def test_a_machine_that_never_gets_ready_is_given_back(desk):
    desk.runpod.be(stuck=1)
    run, begun = desk.start(), desk.now
    seen = desk.until(lambda: over(desk.observe(run)))
    assert (seen.state, seen.failure_code) == (RunState.INTERRUPTED, "machine_not_ready")
    assert timedelta(minutes=15) <= desk.now - begun <= timedelta(minutes=16)


def test_a_container_that_runs_and_never_says_a_word_is_given_back(desk):
    run = running(desk)
    desk.runpod.happen(run.external_id, lines=["Traceback (most recent call last):"])
    desk.advance(600)
    assert desk.observe(run).state is RunState.STARTING
    desk.advance(200)
    assert desk.until(lambda: over(desk.observe(run))).failure_code == "machine_not_ready"


def test_a_container_that_cannot_start_says_so(desk):
    run = desk.start()
    desk.advance(30)
    desk.runpod.happen(run.external_id, status="ERROR")
    assert desk.until(lambda: over(desk.observe(run))).failure_code == "pod_error"


def test_a_new_pod_that_no_list_shows_yet_is_not_gone(desk):
    desk.runpod.be(list_lag=100, late_404=100)
    run = desk.start()
    for _ in range(30):
        assert desk.observe(run).state in (RunState.PROVISIONING, RunState.STARTING)
        desk.advance(6)
    assert desk.observe(run).state is RunState.STARTING


def test_a_pod_that_vanished_is_gone_after_a_while_and_after_asking_by_its_id(desk):
    run = running(desk)
    desk.advance(120)
    desk.runpod.happen(run.external_id, status="TERMINATED")
    assert desk.observe(run).state is RunState.PROVISIONING
    begun = desk.now
    assert desk.until(lambda: over(desk.observe(run))).state is RunState.GONE
    assert desk.now - begun >= timedelta(seconds=30)
    assert len(desk.asked("get")) == 1


def test_a_list_that_forgets_a_pod_does_not_end_it(desk):
    """By its id the pod is known all the time."""
    run = running(desk)
    desk.advance(120)
    desk.runpod.change(list_lag=400)
    for _ in range(30):
        assert desk.observe(run).state in (RunState.PROVISIONING, RunState.STARTING)
        desk.advance(6)


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
