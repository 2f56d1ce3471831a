"""A rented pod from its order to its end: the real trainer, and a desk that is not always there."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.trainer.pod_desk import CUT, SLOW, SPOIL, TOKEN, Desk, Life, environment, wait_until
from tests.trainer.runs import PRESETS, PROJECT
from trainer.pod.limits import Pace
from trainer.webhook import sign

STEPS = 30
RUN: dict[str, Any] = {"max_steps": STEPS}
ENDLESS = {"hyperparameters": PRESETS["balanced"] | {"num_train_epochs": 1000}}


@dataclass
class Whole:
    """A run on one pod while the desk was away for a while."""

    desk: Desk
    folder: Path
    life: Life
    printed_while_away: list[dict[str, Any]]


@dataclass
class Evicted:
    """A pod in a process of its own that got SIGTERM in the middle."""

    desk: Desk
    folder: Path
    seconds: float
    code: int
    last: dict[str, Any]
    errors: str
    saved: list[int]


@pytest.fixture(scope="module")
def desks() -> Iterator[list[Desk]]:
    started: list[Desk] = []
    yield started
    for desk in started:
        desk.shutdown()
        desk.server_close()


def open_desk(desks: list[Desk]) -> Desk:
    desk = Desk()
    threading.Thread(target=desk.serve_forever, args=(0.02,), daemon=True).start()
    desks.append(desk)
    return desk


@pytest.fixture
def desk(desks: list[Desk]) -> Desk:
    return open_desk(desks)


@pytest.fixture(scope="module")
def whole(desks: list[Desk], tmp_path_factory: pytest.TempPathFactory) -> Whole:
    desk, folder = open_desk(desks), tmp_path_factory.mktemp("pod")
    life = Life(desk, folder, LORA_LINGER_SECONDS=60, config=RUN)
    life.wait_for("step", 6)
    desk.away = True
    wait_until((folder / "run" / "adapter").exists)
    time.sleep(0.5)
    printed = life.printed()
    desk.away = False
    life.end()
    return Whole(desk, folder, life, printed)


@pytest.fixture(scope="module")
def evicted(desks: list[Desk], tmp_path_factory: pytest.TempPathFactory) -> Evicted:
    desk, folder = open_desk(desks), tmp_path_factory.mktemp("pod")
    pod = subprocess.Popen(
        [sys.executable, "-m", "trainer", "pod"],
        cwd=PROJECT,
        env=os.environ | environment(desk, folder, config=RUN),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert pod.stdout is not None
        for line in pod.stdout:
            if json.loads(line).get("step", 0) >= 6:
                break
        began = time.monotonic()
        pod.send_signal(signal.SIGTERM)
        output, errors = pod.communicate(timeout=30)
        seconds = time.monotonic() - began
    finally:
        pod.kill()
    last = json.loads(output.splitlines()[-1])
    return Evicted(desk, folder, seconds, pod.returncode, last, errors, desk.steps())


def test_a_run_prints_its_events_and_hands_over_its_adapter(whole: Whole) -> None:
    life = whole.life
    events = life.printed()
    assert life.code == 0
    assert [event["kind"] for event in events[:3]] == ["arrived", "started", "step"]
    assert events[-1]["kind"] == "completed"
    assert [event["step"] for event in life.printed("step")] == list(range(1, STEPS + 1))
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert {event["attempt"] for event in events} == {1}


def test_nothing_waits_for_a_desk_that_is_away_but_the_last_word(whole: Whole) -> None:
    assert whole.printed_while_away == whole.life.printed()[:-1]
    assert whole.desk.steps(), "no checkpoint was brought away before"
    assert "adapter.tar" in whole.desk.stored


def test_the_desk_is_called_with_signed_events(whole: Whole) -> None:
    _, _, headers, body = whole.desk.requests("POST /callback")[-1]
    signed = (headers["webhook-id"], headers["webhook-timestamp"])
    assert headers["webhook-signature"] == sign(TOKEN.encode(), *signed, body)
    assert json.loads(body)["kind"] == "completed"


def test_uploads_carry_the_signed_headers_and_no_content_type(whole: Whole) -> None:
    """A content type that nobody signed would make a presigned address worthless."""
    _, _, headers, body = whole.desk.requests("PUT /store")[0]
    assert headers["x-signed"] == "yes"
    assert headers["content-length"] == str(len(body))
    assert "content-type" not in headers and "transfer-encoding" not in headers


def test_a_container_that_restarts_after_the_end_repeats_its_last_word_and_trains_no_more(
    whole: Whole,
) -> None:
    asked = len(whole.desk.asked)
    again = Life(whole.desk, whole.folder, config=RUN)
    assert again.end() == whole.life.printed()[-1:]
    assert again.code == 0
    assert len(whole.desk.asked) == asked


def test_an_evicted_pod_brings_its_newest_checkpoint_away_in_time(evicted: Evicted) -> None:
    assert evicted.seconds < 5
    assert evicted.code == 3, evicted.errors
    assert (evicted.last["kind"], evicted.last["signal"]) == ("interrupted", "SIGTERM")
    assert evicted.last["step"] == max(evicted.saved)
    assert "secret" not in evicted.errors


def test_another_pod_goes_on_through_all_faults_and_ends_bit_identical(
    evicted: Evicted, whole: Whole, tmp_path: Path
) -> None:
    desk = evicted.desk
    desk.faults |= {
        "GET /data": [500, CUT, SPOIL],
        "GET /results": [502, CUT],
        "GET /store": [503, CUT],
        "POST /results": [503, CUT],
        "PUT /store": [403, CUT, SPOIL, SLOW],
    }
    second = Life(desk, tmp_path, LORA_ATTEMPT=2, LORA_LINGER_SECONDS=30, config=RUN)
    events = second.end()
    assert not any(desk.faults.values())
    assert events[1]["resumed_from_step"] == evicted.last["step"]
    assert {event["attempt"] for event in events} == {2}
    assert events[-1]["adapter_sha256"] == whole.life.printed()[-1]["adapter_sha256"]
    assert desk.stored["adapter.tar"] == whole.desk.stored["adapter.tar"]


def test_a_crashed_container_goes_on_from_its_own_checkpoint_until_the_desk_has_ended_it(
    evicted: Evicted, desk: Desk, tmp_path: Path
) -> None:
    """What a crash leaves: the disk as it was in the middle, and no last word."""
    shutil.copytree(evicted.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "run" / ".over").unlink()
    again = Life(desk, tmp_path, config=RUN)
    started = again.wait_for("started")
    assert started["resumed_from_step"] == evicted.last["step"]
    assert started["seq"] == evicted.last["seq"] + 1
    assert desk.steps() == [evicted.last["step"]], "this desk had not got it yet"
    desk.faults["POST /results"] = [503, 410]
    assert again.end()[-1]["kind"] == "interrupted"


def test_an_adapter_that_cannot_be_stored_is_a_failure_and_not_a_success(
    desk: Desk, whole: Whole, tmp_path: Path
) -> None:
    shutil.copytree(whole.folder, tmp_path, dirs_exist_ok=True)
    (tmp_path / "run" / ".over").unlink()
    desk.faults["PUT /store"] = [500] * 1000
    life = Life(desk, tmp_path, LORA_LINGER_SECONDS=1, config=RUN)
    *before, last = life.end()
    assert (last["kind"], last["code"], life.code) == ("failed", "results_not_stored", 1)
    assert [event["kind"] for event in before] == ["arrived", "started"]
    assert last["seq"] == before[-1]["seq"] + 2  # the trainer's own "completed" lies between
    assert last["at"] >= before[-1]["at"]


def test_at_the_cap_the_run_saves_and_stops_and_its_checkpoint_is_stored(
    desk: Desk, tmp_path: Path
) -> None:
    config = ENDLESS | {"checkpoint_every_steps": 1000}
    a_dollar_a_second = {"LORA_HOURLY_RATE": 3600, "LORA_MAX_DOLLARS": 9}
    life = Life(desk, tmp_path, **a_dollar_a_second, config=config)
    last = life.end()[-1]
    assert (last["kind"], last["reason"], life.code) == ("stopped", "max_seconds", 3)
    assert last["step"] == max(desk.steps(), default=0)  # none: a machine so slow takes no step


def test_a_trainer_that_stands_still_is_ended_and_called_stuck(desk: Desk, tmp_path: Path) -> None:
    life = Life(desk, tmp_path, config=ENDLESS)
    pid = life.wait_for("started")["pid"]
    saved = life.wait_for("checkpoint")["step"]
    os.kill(pid, signal.SIGSTOP)
    life.skip(601)
    last = life.end()[-1]
    assert (last["kind"], last["code"], life.code) == ("failed", "stuck", 1)
    assert desk.steps()[-1] >= saved
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_trainer_that_was_killed_leaves_a_word_all_the_same(desk: Desk, tmp_path: Path) -> None:
    life = Life(desk, tmp_path, config=ENDLESS)
    wait_until(lambda: trainer_below(tmp_path) is not None)
    trainer = trainer_below(tmp_path)
    assert trainer is not None
    trainer.kill()
    arrived, last = life.end()
    assert arrived["kind"] == "arrived"
    assert (last["kind"], last["code"], life.code) == ("failed", "trainer_ended", 1)
    assert "-9" in last["detail"]


def trainer_below(folder: Path) -> psutil.Process | None:
    """The trainer that a pod in this process has started."""
    config = str(folder / "run" / "config.json")
    children = psutil.Process().children()
    return next((child for child in children if config in child.cmdline()), None)


def test_the_pod_asks_to_be_ended_until_it_is(desk: Desk, tmp_path: Path) -> None:
    desk.faults["GET /data"] = [403]
    desk.faults["DELETE /v2"] = [500, CUT]
    life = Life(
        desk,
        tmp_path,
        pace=Pace(look=0.02, ask_again=0.05),
        LORA_API_URL=f"{desk.url}/",
        LORA_LINGER_SECONDS=1,
        RUNPOD_POD_ID="pod 1",
        RUNPOD_API_KEY="the pod's key",
    )
    said = life.wait_for("stopped")
    assert said["reason"] == "data_expired"
    assert desk.requests("DELETE") == [], "nobody had time to read its last word"
    wait_until(lambda: len(desk.requests("DELETE")) >= 4)
    life.eviction.receive(signal.SIGTERM)
    life.end()
    for _, path, headers, _ in desk.requests("DELETE"):
        assert (path, headers["authorization"]) == ("/v2/pods/pod%201", "Bearer the pod's key")
