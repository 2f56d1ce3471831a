"""The three published presets (FR1.1.2), as data: page, estimate, launch and trainer read these."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

ATTENTION = ("q_proj", "v_proj", "k_proj", "o_proj")
ALL_LINEAR = (*ATTENTION, "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Hyperparameters:
    """What the trainer is given; names are PEFT's and transformers' own."""

    r: int
    lora_alpha: int
    lora_dropout: Decimal
    target_modules: tuple[str, ...]
    learning_rate: Decimal
    num_train_epochs: int
    per_device_train_batch_size: int
    gradient_accumulation_steps: int
    warmup_ratio: Decimal
    lr_scheduler_type: str = "cosine"

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the fractions become floats, as the trainer wants them."""
        return {
            name: float(value)
            if isinstance(value, Decimal)
            else list(value)
            if isinstance(value, tuple)
            else value
            for name, value in asdict(self).items()
        }


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
                risk="Higher",
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

#: What may be overridden, with the least and the most that makes sense for a LoRA run.
OVERRIDE_LIMITS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "num_train_epochs": (1, 20),
        "per_device_train_batch_size": (1, 64),
        "gradient_accumulation_steps": (1, 64),
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


def validate_overrides(overrides: Mapping[str, Any]) -> None:
    """Raises ValueError naming the first override that is unknown or out of range."""
    for name, value in overrides.items():
        if name not in OVERRIDE_LIMITS:
            raise ValueError(f"{name}: cannot be overridden")
        least, most = OVERRIDE_LIMITS[name]
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"{name}: must be a whole number from {least} to {most}")


def hyperparameters(preset: str, overrides: Mapping[str, Any]) -> Hyperparameters:
    """The preset's parameters with the user's overrides applied. Raises ValueError."""
    if preset not in PRESETS:
        raise ValueError(f"preset: {preset!r:.40} is not one of {', '.join(PRESETS)}")
    validate_overrides(overrides)
    return replace(PRESETS[preset].hyperparameters, **overrides)


PARAMETER_HELP: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "r": (
            "Rank (r)",
            "Number of trainable parameters - higher = more learning capacity but slower training",
        ),
        "learning_rate": (
            "Learning Rate",
            "Speed of model updates - higher = faster learning but risk of instability",
        ),
        "num_train_epochs": (
            "Epochs",
            "Complete passes through dataset - more = better learning but diminishing returns",
        ),
        "per_device_train_batch_size": (
            "Batch Size",
            "Training examples processed simultaneously - larger = faster but more memory",
        ),
        "gradient_accumulation_steps": (
            "Gradient Accumulation",
            "Simulates larger batch sizes - higher = more stable gradients",
        ),
        "lora_alpha": (
            "LoRA Alpha",
            "Scales the adapter's effect; the presets keep it at twice the rank",
        ),
        "lora_dropout": (
            "Dropout Rate",
            "Share of adapter inputs dropped while training, so that it does not learn by heart",
        ),
        "target_modules": ("Target Modules", "The layers of the base model that get an adapter"),
        "warmup_ratio": (
            "Warm-up",
            "Share of the run in which the learning rate climbs to its full value",
        ),
        "lr_scheduler_type": (
            "Schedule",
            "How the learning rate falls after warm-up; cosine: slowly, then fast, then slowly",
        ),
    }
)
assert set(PARAMETER_HELP) == {field.name for field in fields(Hyperparameters)}
