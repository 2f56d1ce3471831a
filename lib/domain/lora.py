"""What LoRA's hyperparameters do, as arithmetic: parameters trained, steps, learning rate.

Pure, for the guide of FR1.1.2. Steps and learning rate are counted as the trainer counts them.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True)
class Projection:
    """One linear layer: it turns `inputs` numbers into `outputs` numbers."""

    inputs: int
    outputs: int

    @property
    def weights(self) -> int:
        return self.inputs * self.outputs

    def adapter(self, r: int) -> int:
        """Parameters of its adapter: A is r × inputs, B is outputs × r."""
        return r * (self.inputs + self.outputs)


@dataclass(frozen=True)
class ModelShape:
    """The dimensions of a Llama-like model, from its published configuration.

    With grouped-query attention there are fewer key and value heads than query heads, so that
    `k_proj` and `v_proj` are narrower than `q_proj`.
    """

    title: str
    vocabulary: int
    hidden: int
    intermediate: int
    layers: int
    heads: int
    key_value_heads: int
    tied_embeddings: bool

    @property
    def projections(self) -> Mapping[str, Projection]:
        """A layer's linear parts by PEFT's name for them, in the order of the computation."""
        key_value = self.hidden // self.heads * self.key_value_heads
        return {
            "q_proj": Projection(self.hidden, self.hidden),
            "k_proj": Projection(self.hidden, key_value),
            "v_proj": Projection(self.hidden, key_value),
            "o_proj": Projection(self.hidden, self.hidden),
            "gate_proj": Projection(self.hidden, self.intermediate),
            "up_proj": Projection(self.hidden, self.intermediate),
            "down_proj": Projection(self.intermediate, self.hidden),
        }

    @property
    def parameters(self) -> int:
        """All weights of the base model: embeddings, linear parts and norms."""
        norms = 2 * self.hidden
        layer = sum(part.weights for part in self.projections.values()) + norms
        embeddings = self.vocabulary * self.hidden * (1 if self.tied_embeddings else 2)
        return embeddings + self.layers * layer + self.hidden  # and the last norm


SHAPES: Mapping[str, ModelShape] = MappingProxyType(
    {
        "70b": ModelShape("Llama-like 70B", 128_256, 8192, 28_672, 80, 64, 8, False),
        "8b": ModelShape("Llama-like 8B", 128_256, 4096, 14_336, 32, 32, 8, False),
        "1b": ModelShape("Llama-like 1B", 128_256, 2048, 8192, 16, 32, 8, True),
        # What trainer/tiny_model.py builds; the domain may not import the trainer.
        "tiny": ModelShape("Tiny rehearsal model", 4096, 64, 136, 2, 4, 4, True),
    }
)


def trainable_parameters(shape: ModelShape, r: int, target_modules: Collection[str]) -> int:
    """Parameters of all adapters: r × (inputs + outputs) for each target module of each layer.

    Raises ValueError for a rank below 1 or a module that the model does not have.
    """
    if r < 1:
        raise ValueError("r: must be at least 1")
    if unknown := set(target_modules) - shape.projections.keys():
        raise ValueError(f"target_modules: {shape.title} has no {', '.join(sorted(unknown))}")
    return shape.layers * sum(shape.projections[name].adapter(r) for name in set(target_modules))


def steps_per_epoch(sequences: int, batch: int, accumulation: int) -> int:
    """Optimiser steps in one pass over the data; the last step may have fewer sequences."""
    return math.ceil(sequences / (batch * accumulation))


def warmup_steps(steps: int, ratio: float) -> int:
    """Steps of warm-up, rounded up as transformers does, with its floating point."""
    return math.ceil(steps * ratio)


def learning_rate_share(step: int, steps: int, warmup: int) -> float:
    """The learning rate after `step` of `steps`, as a share (0 to 1) of its peak.

    A straight climb over `warmup` steps, then half a cosine down to 0: transformers' "cosine".
    """
    if step < warmup:
        return step / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    return 0.5 * (1 + math.cos(math.pi * progress))
