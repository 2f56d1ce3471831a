"""Small generated training sets, and runs of the trainer in processes of their own."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trainer import config as configs
from trainer import events as event_log
from trainer import train
from trainer.interruption import StopRequest

PROJECT = Path(__file__).parents[2]
PRESETS = json.loads((Path(__file__).parent / "presets.json").read_text())
WORDS = (
    "saving", "money", "feels", "hard", "when", "every", "month", "ends", "early", "so", "begin",
    "with", "one", "small", "honest", "number", "and", "tell", "me", "what", "you", "would",
    "like", "to", "change", "first", "in", "your", "budget", "plan", "for", "this", "year",
)  # fmt: skip

MakeConfig = Callable[..., Path]


def conversations(count: int = 12, turns: int = 2, words: int = 25) -> list[dict[str, Any]]:
    """Sequences as the app writes them; the same ones every time."""
    randomness = random.Random(count)

    def text() -> str:
        return " ".join(randomness.choices(WORDS, k=randomness.randint(words // 2, words)))

    made = []
    for number in range(count):
        messages = [{"role": "system", "content": "You are kind and clear.", "train": False}]
        for _ in range(turns):
            messages.append({"role": "user", "content": text() + "?", "train": False})
            messages.append({"role": "assistant", "content": text() + ".", "train": True})
        made.append({"id": f"c{number}", "messages": messages})
    return made


def write_lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    return path


def change_config(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    return path


def start(command: str, config: Path, **environment: str) -> subprocess.Popen[str]:
    """Starts the trainer as the app does."""
    return subprocess.Popen(
        [sys.executable, "-m", "trainer", command, str(config)],
        cwd=PROJECT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(command: str, config: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    process = start(command, config, **environment)
    output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(process.args, process.returncode, output, errors)


def events_of(config: Path, kind: str | None = None) -> list[dict[str, Any]]:
    found = event_log.read(config.parent / "events.jsonl")
    return [event for event in found if kind in (None, event["kind"])]


def wait_for_step(process: subprocess.Popen[str], config: Path, step: int) -> None:
    """Waits until the run has reported a step; fails if it ends before."""
    deadline = time.monotonic() + 60
    while not any(event["step"] >= step for event in events_of(config, "step")):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline, "the run makes no progress"
        time.sleep(0.02)


def train_here(path: Path, stop: StopRequest | None = None) -> int:
    """Runs `train` in this process, without its command line; returns the exit code."""
    config = configs.load(path)
    log = event_log.EventLog(config.run_dir / "events.jsonl", config.attempt)
    try:
        return train.run(config, log, stop or StopRequest(None))
    finally:
        log.close()
