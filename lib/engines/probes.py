"""Short questions to the trainer, answered within a minute: how fast is a step, how many tokens."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import Any

from lib import storage
from lib.domain.presets import PRESETS
from lib.engines import event_log, trainer_process
from lib.engines.configuration import trainer_config
from lib.engines.errors import Stopped, SubmitRefused, TrainerProblem

MEASUREMENT_TIMEOUT = 180.0  # seconds
COUNT_TIMEOUT = 120.0
_NEVER = Event()


def run_measurement(
    sequences: Path,
    hyperparameters: Mapping[str, Any],
    folder: Path,
    *,
    stop: Event = _NEVER,
    timeout: float = MEASUREMENT_TIMEOUT,
) -> dict[str, Any]:
    """A few real steps of a configuration, in a folder of its own: measurement.json as a dict.

    Raises TrainerProblem, and Stopped as soon as `stop` is set.
    """
    return _ask("measure", "measurement", sequences, hyperparameters, folder, stop, timeout)


def count_tokens(
    sequences: Path, folder: Path, *, stop: Event = _NEVER, timeout: float = COUNT_TIMEOUT
) -> dict[str, Any]:
    """The size of a training set for the base model: tokens.json as a dict. Raises as above."""
    unused = PRESETS["conservative"].hyperparameters.to_dict()  # the contract wants some
    return _ask("count-tokens", "tokens", sequences, unused, folder, stop, timeout)


def _ask(
    action: str,
    answer: str,
    sequences: Path,
    hyperparameters: Mapping[str, Any],
    folder: Path,
    stop: Event,
    timeout: float,
) -> dict[str, Any]:
    config, log = folder / f"{answer}-config.json", folder / f"{answer}.log"
    result, events = folder / f"{answer}.json", folder / "events.jsonl"
    values = trainer_config(
        job_id=answer,
        attempt=1,
        run_dir=str(folder),
        sequences=str(sequences),
        hyperparameters=hyperparameters,
        model_cache=str(storage.model_cache()),
    )
    try:
        for left_over in (config, log, result, events):
            left_over.unlink(missing_ok=True)
        trainer_process.write_config(config, values)
        process = trainer_process.start(action, config, log)
    except SubmitRefused as error:
        raise TrainerProblem(str(error)) from error
    except OSError as error:
        raise TrainerProblem(f"The trainer could not be started: {error}") from error
    _wait(process, stop, timeout, action)
    if process.returncode != 0:
        failed = event_log.first(events, 1, "failed")
        raise TrainerProblem(
            failed["message"]
            if failed
            else f"The trainer ended with code {process.returncode}: "
            f"{trainer_process.log_tail(log) or 'it said nothing'}"
        )
    try:
        return json.loads(result.read_bytes())
    except (OSError, ValueError) as error:
        raise TrainerProblem(f"The trainer left no readable {result.name}: {error}") from error


def _wait(process: subprocess.Popen[bytes], stop: Event, timeout: float, action: str) -> None:
    """Waits for the end; kills the trainer when it takes too long or the caller has to go."""
    deadline = time.monotonic() + timeout
    while process.poll() is None:
        late = time.monotonic() >= deadline
        if late or stop.wait(0.1):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if late:
                raise TrainerProblem(f"`trainer {action}` took longer than {timeout:.0f} seconds.")
            raise Stopped
