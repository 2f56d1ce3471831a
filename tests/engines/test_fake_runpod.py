"""The fake RunPod holds both sides to RunPod's own specification, and its clock is the test's."""

from pathlib import Path

import httpx
import pytest

from tests.fake_runpod import contract
from tests.fake_runpod.client import FakeRunPod
from tests.fake_runpod.world import KEY, START
from tests.rented.desk import wait_until

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


class Machines:
    """A RunPod of the test's own whose pods are real processes."""

    def __init__(self, runpod):
        self.runpod = runpod
        runpod.be(machines=True, boot_seconds=0, start_seconds=0)

    def order(self, args="pod"):
        env = {"LORA_ATTEMPT": "1", "LORA_API_URL": self.runpod.address}  # and all else is missing
        body = {**GOOD, "args": args, "env": env}
        key = {"Authorization": f"Bearer {KEY}"}
        pods = f"{self.runpod.address}/v2/pods"
        return httpx.post(pods, json=body, headers=key, trust_env=False).json()["id"]

    def delete(self, pod, key=KEY):
        headers = {"Authorization": f"Bearer {key}"}
        address = f"{self.runpod.address}/v2/pods/{pod}"
        return httpx.delete(address, headers=headers, trust_env=False).status_code

    def wait_for(self, pod, text, times=1):
        wait_until(lambda: sum(text in line for line in self.runpod.log(pod)) >= times)

    @property
    def processes(self):
        return self.runpod.process.children(recursive=True)

    def containers(self):
        """Process 1 of each, by its pod."""
        found = [each for each in self.processes if each.cmdline()[-2:] == ["trainer", "pod"]]
        first = [each for each in found if "tests.fake_runpod.container" not in each.cmdline()]
        return {each.environ()["RUNPOD_POD_ID"]: each for each in first}


@pytest.fixture
def machines():
    with FakeRunPod() as runpod:
        yield Machines(runpod)


def test_a_container_that_exits_is_started_again_until_its_pod_is_ended(machines):
    pod = machines.order(args="no-such-command")
    machines.wait_for(pod, "invalid choice", times=2)
    assert machines.runpod.pods[0]["status"] == "RUNNING"
    assert machines.delete(pod) == 204
    wait_until(lambda: machines.processes == [])


def test_no_container_outlives_its_server_and_its_disk_goes_too():
    with FakeRunPod() as runpod:
        machines = Machines(runpod)
        pod = machines.order()
        machines.wait_for(pod, "bad_config")
        disk = Path(machines.containers()[pod].cwd()).parent
        started = machines.processes
        assert disk.exists() and started
    wait_until(lambda: not any(process.is_running() for process in started))
    wait_until(lambda: not disk.exists())


def test_a_pods_own_key_is_good_for_that_pod_alone(machines):
    pods = [machines.order(), machines.order()]
    for pod in pods:
        machines.wait_for(pod, "bad_config")
    key = machines.containers()[pods[0]].environ()["RUNPOD_API_KEY"]
    assert [machines.delete(pod, key) for pod in reversed(pods)] == [401, 204]
    assert len(machines.runpod.live) == 1
