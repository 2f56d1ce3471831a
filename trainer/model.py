"""The base model with its LoRA adapter, in the precision that the machine allows."""

import os
from pathlib import Path
from typing import Any

from trainer.config import Config
from trainer.errors import Code, TrainerError


def load(config: Config, folder: Path) -> Any:
    """A PeftModel ready to train.

    On CUDA the frozen weights are bfloat16, or 4-bit NF4 with double quantisation; on a CPU they
    are float32, or NF4 all the same. Adapter weights are float32 everywhere.

    Raises:
        TrainerError: model_not_found, or bad_config for target_modules the model lacks.
    """
    import torch
    from peft import LoraConfig, get_peft_model, prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, set_seed

    quantized = config.quantization == "nf4"
    options: dict[str, Any] = {"attn_implementation": _attention()}
    options["dtype"] = torch.bfloat16 if quantized or torch.cuda.is_available() else torch.float32
    if quantized:
        options["quantization_config"] = _nf4()
        options["device_map"] = {"": _device()}
    try:
        model = AutoModelForCausalLM.from_pretrained(folder, **options)
    except (OSError, ValueError, KeyError) as error:
        raise TrainerError(
            Code.MODEL_NOT_FOUND,
            f"The base model {config.base_model} cannot be loaded: its files are incomplete or of "
            "a kind that this trainer does not know. Choose another base model.",
            f"{type(error).__name__}: {error}",
        ) from error
    if quantized:
        model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=True)
    parameters = config.hyperparameters
    _check_targets(model, parameters.target_modules)
    set_seed(config.seed)
    lora = LoraConfig(
        task_type="CAUSAL_LM",
        r=parameters.r,
        lora_alpha=parameters.lora_alpha,
        lora_dropout=parameters.lora_dropout,
        target_modules=list(parameters.target_modules),
    )
    return get_peft_model(model, lora)


def _attention() -> str:
    import torch
    from transformers.utils import is_flash_attn_2_available

    fast = torch.cuda.is_available() and is_flash_attn_2_available()
    return "flash_attention_2" if fast else "sdpa"


def _nf4() -> Any:
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _device() -> str | int:
    """Where this process trains: in a distributed run each has a GPU of its own."""
    import torch

    return int(os.environ.get("LOCAL_RANK", "0")) if torch.cuda.is_available() else "cpu"


def _check_targets(model: Any, target_modules: tuple[str, ...]) -> None:
    names = [name for name, _ in model.named_modules()]
    for target in target_modules:
        if not any(name == target or name.endswith(f".{target}") for name in names):
            raise TrainerError(
                Code.BAD_CONFIG,
                f"hyperparameters.target_modules: the base model has no module {target!r}. "
                "Remove it, or choose a base model that has it.",
            )
