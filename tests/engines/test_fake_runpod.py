"""The fake RunPod holds both sides to RunPod's own specification, and its clock is the test's."""

import httpx
import pytest

from tests.fake_runpod import contract
from tests.fake_runpod.world import KEY, START

GOOD = {"name": "x", "image": "trainer", "gpu": {"id": "NVIDIA H100 PCIe", "count": 1}}


@pytest.fixture
def post(runpod):
    if not contract.is_complete():
        pytest.skip("RunPod's specification is not on this machine")

    def send(path, body):
        return httpx.post(
            runpod.address + path,
            json=body,
            headers={"Authorization": f"Bearer {KEY}"},
            trust_env=False,
        )

    return send


def test_a_good_order_breaks_no_rule(post, runpod):
    assert post("/v2/pods", GOOD).status_code == 201
    assert runpod.violations == []


@pytest.mark.parametrize(
    "changes",
    [
        {"bidPerGpu": 1.0},
        {"name": ""},
        {"disk": "20"},
        {"env": {"A": 1}},
        {"gpu": {"id": "NVIDIA H100 PCIe", "interruptible": True}},
        {"cloud": "CHEAP"},
    ],
)
def test_an_order_that_is_not_as_specified_is_refused_and_noted(post, runpod, changes):
    assert post("/v2/pods", {**GOOD, **changes}).status_code == 422
    assert runpod.violations
    assert runpod.live == []


def test_an_unknown_action_and_an_unknown_parameter_are_noted(post, runpod):
    pod = post("/v2/pods", GOOD).json()["id"]
    assert post(f"/v2/pods/{pod}/action", {"action": "explode"}).status_code == 422
    key = {"Authorization": f"Bearer {KEY}"}
    httpx.get(f"{runpod.address}/v2/pods?name=x", headers=key, trust_env=False)
    assert len(runpod.violations) == 2


def test_an_answer_that_is_not_as_specified_is_noted():
    if not contract.is_complete():
        pytest.skip("RunPod's specification is not on this machine")
    form = ("GET", "/v2/pods", 200, "application/json")
    assert list(contract.answer_faults(*form, {"pods": []})) == []
    assert list(contract.answer_faults(*form, {"pods": [{"id": "x"}]}))
    assert list(contract.answer_faults("GET", "/v2/pods", 204, "", None))
    assert list(contract.answer_faults("DELETE", "/v2/pods/{id}", 204, "", None)) == []


def test_a_bid_is_held_to_graphqls_input():
    wrong = {"input": {"bidPerGpu": 1.0, "interruptible": True}}
    assert list(contract.rent_faults(wrong))
    assert list(contract.rent_faults({}))


def test_the_fakes_time_stands_still_until_the_test_moves_it(desk):
    pod_id = desk.start().external_id
    seen = [pod["status"] for pod in (desk.runpod.pods[0], desk.advance(19)[0])]
    seen += [desk.advance(seconds)[0]["status"] for seconds in (1, 39, 1)]
    assert seen == ["PROVISIONING", "PROVISIONING", "STARTING", "STARTING", "RUNNING"]
    assert desk.runpod.pods[0]["id"] == pod_id
    assert desk.now.timestamp() == START + 60
