"""What happens around each optimiser step: report, decide whether to save, and stop."""

import math
import random
import time
from pathlib import Path
from typing import Any

import numpy
import torch
from transformers import Trainer, TrainerCallback

from trainer import checkpoints
from trainer.config import Config
from trainer.errors import Code, TrainerError
from trainer.events import EventLog
from trainer.interruption import StopRequest, seconds_since_start
from trainer.schedule import Schedule


class Progress(TrainerCallback):
    """Follows a transformers Trainer: an event a step, sealed checkpoints, an early stop.

    In a distributed run every process has one of these and all take the same decisions; only the
    main process writes.
    """

    def __init__(
        self,
        config: Config,
        schedule: Schedule,
        identity: dict[str, Any],
        events: EventLog,
        stop: StopRequest,
    ) -> None:
        self._config = config
        self._schedule = schedule
        self._identity = identity
        self._events = events
        self._stop = stop
        self._save_reason: str | None = None
        self._saved_step = 0
        self.trainer: Trainer
        self.stopped: str | None = None

    def on_train_begin(self, args, state, control, **kwargs):
        self._saved_step = state.global_step
        self._saved_at = self._step_began = time.monotonic()

    def on_step_begin(self, args, state, control, **kwargs):
        """Remembers what a step that is given up half-way must not have changed."""
        self._before = (_random_state(), state.num_input_tokens_seen)

    def on_substep_end(self, args, state, control, **kwargs):
        """Gives up the step in the middle if asked to stop: steps of a large model take long."""
        if args.world_size == 1 and self._stop.reason is not None:
            random_state, state.num_input_tokens_seen = self._before
            _restore_random_state(random_state)
            self._save_and_stop(self._stop.reason, state, control)

    def on_step_end(self, args, state, control, **kwargs):
        step = state.global_step
        reason = self._schedule.reason_to_save(step, self._config.checkpoint_every_steps)
        stop, overdue = self._agreed(args)
        if stop is not None and reason != "end":
            self._save_and_stop(stop, state, control)
        elif reason is not None or overdue:
            self._request_save(reason or "time", control)

    def on_log(self, args, state, control, logs=None, **kwargs):
        if not logs or "loss" not in logs:
            return
        loss, grad_norm = logs["loss"], logs["grad_norm"]
        if not (math.isfinite(loss) and math.isfinite(grad_norm)):
            raise TrainerError(
                Code.ERROR,
                f"The training became unstable at step {state.global_step}: its loss is no longer "
                "a number. Start again with a lower learning rate.",
                f"loss {loss}, grad_norm {grad_norm}",
            )
        tokens = state.num_input_tokens_seen - self._before[1]
        self._events.write(
            "step",
            step=state.global_step,
            steps_total=self._schedule.steps_total,
            epoch=round(state.epoch, 4),
            loss=loss,
            learning_rate=logs["learning_rate"],
            grad_norm=grad_norm,
            tokens_seen=state.num_input_tokens_seen,
            tokens_per_second=round(tokens / (time.monotonic() - self._step_began), 1),
            elapsed_seconds=round(seconds_since_start(), 3),
        )
        self._step_began = time.monotonic()

    def on_epoch_end(self, args, state, control, **kwargs):
        """The Trainer looks here whether to save after a step that was given up half-way."""
        control.should_save = self._save_reason is not None

    def on_save(self, args, state, control, **kwargs):
        """Seals what the Trainer has just written."""
        step = state.global_step
        written = Path(args.output_dir) / f"checkpoint-{step}"
        self.trainer.accelerator.wait_for_everyone()
        if state.is_world_process_zero:
            folder = self._config.run_dir / "checkpoints"
            size = checkpoints.seal(written, step, self._identity, folder)
            self._events.write(
                "checkpoint",
                step=step,
                path=f"checkpoints/step-{step}",
                bytes=size,
                seconds=round(time.monotonic() - self._save_began, 3),
                reason=self._save_reason,
            )
        self._save_reason = None
        self._saved_step = step
        self._saved_at = self._step_began = time.monotonic()

    def _save_and_stop(self, reason: str, state, control) -> None:
        self.stopped = reason
        control.should_training_stop = True
        if state.global_step > self._saved_step:
            self._request_save(reason, control)

    def _request_save(self, reason: str, control) -> None:
        self._save_reason = reason
        self._save_began = time.monotonic()
        control.should_save = True

    def _agreed(self, args) -> tuple[str | None, bool]:
        """Whether to stop and whether a save is overdue; the same in all processes."""
        stop = self._stop.reason
        overdue = time.monotonic() - self._saved_at >= self._config.checkpoint_every_seconds
        if args.world_size > 1:
            reasons = (None, "limit", "signal")
            votes = torch.tensor([reasons.index(stop), int(overdue)], device=args.device)
            torch.distributed.all_reduce(votes, torch.distributed.ReduceOp.MAX)
            stop, overdue = reasons[int(votes[0])], bool(votes[1])
        return stop, overdue


def _random_state() -> tuple[Any, ...]:
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return random.getstate(), numpy.random.get_state(), torch.get_rng_state(), cuda


def _restore_random_state(states: tuple[Any, ...]) -> None:
    python, numpy_state, cpu, cuda = states
    random.setstate(python)
    numpy.random.set_state(numpy_state)
    torch.set_rng_state(cpu)
    if cuda:
        torch.cuda.set_rng_state_all(cuda)
