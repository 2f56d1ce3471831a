"""The three published presets (FR1.1.2), as data: page, estimate, launch and trainer read these."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from types import MappingProxyType
from typing import Any

from lib.domain.hyperparameters import (
    ALL_LINEAR,
    ATTENTION,
    PARAMETER_HELP,
    Hyperparameters,
    JsonValue,
    differing,
    overridden,
)
from lib.domain.lora import SHAPES, trainable_parameters

__all__ = [
    "ALL_LINEAR",
    "ATTENTION",
    "PARAMETER_HELP",
    "PRESETS",
    "Hyperparameters",
    "Preset",
    "adapter_parameters",
    "default_preset",
    "default_preset_because",
    "hyperparameters",
    "kept_overrides",
    "memory_needed_gb",
    "preset_locked",
]


@dataclass(frozen=True)
class PublishedTypical:
    """The figures printed on the preset's card in FR1.1.2: (least, most), as published."""

    hours: tuple[int, int]
    spot: tuple[int, int]
    on_demand: tuple[int, int]


@dataclass(frozen=True)
class Preset:
    """One card of FR1.1.2. `seconds_per_pair` is the published constant of FR1.2.1."""

    name: str
    title: str
    icon: str
    description: str
    hyperparameters: Hyperparameters
    seconds_per_pair: int
    vram_gb: int
    risk: str
    risk_colour: str
    risk_explained: str
    use_cases: tuple[str, ...]
    typical: PublishedTypical


PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        preset.name: preset
        for preset in (
            Preset(
                name="conservative",
                title="Conservative",
                icon=":material/shield:",
                description="Best for high-quality seed datasets and first training runs",
                hyperparameters=Hyperparameters(
                    r=8,
                    lora_alpha=16,
                    lora_dropout=Decimal("0.05"),
                    target_modules=ATTENTION,
                    learning_rate=Decimal("0.0001"),
                    num_train_epochs=2,
                    per_device_train_batch_size=4,
                    gradient_accumulation_steps=1,
                    warmup_ratio=Decimal("0.03"),
                ),
                seconds_per_pair=120,
                vram_gb=60,
                risk="Low",
                risk_colour="green",
                risk_explained="Minimal OOM risk, proven for most datasets, fastest completion",
                use_cases=(
                    "First training run",
                    "high-quality seed data",
                    "budget-conscious",
                    "quick validation",
                ),
                typical=PublishedTypical(hours=(8, 10), spot=(25, 30), on_demand=(80, 120)),
            ),
            Preset(
                name="balanced",
                title="Balanced",
                icon=":material/balance:",
                description="Production-ready configuration for most use cases",
                hyperparameters=Hyperparameters(
                    r=16,
                    lora_alpha=32,
                    lora_dropout=Decimal("0.1"),
                    target_modules=ALL_LINEAR,
                    learning_rate=Decimal("0.0002"),
                    num_train_epochs=3,
                    per_device_train_batch_size=2,
                    gradient_accumulation_steps=2,
                    warmup_ratio=Decimal("0.05"),
                ),
                seconds_per_pair=180,
                vram_gb=70,
                risk="Medium",
                risk_colour="yellow",
                risk_explained=(
                    "Moderate complexity, requires good dataset quality, production-ready"
                ),
                use_cases=(
                    "Production models",
                    "proven reliability",
                    "standard datasets",
                    "client delivery",
                ),
                typical=PublishedTypical(hours=(12, 15), spot=(50, 60), on_demand=(120, 140)),
            ),
            Preset(
                name="aggressive",
                title="Aggressive",
                icon=":material/rocket_launch:",
                description=(
                    "Maximum quality for complex datasets, experimentation, when quality is "
                    "paramount"
                ),
                hyperparameters=Hyperparameters(
                    r=32,
                    lora_alpha=64,
                    lora_dropout=Decimal("0.1"),
                    target_modules=ALL_LINEAR,
                    learning_rate=Decimal("0.0003"),
                    num_train_epochs=4,
                    per_device_train_batch_size=1,
                    gradient_accumulation_steps=4,
                    warmup_ratio=Decimal("0.05"),
                ),
                seconds_per_pair=300,
                vram_gb=75,
                risk="High",
                risk_colour="orange",
                risk_explained=(
                    "Highest quality potential, requires excellent dataset, longer training, "
                    "experimentation recommended"
                ),
                use_cases=(
                    "Complex emotional intelligence",
                    "maximum quality",
                    "research/experimentation",
                    "when budget allows",
                ),
                typical=PublishedTypical(hours=(18, 20), spot=(80, 100), on_demand=(200, 240)),
            ),
        )
    }
)

COMPLETED_JOBS_TO_UNLOCK_AGGRESSIVE = 3


def default_preset(conversations: int | None) -> str:
    """The preset to start from (FR1.1.1): by size, Balanced before a file is chosen."""
    if conversations is None or 150 <= conversations <= 300:
        return "balanced"
    return "conservative" if conversations < 150 else "aggressive"


def default_preset_because(conversations: int) -> str:
    """Why `default_preset` takes the one it takes, in words."""
    size = {
        "conservative": "fewer than 150 conversations",
        "balanced": "150 to 300 conversations",
        "aggressive": "more than 300 conversations",
    }[default_preset(conversations)]
    return f"it is the preset for {size}, and this file has {conversations:,}"


def preset_locked(name: str, conversations: int | None, completed_jobs: int) -> str | None:
    """Why this preset cannot be chosen, or None (FR1.1.2: Aggressive's lock)."""
    if name != "aggressive" or completed_jobs >= COMPLETED_JOBS_TO_UNLOCK_AGGRESSIVE:
        return None
    if conversations is not None and conversations > 300:
        return None
    return f"Unlock after {COMPLETED_JOBS_TO_UNLOCK_AGGRESSIVE} successful training runs"


def hyperparameters(preset: str, overrides: Mapping[str, Any]) -> Hyperparameters:
    """The preset's parameters with the user's overrides applied. Raises ValueError."""
    return overridden(_known(preset).hyperparameters, overrides)


def kept_overrides(preset: str, overrides: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The overrides that differ from the preset's own values, as JSON. Raises ValueError."""
    return differing(_known(preset).hyperparameters, overrides)


def _known(preset: str) -> Preset:
    if preset not in PRESETS:
        raise ValueError(f"preset: {preset!r:.40} is not one of {', '.join(PRESETS)}")
    return PRESETS[preset]


#: Bytes of each trained parameter: float32 weight and gradient, and two moments of AdamW.
ADAPTER_BYTES = 16
RENTED_SHAPE = SHAPES["70b"]  # what the published memory figures are about


def memory_needed_gb(preset: Preset, chosen: Hyperparameters) -> Decimal:
    """GB of GPU memory (FR1.1.2): what the preset is published with, and more for a larger adapter.

    The addition is an estimate, 0.207 GB for each rank where all linear parts are trained. The
    trainer computes one sequence at a time, so that the batch size changes nothing.
    """
    more = adapter_parameters(chosen) - adapter_parameters(preset.hyperparameters)
    if more <= 0:
        return Decimal(preset.vram_gb)
    added = Decimal(more * ADAPTER_BYTES) / 10**9
    return preset.vram_gb + added.quantize(Decimal("0.1"), ROUND_CEILING)


def adapter_parameters(chosen: Hyperparameters) -> int:
    """Parameters that are trained in the 70B base model."""
    return trainable_parameters(RENTED_SHAPE, chosen.r, chosen.target_modules)
