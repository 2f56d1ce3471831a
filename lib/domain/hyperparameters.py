"""The hyperparameters of a run (FR1.1.2): what each one is, and what may be put in its place."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any

ATTENTION = ("q_proj", "v_proj", "k_proj", "o_proj")
ALL_LINEAR = (*ATTENTION, "gate_proj", "up_proj", "down_proj")
SCHEDULES = ("cosine", "linear", "constant", "constant_with_warmup")  # the trainer's

#: An override as a draft keeps it; fractions are decimal text, so that none is rounded.
JsonValue = int | str | list[str]


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
class Whole:
    """Whole numbers from `least` to `most`."""

    least: int
    most: int

    def read(self, value: Any) -> int:
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
            value = int(value)
        if type(value) is not int or not self.least <= value <= self.most:
            raise ValueError(f"must be a whole number from {self.least} to {self.most}")
        return value


@dataclass(frozen=True)
class Fraction:
    """Decimal numbers from `least` to `most`, given as a number or as text."""

    least: Decimal
    most: Decimal

    def read(self, value: Any) -> Decimal:
        wanted = f"must be a number from {self.least:f} to {self.most:f}"
        text = str(value).strip()  # a float by its shortest digits, those that were typed
        if not isinstance(value, int | float | str | Decimal) or isinstance(value, bool):
            raise ValueError(wanted)
        try:
            number = Decimal(text if len(text) <= MOST_DIGITS else "nan")
        except InvalidOperation:
            raise ValueError(wanted) from None
        if not number.is_finite() or not self.least <= number <= self.most:
            raise ValueError(wanted)
        if number != round(number, DECIMAL_PLACES):
            raise ValueError(f"must have at most {DECIMAL_PLACES} decimal places")
        return Decimal(f"{number.normalize() + 0:f}")  # 0.10 is 0.1, and -0 is 0


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    options: tuple[str, ...]

    def read(self, value: Any) -> str:
        if value not in self.options:
            raise ValueError(f"must be one of {', '.join(self.options)}")
        return str(value)


@dataclass(frozen=True)
class Several:
    """At least one of some words: a list, or text with commas. They get the order of `options`."""

    options: tuple[str, ...]

    def read(self, value: Any) -> tuple[str, ...]:
        names = value.split(",") if isinstance(value, str) else value
        if not isinstance(names, list | tuple) or not names:
            raise ValueError(f"must be at least one of {', '.join(self.options)}")
        names = [name.strip() if isinstance(name, str) else name for name in names]
        for name in names:
            if name not in self.options:
                known = ", ".join(self.options)
                raise ValueError(f"must be some of {known}; {name!r:.40} is none of them")
        return tuple(name for name in self.options if name in names)


MOST_DIGITS, DECIMAL_PLACES = 24, 8

#: What each hyperparameter may be: what makes sense for a LoRA run, within what the trainer takes.
LIMITS: Mapping[str, Whole | Fraction | Choice | Several] = MappingProxyType(
    {
        "r": Whole(1, 256),
        "lora_alpha": Whole(1, 512),
        "lora_dropout": Fraction(Decimal(0), Decimal("0.5")),
        "target_modules": Several(ALL_LINEAR),
        "num_train_epochs": Whole(1, 20),
        "per_device_train_batch_size": Whole(1, 64),
        "gradient_accumulation_steps": Whole(1, 64),
        "learning_rate": Fraction(Decimal("0.000001"), Decimal("0.01")),
        "warmup_ratio": Fraction(Decimal(0), Decimal("0.5")),
        "lr_scheduler_type": Choice(SCHEDULES),
    }
)


def overridden(own: Hyperparameters, overrides: Mapping[str, Any]) -> Hyperparameters:
    """A preset's own values with the overrides in their place.

    Raises ValueError naming the first field that is unknown or whose value will not do.
    """
    return replace(own, **{name: _read(name, value) for name, value in overrides.items()})


def differing(own: Hyperparameters, overrides: Mapping[str, Any]) -> dict[str, JsonValue]:
    """The overrides that change something, in JSON. Raises ValueError like `overridden`."""
    chosen = overridden(own, overrides)
    return {
        name: _json(value)
        for name in LIMITS
        if (value := getattr(chosen, name)) != getattr(own, name)
    }


def _read(name: str, value: Any) -> Any:
    if name not in LIMITS:
        raise ValueError(f"{name!r:.40}: there is no such hyperparameter")
    try:
        return LIMITS[name].read(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{name}: {error}") from None


def _json(value: Any) -> JsonValue:
    if isinstance(value, tuple):
        return list(value)
    return f"{value:f}" if isinstance(value, Decimal) else value


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
assert set(PARAMETER_HELP) == set(LIMITS) == {field.name for field in fields(Hyperparameters)}
