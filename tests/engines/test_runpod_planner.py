"""The plan of a pod: what was agreed to be rented, and what this installation is set up for."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pydantic import SecretStr

from lib import engines
from lib.domain.offers import (
    H100_PCIE,
    NO_ADDRESS,
    NO_IMAGE,
    NO_MODEL_TOKEN,
    NOT_CONNECTED,
    Tier,
)
from lib.engines.base import Exchange, Rental, RunSpec
from lib.engines.errors import SubmitRefused, UnknownEngine
from lib.engines.runpod_planner import RunPodPlanner
from lib.engines.runpod_pods import environment, on_demand_request, spot_request
from lib.engines.runpod_setup import missing, pod_prefix
from lib.settings import settings
from tests.engines.helpers import spec

NOW = datetime(2026, 11, 24, 12, 30, 5, 999, tzinfo=UTC)
EXCHANGE = Exchange(
    data_url=SecretStr("https://desk.example.com/pods/data/data-secret"),
    results_url=SecretStr("https://desk.example.com/pods/results/results-secret"),
    callback_url="https://desk.example.com/callbacks/run",
    callback_token=SecretStr("token-secret"),
)
HUB_TOKEN = "hf_secret"


@pytest.fixture(autouse=True)
def connected(configure):
    configure(
        RUNPOD_API_KEY="rpa_secret",
        TRAINER_IMAGE="registry.example.com/trainer:1",
        PUBLIC_URL="https://desk.example.com",
        HF_TOKEN=HUB_TOKEN,
    )


def rented(
    tier: Tier = Tier.ON_DEMAND, gpu: str = H100_PCIE, attempt: int = 1, rate: str = "2.39"
) -> RunSpec:
    rental = Rental(gpu, tier, Decimal(rate), Decimal("12.00"), EXCHANGE)
    return replace(spec("", attempt=attempt, r=16), max_steps=40, max_seconds=7200, rental=rental)


def plan(run: RunSpec):
    return RunPodPlanner(lambda: NOW).plan(run)


def test_the_plan_is_what_was_agreed_to_be_rented():
    made = plan(rented(Tier.SPOT))
    assert (made.gpu_id, made.tier, made.hourly_rate) == (
        "NVIDIA H100 PCIe",
        Tier.SPOT,
        Decimal("2.39"),
    )
    assert (made.max_seconds, made.max_dollars) == (7200, Decimal("12.00"))
    assert (made.image, made.args, made.disk_gb) == ("registry.example.com/trainer:1", "pod", 250)
    assert plan(rented(gpu="NVIDIA H200")).gpu_id == "NVIDIA H200"


def test_the_pod_is_told_its_configuration_when_it_was_ordered_and_how_to_end_itself(configure):
    configure(RUNPOD_API_URL="https://rest.example.com", RENTED_BASE_MODEL="org/open-70b")
    run = rented()
    told = environment(run, plan(run))
    assert json.loads(told["LORA_CONFIG"]) == {
        "base_model": "org/open-70b",
        "quantization": "nf4",
        "hyperparameters": {"plan": "", "r": 16},
        "max_steps": 40,
        "sequences_sha256": "0" * 64,
    }
    assert told["LORA_ORDERED_AT"] == "2026-11-24T12:30:05+00:00"
    assert told["LORA_API_URL"] == "https://rest.example.com"
    assert told["HF_TOKEN"] == HUB_TOKEN
    assert (told["LORA_MAX_SECONDS"], told["LORA_DEAD_MAN_SECONDS"]) == ("7200", "1800")
    assert len(told) <= 50


def test_a_pod_of_an_open_model_is_given_no_token(configure):
    configure(HF_TOKEN="", RENTED_BASE_MODEL="org/open-70b")
    run = rented()
    assert "HF_TOKEN" not in environment(run, plan(run))


def test_secrets_are_in_the_environment_alone():
    run = rented()
    made = plan(run)
    order = on_demand_request("desk.x", run, made)
    order.pop("env")
    shown = repr(made) + str(made) + repr(order) + repr(RunPodPlanner()) + repr(settings())
    assert not any(secret in shown for secret in ("-secret", HUB_TOKEN, "rpa_secret"))


def test_a_run_without_a_time_limit_may_be_there_as_long_as_its_money_lasts():
    assert plan(replace(rented(rate="6.00"), max_seconds=None)).max_seconds == 2 * 3600
    assert plan(replace(rented(rate="6.00"), max_seconds=99_999)).max_seconds == 2 * 3600


@pytest.mark.parametrize("changes", [{"max_seconds": 0}, {"rental": None}])
def test_nothing_is_rented_without_a_limit(changes):
    with pytest.raises(SubmitRefused) as told:
        plan(replace(rented(), **changes))
    assert told.value.code == "no_limit"


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"RUNPOD_API_KEY": ""}, NOT_CONNECTED),
        ({"TRAINER_IMAGE": ""}, NO_IMAGE),
        ({"PUBLIC_URL": ""}, NO_ADDRESS),
        ({"PUBLIC_URL": "http://127.0.0.1:8501"}, NO_ADDRESS),
        ({"PUBLIC_URL": "http://[::1]:8501"}, NO_ADDRESS),
        ({"PUBLIC_URL": "http://desk.localhost"}, NO_ADDRESS),
        ({"HF_TOKEN": ""}, NO_MODEL_TOKEN),
    ],
)
def test_what_is_missing_is_named_and_without_it_there_is_no_plan(configure, variables, reason):
    assert missing() is None
    configure(**variables)
    assert missing() == reason
    with pytest.raises(SubmitRefused) as told:
        plan(rented())
    assert (told.value.code, str(told.value)) == ("not_connected", reason)


def test_a_stand_in_on_this_machine_has_pods_that_reach_it(configure):
    configure(PUBLIC_URL="http://localhost:8501", RUNPOD_API_URL="http://127.0.0.1:8600")
    assert missing() is None


@pytest.mark.parametrize("registry", [None, "cred_1"])
def test_every_attempt_begins_with_another_data_centre(configure, registry):
    configure(RUNPOD_DATA_CENTERS="EU-RO-1, EU-CZ-1,US-TX-3", RUNPOD_REGISTRY=registry or "")
    asked = []
    for attempt in range(1, 5):
        run = rented(Tier.SPOT, attempt=attempt)
        order = on_demand_request("desk.x", run, plan(run))
        bid = spot_request("desk.x", run, plan(run))
        assert order["dataCenterIds"][0] == bid["dataCenterId"]
        assert sorted(order["dataCenterIds"]) == ["EU-CZ-1", "EU-RO-1", "US-TX-3"]
        assert order.get("registry") == bid.get("containerRegistryAuthId") == registry
        asked.append(bid["dataCenterId"])
    assert asked == ["EU-RO-1", "EU-CZ-1", "US-TX-3", "EU-RO-1"]


def test_without_a_preference_the_pod_may_be_anywhere():
    run = rented(Tier.SPOT)
    assert "dataCenterIds" not in on_demand_request("desk.x", run, plan(run))
    assert "dataCenterId" not in spot_request("desk.x", run, plan(run))


# Whose pods are ours


def test_the_prefix_follows_the_address_under_which_the_desk_is_known(configure):
    first = pod_prefix()
    assert first.startswith("desk-") and len(first) == 13
    assert pod_prefix() == first
    configure(PUBLIC_URL="https://other.example.com")
    assert pod_prefix() != first
    configure(RUNPOD_PREFIX="ours")
    assert pod_prefix() == "ours"


def test_at_a_local_address_it_follows_the_database_and_not_its_password(configure, tmp_path):
    def prefix(**variables: object) -> str:
        configure(PUBLIC_URL="http://localhost:8501", **variables)
        return pod_prefix()

    served = prefix(DATABASE_URL="postgresql://desk:first@database:5432/desk")
    assert prefix(DATABASE_URL="postgresql://desk:second@database:5432/desk") == served
    assert prefix(DATABASE_URL="postgresql://desk:first@database:5432/other") != served
    embedded = prefix(DATABASE_URL="")
    assert prefix(DATA_DIR=tmp_path / "elsewhere") != embedded


# The engine of the installation


@pytest.fixture
def fresh():
    engines.engine.cache_clear()
    yield
    engines.engine.cache_clear()


def test_the_engine_is_there_where_there_is_a_key(fresh, configure):
    assert [engine.name for engine in engines.engines()] == ["local", "runpod"]
    assert engines.rented() is engines.engine("runpod")
    configure(RUNPOD_API_KEY="")
    assert [engine.name for engine in engines.engines()] == ["local"]
    assert engines.rented() is None
    engines.engine.cache_clear()  # as in a new process: settings are read once
    with pytest.raises(UnknownEngine):
        engines.engine("runpod")


def test_whatever_else_is_missing_runs_that_are_there_are_followed(fresh, configure):
    configure(TRAINER_IMAGE="", PUBLIC_URL="", HF_TOKEN="")
    assert engines.engine("runpod").name == "runpod"


def test_there_is_no_limit_on_pods_but_the_one_that_is_set(fresh, configure):
    assert engines.engine("runpod").capacity() is None
    engines.engine.cache_clear()
    configure(RUNPOD_PARALLEL_RUNS="3")
    assert engines.engine("runpod").capacity() == 3


def test_what_runpod_takes_is_imported_only_where_it_is_needed():
    names = ("lib.engines.runpod", "lib.engines.runpod_catalog", "httpx")
    code = f"import sys, lib.engines; print(*[name for name in {names} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_engine_of_the_installation_orders_over_the_wire(fresh, runpod, configure):
    configure(PUBLIC_URL="http://localhost:8501", RUNPOD_PREFIX="ours", HF_TOKEN=HUB_TOKEN)
    run = rented()
    engine = engines.engine("runpod")
    pod_id = engine.submit(run)
    (pod,) = runpod.pods
    assert (pod["id"], pod["name"]) == (pod_id, f"ours.{run.name}")
    assert (pod["args"], pod["env"]["HF_TOKEN"]) == ("pod", HUB_TOKEN)
    assert [offer.gpu for offer in engine.offers()][:2] == [H100_PCIE, H100_PCIE]
    assert runpod.violations == []
