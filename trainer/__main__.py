"""python -m trainer COMMAND CONFIG.json, or python -m trainer pod"""

import argparse
import json
import os
import sys
import traceback
from pathlib import Path

from trainer import base_model
from trainer import config as configs
from trainer.checkpoints import sealed_steps
from trainer.config import Config
from trainer.errors import INPUT_CODES, Code, TrainerError, explain
from trainer.events import EventLog
from trainer.interruption import Interrupted, StopRequest
from trainer.webhook import Webhook

COMMANDS = ("train", "measure", "count-tokens")
POD = "pod"
FAILED, BAD_INPUT, STOPPED_EARLY = 1, 2, 3


def main(arguments: list[str] | None = None) -> int:
    """Runs one command; docs/trainer.md lists the exit codes."""
    parser = argparse.ArgumentParser(prog="trainer", description="Trains a LoRA adapter.")
    parser.add_argument("command", choices=(*COMMANDS, POD))
    parser.add_argument("config", type=Path, nargs="?", help="for all commands but pod")
    options = parser.parse_args(arguments)
    if (options.config is None) != (options.command == POD):
        parser.error("a config file is needed, except by pod, which has its environment")
    if options.command == POD:
        from trainer.pod import entrypoint

        return entrypoint.main()
    try:
        config = configs.load(options.config)
        events = _open_events(config)
    except (TrainerError, OSError) as error:
        return _report_unusable(options.config, explain(error))
    stop = StopRequest(config.max_seconds)
    try:
        stop.listen()
        return _run(options.command, config, events, stop)
    except (Interrupted, Exception) as error:  # noqa: BLE001  every failure becomes an event
        if stop.broke_start_up:
            step = next(iter(sealed_steps(config.run_dir / "checkpoints")), 0)
            events.write("interrupted", step=step, signal=stop.signal)
            return STOPPED_EARLY
        failure = explain(error)
        if failure.code == Code.ERROR and failure is not error:
            traceback.print_exc()
        return _report(failure, events)
    finally:
        events.close()


def _run(command: str, config: Config, events: EventLog, stop: StopRequest) -> int:
    base_model.cut_off_network(config)
    if command == "train":
        from trainer import train

        return train.run(config, events, stop)
    if command == "measure":
        from trainer import measure

        return measure.run(config, stop)
    from trainer import count_tokens

    return count_tokens.run(config)


def _open_events(config: Config) -> EventLog:
    """The run's events file; in a distributed run, each further process has one of its own."""
    webhook = None
    if config.callback_url is not None:
        webhook = Webhook(config.callback_url, _secret(config), config.job_id)
    rank = os.environ.get("RANK", "0")
    name = "events.jsonl" if rank == "0" else f"events-{rank}.jsonl"
    return EventLog(config.run_dir / name, config.attempt, webhook if rank == "0" else None)


def _secret(config: Config) -> bytes | None:
    if config.callback_secret_env is None:
        return None
    try:
        return os.environb[config.callback_secret_env.encode()]
    except KeyError as error:
        raise configs.bad(
            f"callback_secret_env: the environment has no variable {config.callback_secret_env}."
        ) from error


def _report_unusable(path: Path, failure: TrainerError) -> int:
    """Reports a config that is refused, in the run's events if the config says where they are."""
    try:
        values = json.loads(path.read_bytes())
        events = EventLog(Path(values["run_dir"]) / "events.jsonl", int(values["attempt"]))
    except (OSError, ValueError, KeyError, TypeError):
        return _report(failure, None)
    code = _report(failure, events)
    events.close()
    return code


def _report(failure: TrainerError, events: EventLog | None) -> int:
    print(f"{failure.code}: {failure.message} ({failure.detail})", file=sys.stderr)
    if events is not None:
        try:
            events.write(
                "failed", code=failure.code, message=failure.message, detail=failure.detail
            )
        except OSError as error:  # the disk is full: what was printed has to do
            print(f"The event could not be written: {error}", file=sys.stderr)
    return BAD_INPUT if failure.code in INPUT_CODES else FAILED


if __name__ == "__main__":
    sys.exit(main())
