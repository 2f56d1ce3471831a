"""A run may be stopped, killed or find its checkpoints torn: it ends as if nothing had happened."""

import json
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.trainer.runs import MakeConfig, change_config, events_of, start, wait_for_step
from trainer import checkpoints
from trainer.__main__ import main
from trainer.checkpoints import Checkpoint

# 3 steps an epoch, 45 in all: long enough to be caught in the middle of it.
STEPS = 45
OPTIONS: dict[str, Any] = {
    "hyperparameters": {"num_train_epochs": 15},
    "checkpoint_every_steps": 4,
}


@dataclass
class Stop:
    """What a run that was told to stop did."""

    code: int
    seconds: float
    errors: str


@dataclass
class Story:
    """One job in three attempts: terminated, killed, and finished from a torn checkpoint."""

    config: Path
    terminated: Stop
    torn: str
    twin: int
    finished: int


@pytest.fixture(scope="module")
def unbroken_run(make_config: MakeConfig) -> tuple[Path, subprocess.Popen[str]]:
    """A run that nobody disturbs, begun before the story and done beside it."""
    config = make_config(**OPTIONS)
    return config, start("train", config)


@pytest.fixture(scope="module")
def unbroken(unbroken_run: tuple[Path, subprocess.Popen[str]], story: Story) -> Path:
    config, process = unbroken_run
    assert process.wait(60) == 0
    return config


@pytest.fixture(scope="module")
def story(make_config: MakeConfig, unbroken_run: tuple[Path, subprocess.Popen[str]]) -> Story:
    config = make_config(**OPTIONS)
    process = start("train", config)
    wait_for_step(process, config, 5)
    terminated = stop(process, signal.SIGTERM)

    change_config(config, attempt=2)
    process = start("train", config)
    wait_for_step(process, config, 21)
    stop(process, signal.SIGKILL)
    with (config.parent / "events.jsonl").open("ab") as file:
        file.write(b'{"seq": 999, "kind": "st')
    torn = tear_newest_checkpoint(config.parent / "checkpoints")

    change_config(config, attempt=3)
    twin = run_trusting_twin(config)
    return Story(config, terminated, torn, twin, main(["train", str(config)]))


def stop(process: subprocess.Popen[str], number: signal.Signals) -> Stop:
    began = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    return Stop(process.returncode, time.monotonic() - began, errors)


def tear_newest_checkpoint(folder: Path) -> str:
    """Cuts the end off its optimizer state, as a crash of the machine can; returns its name."""
    newest = folder / f"step-{checkpoints.sealed_steps(folder)[0]}"
    state = newest / "optimizer.pt"
    os.truncate(state, state.stat().st_size // 2)
    return newest.name


def run_trusting_twin(config: Path) -> int:
    """The same trainer on a copy of the run, but it takes the newest checkpoint as it finds it."""

    def trust(folder: Path) -> tuple[Checkpoint, list[str]]:
        newest = folder / f"step-{checkpoints.sealed_steps(folder)[0]}"
        seal = json.loads((newest / checkpoints.SEAL).read_bytes())
        return Checkpoint(seal["step"], newest, seal["identity"]), []

    copy = shutil.copytree(config.parent, config.parent.with_name("twin"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoints, "newest", trust)
        return main(["train", str(change_config(copy / "config.json", run_dir=str(copy)))])


def test_sigterm_saves_and_ends_within_five_seconds(story: Story) -> None:
    assert story.terminated.seconds < 5
    assert story.terminated.code == 3
    assert story.terminated.errors == ""
    first = [event for event in events_of(story.config) if event["attempt"] == 1]
    assert [event["kind"] for event in first[-2:]] == ["checkpoint", "interrupted"]
    checkpoint, interrupted = first[-2:]
    assert interrupted["signal"] == "SIGTERM"
    assert interrupted["step"] == checkpoint["step"] >= 5


def test_each_attempt_resumes_from_the_newest_whole_checkpoint(story: Story) -> None:
    assert story.finished == 0
    first, second, third = events_of(story.config, "started")
    interrupted = events_of(story.config, "interrupted")[0]
    assert first["resumed_from_step"] is None
    assert second["resumed_from_step"] == interrupted["step"]
    assert third["checkpoints_skipped"] == [story.torn]
    saved = [event["step"] for event in events_of(story.config, "checkpoint")]
    torn_step = int(story.torn.removeprefix("step-"))
    assert third["resumed_from_step"] == max(step for step in saved if step < torn_step)


def test_a_resumed_run_ends_bit_identical_to_an_unbroken_one(story: Story, unbroken: Path) -> None:
    [whole], [resumed] = events_of(unbroken, "completed"), events_of(story.config, "completed")
    assert resumed["adapter_sha256"] == whole["adapter_sha256"]
    for name in ("step", "train_loss_first", "train_loss_last", "tokens_seen"):
        assert resumed[name] == whole[name], name
    assert curve(story.config) == curve(unbroken)
    assert len(curve(unbroken)) == STEPS


def curve(config: Path) -> dict[int, tuple[float, ...]]:
    """What each step reported; a step that was done twice counts as it was the last time."""
    names = ("loss", "grad_norm", "learning_rate", "tokens_seen", "epoch")
    return {
        event["step"]: tuple(event[name] for name in names) for event in events_of(config, "step")
    }


def test_a_step_done_twice_gives_the_same_numbers_twice(story: Story) -> None:
    seen: dict[int, set[float]] = {}
    for event in events_of(story.config, "step"):
        seen.setdefault(event["step"], set()).add(event["loss"])
    repeated = len(events_of(story.config, "step")) - len(seen)
    assert repeated > 0
    assert all(len(losses) == 1 for losses in seen.values())


def test_a_twin_that_trusts_torn_checkpoints_fails(story: Story) -> None:
    assert story.twin == 1


def test_a_torn_event_line_spoils_no_other_line(story: Story) -> None:
    lines = (story.config.parent / "events.jsonl").read_bytes().splitlines()
    events = events_of(story.config)
    assert len(lines) == len(events) + 1
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))


def test_only_the_two_newest_checkpoints_are_kept(story: Story) -> None:
    kept = sorted(path.name for path in (story.config.parent / "checkpoints").iterdir())
    assert kept == ["step-44", "step-45"]


def test_a_finished_run_that_is_started_again_publishes_the_same_adapter(
    unbroken: Path, tmp_path: Path
) -> None:
    copy = shutil.copytree(unbroken.parent, tmp_path / "again")
    config = change_config(copy / "config.json", run_dir=str(copy), attempt=2)
    shutil.rmtree(copy / "adapter")
    assert main(["train", str(config)]) == 0
    first, second = events_of(config, "completed")
    assert second["adapter_sha256"] == first["adapter_sha256"]
    assert second["train_loss_first"] == first["train_loss_first"]
    assert (copy / "adapter" / "adapter_model.safetensors").is_file()
    assert [event["attempt"] for event in events_of(config, "step")] == [1] * STEPS
