"""How many optimiser steps a run has, and after which of them it saves."""

import math
from dataclasses import dataclass

from trainer.config import Config


@dataclass(frozen=True)
class Schedule:
    """Optimiser steps in an epoch and in the whole run."""

    steps_per_epoch: int
    steps_total: int

    @classmethod
    def of(cls, config: Config, sequences: int, devices: int = 1) -> "Schedule":
        """The schedule for so many sequences on so many devices; an epoch's last step may be
        smaller than the others."""
        per_step = config.hyperparameters.sequences_per_step * devices
        steps_per_epoch = math.ceil(sequences / per_step)
        steps_total = steps_per_epoch * config.hyperparameters.num_train_epochs
        return cls(steps_per_epoch, min(steps_total, config.max_steps or steps_total))

    def reason_to_save(self, step: int, every_steps: int) -> str | None:
        """Why a checkpoint is due after this step: "end", "epoch", "steps", or None."""
        if step >= self.steps_total:
            return "end"
        if step % self.steps_per_epoch == 0:
            return "epoch"
        return "steps" if step % every_steps == 0 else None

    def saves(self, every_steps: int) -> int:
        """Checkpoints in the whole run, not counting those that time or a signal asks for."""
        steps = range(1, self.steps_total + 1)
        return sum(self.reason_to_save(step, every_steps) is not None for step in steps)
