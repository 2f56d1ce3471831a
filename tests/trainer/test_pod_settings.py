"""A pod's environment: each variable that is missing or wrong is named, and no secret is shown."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.pod_desk import TOKEN, Desk, environment
from tests.trainer.runs import PROJECT
from trainer.errors import Code, TrainerError
from trainer.pod import settings

REQUIRED = (
    *("LORA_JOB_ID", "LORA_ATTEMPT", "LORA_DATA_URL", "LORA_RESULTS_URL", "LORA_CALLBACK_URL"),
    *("LORA_CALLBACK_TOKEN", "LORA_HOURLY_RATE", "LORA_MAX_SECONDS", "LORA_MAX_DOLLARS"),
    *("LORA_DEAD_MAN_SECONDS", "LORA_LINGER_SECONDS", "LORA_CONFIG"),
)


@pytest.fixture
def desk() -> Any:
    server = Desk()
    yield server
    server.server_close()


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_variable_is_named(name: str, desk: Desk, tmp_path: Path) -> None:
    with pytest.raises(TrainerError) as refused:
        settings.read(environment(desk, tmp_path, **{name: None}))
    assert refused.value.code == Code.BAD_CONFIG
    assert refused.value.message == f"The environment variable {name} is missing."


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("LORA_ATTEMPT", "first", "LORA_ATTEMPT must be a whole number from 1, not 'first'."),
        ("LORA_MAX_SECONDS", "0", "LORA_MAX_SECONDS must be a whole number from 1, not '0'."),
        ("LORA_HOURLY_RATE", "NaN", "LORA_HOURLY_RATE must be an amount in dollars, not 'NaN'."),
        ("LORA_MAX_DOLLARS", "-1", "LORA_MAX_DOLLARS must be an amount in dollars, not '-1'."),
        ("LORA_DATA_URL", "s3://secret", "LORA_DATA_URL must be an http or https address."),
        ("LORA_CONFIG", "[]", "LORA_CONFIG must be a JSON object."),
        ("LORA_CONFIG", "{", "LORA_CONFIG must be JSON."),
        (
            "LORA_ORDERED_AT",
            "2026-11-24T10:00:00",
            "LORA_ORDERED_AT must be a time in ISO 8601 with its zone, not '2026-11-24T10:00:00'.",
        ),
    ],
)
def test_a_wrong_variable_is_named_with_what_it_should_be(
    name: str, value: str, said: str, desk: Desk, tmp_path: Path
) -> None:
    with pytest.raises(TrainerError) as refused:
        settings.read(environment(desk, tmp_path, **{name: value}))
    assert (refused.value.code, refused.value.message) == (Code.BAD_CONFIG, said)


def test_the_trainers_config_is_checked_before_anything_is_fetched(
    desk: Desk, tmp_path: Path
) -> None:
    with pytest.raises(TrainerError) as refused:
        settings.read(environment(desk, tmp_path, config={"quantization": "int3"}))
    assert refused.value.message.startswith("LORA_CONFIG: quantization must be one of none, nf4")


def test_the_pods_own_paths_and_limits_win_over_the_config(desk: Desk, tmp_path: Path) -> None:
    told = settings.read(environment(desk, tmp_path, config={"run_dir": "/etc", "attempt": 7}))
    assert told.run_dir == tmp_path / "run"
    assert told.values["attempt"] == 1


def test_the_lower_one_of_time_and_money_is_the_limit(desk: Desk, tmp_path: Path) -> None:
    for dollars, seconds in (("1.00", 1200.0), ("100", 3600.0)):
        told = settings.read(
            environment(desk, tmp_path, LORA_HOURLY_RATE="3.00", LORA_MAX_DOLLARS=dollars)
        )
        assert told.max_seconds == seconds


def test_neither_keys_nor_signed_addresses_are_shown(desk: Desk, tmp_path: Path) -> None:
    told = settings.read(environment(desk, tmp_path, RUNPOD_API_KEY="the pod's key"))
    assert told.api_key == "the pod's key"
    for hidden in ("the pod's key", TOKEN, "signature=", "token="):
        assert hidden not in repr(told)


def test_a_pod_that_cannot_begin_prints_why_and_ends_with_2(desk: Desk, tmp_path: Path) -> None:
    variables = environment(desk, tmp_path, LORA_ATTEMPT=3, LORA_RESULTS_URL=None)
    done = subprocess.run(
        [sys.executable, "-m", "trainer", "pod"],
        cwd=PROJECT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        check=False,
    )
    event = json.loads(done.stdout)
    assert done.returncode == 2
    assert (event["attempt"], event["kind"], event["code"]) == (3, "failed", "bad_config")
    assert "LORA_RESULTS_URL" in event["message"]
    assert done.stderr == ""
