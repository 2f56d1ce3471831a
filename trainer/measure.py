"""The command `measure`: what a run will take, from its first real steps.

It trains as `train` does, in a folder of its own and for a few steps, and reads the events. So
everything a run spends time on is in the numbers: imports, loading, steps, saving, publishing.
"""

import json
import shutil
from dataclasses import replace
from typing import Any

from trainer import events as event_log
from trainer import train
from trainer.checkpoints import write_atomically
from trainer.config import Config
from trainer.events import EventLog
from trainer.interruption import StopRequest
from trainer.schedule import Schedule

FOLDER = "measurement"


def run(config: Config, stop: StopRequest) -> int:
    """Writes run_dir/measurement.json.

    Returns:
        An exit code as from `train`: early when a signal or the time limit cut it short.
    """
    rehearsal = _rehearsal(config)
    shutil.rmtree(rehearsal.run_dir, ignore_errors=True)
    log = EventLog(rehearsal.run_dir / "events.jsonl", config.attempt)
    try:
        code = train.run(rehearsal, log, stop)
        if code == train.COMPLETED:
            result = summarise(config, list(event_log.read(rehearsal.run_dir / "events.jsonl")))
            content = json.dumps(result, indent=2).encode()
            write_atomically(config.run_dir / "measurement.json", content)
    finally:
        log.close()
        shutil.rmtree(rehearsal.run_dir, ignore_errors=True)
    return code


def summarise(config: Config, events: list[dict[str, Any]]) -> dict[str, Any]:
    """The measurement, in seconds and tokens, from the events of a rehearsal of `config`."""
    steps = [event for event in events if event["kind"] == "step"]
    saves = [event["seconds"] for event in events if event["kind"] == "checkpoint"]
    started = next(event for event in events if event["kind"] == "started")
    completed = next(event for event in events if event["kind"] == "completed")
    measured, tokens, seconds = _pace(steps, config.warmup_steps)
    first_step_seconds = steps[0]["tokens_seen"] / steps[0]["tokens_per_second"]
    startup_seconds = steps[0]["elapsed_seconds"] - first_step_seconds
    save_seconds = sum(saves) / len(saves)
    publish_seconds = completed["seconds"] - steps[-1]["elapsed_seconds"] - saves[-1]

    schedule = Schedule.of(config, started["sequences"])
    epochs = schedule.steps_total / schedule.steps_per_epoch
    tokens_total = round(started["tokens_per_epoch"] * epochs)
    training_seconds = tokens_total / tokens * seconds
    timed = int(training_seconds / config.checkpoint_every_seconds)
    saving_seconds = save_seconds * (schedule.saves(config.checkpoint_every_steps) + timed)
    predicted = startup_seconds + training_seconds + saving_seconds + publish_seconds
    return {
        "startup_seconds": round(startup_seconds, 3),
        "seconds_per_step": round(seconds / measured, 4),
        "tokens_per_second": round(tokens / seconds, 1),
        "steps_measured": measured,
        "tokens_per_epoch": started["tokens_per_epoch"],
        "steps_total": schedule.steps_total,
        "tokens_total": tokens_total,
        "checkpoint_seconds": round(save_seconds, 3),
        "finish_seconds": round(save_seconds + publish_seconds, 3),
        "predicted_seconds": round(predicted, 3),
    }


def _pace(steps: list[dict[str, Any]], warmup_steps: int) -> tuple[int, int, float]:
    """Steps, tokens and seconds after the warm-up; saves are not part of a step's time."""
    tokens_before = [0] + [step["tokens_seen"] for step in steps]
    tokens = [step["tokens_seen"] - seen for step, seen in zip(steps, tokens_before, strict=False)]
    seconds = [count / step["tokens_per_second"] for count, step in zip(tokens, steps, strict=True)]
    skipped = min(warmup_steps, len(steps) - 1)
    return len(steps) - skipped, sum(tokens[skipped:]), sum(seconds[skipped:])


def _rehearsal(config: Config) -> Config:
    steps = config.warmup_steps + config.measured_steps
    return replace(
        config,
        run_dir=config.run_dir / FOLDER,
        max_steps=min(steps, config.max_steps or steps),
        callback_url=None,
    )
