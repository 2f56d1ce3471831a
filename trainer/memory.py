"""How much GPU memory a run is likely to need.

An estimate, not a measurement: the bytes of each part are known, but what a token costs in the
backward pass is one third-party figure (5 MB at 70 billion parameters, with activation
checkpointing), scaled by layers and width. A 70B model in NF4 comes to
39.5 + 0.207 r + 0.005 tokens + 2 GB.
"""

from dataclasses import dataclass
from typing import Any

NF4_BYTES = 0.516  # 4 bits, and the block scales, themselves quantised
BF16_BYTES = 2
ADAPTER_BYTES = 16  # float32 weight, gradient and two moments of AdamW
ACTIVATION_BYTES = 5e6 / (80 * 8192)  # of one token, for each layer and unit of width
OVERHEAD_BYTES = 2e9  # CUDA context, kernels, fragmentation


@dataclass(frozen=True)
class Shape:
    """What a model's memory depends on, in numbers of parameters.

    Attributes:
        frozen: the base model's, among them `embeddings`.
        embeddings: input embedding and output head; these are not quantised.
        trainable: the adapter's.
    """

    frozen: int
    embeddings: int
    trainable: int
    layers: int
    width: int

    @classmethod
    def of(cls, model: Any) -> "Shape":
        """The shape of a PeftModel; it may be on the meta device."""
        base = model.get_base_model()
        trainable, total = model.get_nb_trainable_parameters()
        return cls(
            frozen=total - trainable,
            embeddings=_embedding_parameters(base),
            trainable=trainable,
            layers=base.config.num_hidden_layers,
            width=base.config.hidden_size,
        )


def estimate_gb(shape: Shape, longest_tokens: int, quantized: bool) -> float:
    """GB (1e9 bytes) to train on one sequence of so many tokens at a time."""
    per_weight = NF4_BYTES if quantized else BF16_BYTES
    weights = (shape.frozen - shape.embeddings) * per_weight + shape.embeddings * BF16_BYTES
    adapter = shape.trainable * ADAPTER_BYTES
    activations = longest_tokens * shape.layers * shape.width * ACTIVATION_BYTES
    return (weights + adapter + activations + OVERHEAD_BYTES) / 1e9


def _embedding_parameters(base: Any) -> int:
    """Both ends of the model; once if they share their weights."""
    ends = (base.get_input_embeddings(), base.get_output_embeddings())
    return sum(weight.numel() for weight in {id(end.weight): end.weight for end in ends}.values())
