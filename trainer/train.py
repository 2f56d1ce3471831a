"""The command `train`: from a config to an adapter, or to a checkpoint to go on from."""

import fcntl
import json
import logging
import os
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from trainer import adapter, base_model, checkpoints, dataset, memory, steps, tiny_model
from trainer.checkpoints import Checkpoint
from trainer.config import TINY, Config
from trainer.dataset import Dataset
from trainer.errors import Code, TrainerError
from trainer.events import EventLog
from trainer.interruption import StopRequest, seconds_since_start
from trainer.schedule import Schedule

COMPLETED, STOPPED_EARLY = 0, 3


def run(config: Config, events: EventLog, stop: StopRequest) -> int:
    """Trains until the end, a signal or the time limit, from the newest whole checkpoint on.

    Returns:
        The exit code: COMPLETED, or STOPPED_EARLY with everything saved.

    Raises:
        TrainerError: whatever makes the run impossible.
    """
    with _exclusive(config.run_dir):
        data = dataset.load_within_limit(config)
        _prepare_libraries(config)
        base_folder = _base_folder(config, data)
        stopped = _train(config, data, base_folder, events, stop)
        if stopped is not None:
            return STOPPED_EARLY
    return COMPLETED


def _train(
    config: Config, data: Dataset, base_folder: Path, events: EventLog, stop: StopRequest
) -> str | None:
    """Trains and publishes; returns why it stopped early, or None when it is complete."""
    from trainer import model as models
    from trainer.progress import Progress

    devices = int(os.environ.get("WORLD_SIZE", "1"))
    schedule = Schedule.of(config, len(data.encoded), devices)
    identity = _identity(config, data, devices)
    resume, torn = _resumable(config, identity)
    model = models.load(config, base_folder)
    shape = memory.Shape.of(model)
    progress = Progress(config, schedule, identity, events, stop)
    trainer = steps.build(config, schedule, data.encoded, model, progress)
    events.write(
        "started",
        pid=os.getpid(),
        device=trainer.args.device.type,
        steps_total=schedule.steps_total,
        sequences=len(data.encoded),
        tokens_per_epoch=data.tokens,
        target_tokens_per_epoch=data.target_tokens,
        trainable_parameters=shape.trainable,
        total_parameters=shape.frozen + shape.trainable,
        estimated_gpu_gb=_estimated_gpu_gb(config, data, shape, trainer.args.device.type),
        base_model=config.base_model,
        resumed_from_step=resume.step if resume else None,
        checkpoints_skipped=torn,
    )
    stop.defer()
    if resume is None or resume.step < schedule.steps_total:
        trainer.train(resume_from_checkpoint=str(resume.folder) if resume else None)
    if progress.stopped is not None:
        _report_stop(progress.stopped, trainer.state.global_step, events, stop)
    elif trainer.is_world_process_zero():
        _finish(config, base_folder, events)
    return progress.stopped


def _estimated_gpu_gb(
    config: Config, data: Dataset, shape: memory.Shape, device: str
) -> float | None:
    """What to expect of the GPU's memory; None on a CPU, which the estimate is not made for."""
    if device == "cpu":
        return None
    longest = data.summary()["longest"]
    return round(memory.estimate_gb(shape, longest, config.quantization == "nf4"), 1)


def _report_stop(reason: str, step: int, events: EventLog, stop: StopRequest) -> None:
    if reason == "signal":
        events.write("interrupted", step=step, signal=stop.signal)
    else:
        events.write("stopped", step=step, reason="max_seconds")


def _finish(config: Config, base_folder: Path, events: EventLog) -> None:
    """Publishes the adapter from the last checkpoint, which is the whole run's record as well."""
    last, _ = checkpoints.newest(config.run_dir / "checkpoints")
    assert last is not None, "the last step is always saved"
    state = json.loads((last.folder / "trainer_state.json").read_bytes())
    losses = [entry["loss"] for entry in state["log_history"] if "loss" in entry]
    sha256 = adapter.publish(config, last, base_folder)
    events.write(
        "completed",
        step=last.step,
        adapter="adapter",
        adapter_sha256=sha256,
        train_loss_first=losses[0],
        train_loss_last=losses[-1],
        seconds=round(seconds_since_start(), 3),
        tokens_seen=state["num_input_tokens_seen"],
    )


def _base_folder(config: Config, data: Dataset) -> Path:
    if config.base_model == TINY:
        return tiny_model.build(config.model_cache, data.sequences, data.sha256)
    return base_model.locate(config)


def _prepare_libraries(config: Config) -> None:
    """Sets up what has to be set before torch is imported, and silences what is not for users.

    A fixed number of threads gives the same rounding every time, which an exact resume needs.
    Threads that wait sleep instead of spinning: on a machine shared with the app, spinning ones
    made a run take up to five times as long.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "WORLD_SIZE" not in os.environ:  # else each process would be given a share of the GPUs
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=FutureWarning)
    import torch
    from transformers.utils import logging as transformers_logging

    torch.set_num_threads(config.threads)
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()


def _identity(config: Config, data: Dataset, devices: int) -> dict[str, Any]:
    """What has to be the same for a run that resumes from a checkpoint."""
    return {
        "sequences_sha256": data.sha256,
        "base_model": config.base_model,
        "hyperparameters": json.loads(json.dumps(asdict(config.hyperparameters))),
        "max_steps": config.max_steps,
        "seed": config.seed,
        "quantization": config.quantization,
        "devices": devices,
    }


def _resumable(config: Config, identity: dict[str, Any]) -> tuple[Checkpoint | None, list[str]]:
    """The checkpoint to resume from, and newer ones that a kill left torn."""
    folder = config.run_dir / "checkpoints"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(config.run_dir / steps.UNSEALED, ignore_errors=True)
    found, torn = checkpoints.newest(folder)
    if found is not None and found.identity != identity:
        field = next(key for key in identity if found.identity.get(key) != identity[key])
        code = Code.DATA_CHANGED if field == "sequences_sha256" else Code.BAD_CONFIG
        raise TrainerError(
            code,
            f"This job was begun with another {field}, and cannot carry on with a changed one. "
            "Start a new job.",
            f"{found.folder.name} has {found.identity.get(field)!r}, not {identity[field]!r}",
        )
    return found, torn


@contextmanager
def _exclusive(run_dir: Path) -> Iterator[None]:
    """Keeps a second trainer off the same run; the lock goes with the process, however it ends."""
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    with (run_dir / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainerError(
                Code.ERROR,
                "Another trainer is at work on this job already. Wait until it has ended.",
                f"{run_dir} is locked",
            ) from error
        yield
