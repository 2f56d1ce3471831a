"""The memory estimate, on a model of 70 billion parameters that exists as shapes only."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

from trainer.memory import Shape, estimate_gb

LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


def shape_of_70b(rank: int) -> Shape:
    config = LlamaConfig(
        vocab_size=128256,
        hidden_size=8192,
        intermediate_size=28672,
        num_hidden_layers=80,
        num_attention_heads=64,
        num_key_value_heads=8,
    )
    with torch.device("meta"):
        model = LlamaForCausalLM(config)
        lora = LoraConfig(task_type="CAUSAL_LM", r=rank, target_modules=LINEAR)
        return Shape.of(get_peft_model(model, lora))


@pytest.mark.parametrize(("rank", "tokens"), [(8, 1900), (32, 3800)])
def test_70b_in_4_bits_needs_what_the_formula_says(rank: int, tokens: int) -> None:
    shape = shape_of_70b(rank)
    assert shape.frozen == 70_553_706_496
    assert shape.trainable == 12_943_360 * rank
    formula = 39.5 + 0.207 * rank + 0.005 * tokens + 2
    assert estimate_gb(shape, tokens, quantized=True) == pytest.approx(formula, rel=0.005)
    assert estimate_gb(shape, tokens, quantized=False) > 141
