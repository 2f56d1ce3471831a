"""The config file: every field, its limits, and a clear message for each mistake."""

import json
import re
from collections.abc import Callable
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from trainer.errors import Code, TrainerError

CONTRACT = 1
TINY = "tiny"
QUANTIZATIONS = ("none", "nf4")
SCHEDULERS = ("cosine", "linear", "constant", "constant_with_warmup")
HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Hyperparameters:
    """LoRA and optimiser settings, named as in PEFT and transformers."""

    r: int
    lora_alpha: int
    lora_dropout: float
    target_modules: tuple[str, ...]
    learning_rate: float
    num_train_epochs: int
    per_device_train_batch_size: int
    gradient_accumulation_steps: int
    warmup_ratio: float
    lr_scheduler_type: str

    @property
    def sequences_per_step(self) -> int:
        """Sequences that one optimiser step learns from, on one device."""
        return self.per_device_train_batch_size * self.gradient_accumulation_steps


@dataclass(frozen=True)
class Config:
    """One attempt of one job; docs/trainer.md explains each field."""

    contract: int
    job_id: str
    attempt: int
    run_dir: Path
    sequences: Path
    base_model: str
    model_cache: Path
    hyperparameters: Hyperparameters
    sequences_sha256: str | None = None
    max_steps: int | None = None
    seed: int = 42
    threads: int = 2
    quantization: str = "none"
    checkpoint_every_steps: int = 100
    checkpoint_every_seconds: float = 300
    max_sequence_tokens: int | None = None
    max_seconds: float | None = None
    callback_url: str | None = None
    callback_secret_env: str | None = None
    warmup_steps: int = 3
    measured_steps: int = 20


def load(path: Path) -> Config:
    """Reads and checks a config file.

    Raises:
        TrainerError: bad_config, naming the field and what it should be.
    """
    try:
        return parse(json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise bad(f"The config file {path} cannot be read as JSON.", str(error)) from error


def parse(values: Any) -> Config:
    """The checked config from decoded JSON; raises like `load`."""
    checked = _check_fields(values, Config, CONFIG_CHECKS, prefix="")
    if checked["contract"] != CONTRACT:
        raise bad(f"contract must be {CONTRACT}: this trainer speaks no other version.")
    nested = _check_fields(
        checked["hyperparameters"], Hyperparameters, HYPERPARAMETER_CHECKS, "hyperparameters."
    )
    checked["hyperparameters"] = Hyperparameters(**nested)
    return Config(**checked)


def is_hub_name(base_model: str) -> bool:
    """Whether a base model is fetched from the hub: neither the tiny one nor a folder here."""
    return base_model != TINY and bool(HUB_NAME.fullmatch(base_model))


def bad(message: str, detail: str = "") -> TrainerError:
    """A bad_config failure."""
    return TrainerError(Code.BAD_CONFIG, message, detail)


def _check_fields(values: Any, kind: type, checks: dict[str, "Check"], prefix: str) -> dict:
    if not isinstance(values, dict):
        raise bad(f"{prefix.rstrip('.') or 'The config'} must be a JSON object.")
    unknown = sorted(values.keys() - checks.keys())
    if unknown:
        raise bad(f"{prefix}{unknown[0]} is not a field of this contract.")
    checked = {}
    for field in fields(kind):
        name = field.name
        if name not in values:
            if field.default is MISSING:
                raise bad(f"{prefix}{name} is missing.")
            continue
        if values[name] is None and field.default is None:
            continue
        check = checks[name]
        if not check.accepts(values[name]):
            raise bad(f"{prefix}{name} must be {check.wanted}, not {json.dumps(values[name])}.")
        checked[name] = check.convert(values[name])
    return checked


@dataclass(frozen=True)
class Check:
    """What a field takes: a test, its description, and the conversion to the stored type."""

    wanted: str
    accepts: Callable[[Any], bool]
    convert: Callable[[Any], Any] = lambda value: value


def _whole(low: int, high: int = 2**31 - 1) -> Check:
    wanted = f"a whole number from {low} to {high}"
    return Check(wanted, lambda value: type(value) is int and low <= value <= high)


def _number(wanted: str, accepts: Callable[[float], bool]) -> Check:
    return Check(wanted, lambda value: type(value) in (int, float) and accepts(value), float)


def _text(wanted: str, accepts: Callable[[str], bool] = bool) -> Check:
    return Check(wanted, lambda value: isinstance(value, str) and accepts(value))


def _choice(options: tuple[str, ...]) -> Check:
    return _text(f"one of {', '.join(options)}", lambda value: value in options)


def _path() -> Check:
    return Check(
        "an absolute path",
        lambda value: isinstance(value, str) and _is_absolute(value),
        Path,
    )


def _is_absolute(value: str) -> bool:
    return Path(value).is_absolute() and "\0" not in value


def _is_module_list(value: Any) -> bool:
    names = isinstance(value, list) and all(isinstance(name, str) and name for name in value)
    return names and 0 < len(value) == len(set(value))


def _is_url(value: str) -> bool:
    return urlsplit(value).scheme in ("http", "https") and bool(urlsplit(value).hostname)


HYPERPARAMETER_CHECKS = {
    "r": _whole(1, 1024),
    "lora_alpha": _whole(1, 4096),
    "lora_dropout": _number("a number from 0 to below 1", lambda value: 0 <= value < 1),
    "target_modules": Check("a list of different module names", _is_module_list, tuple),
    "learning_rate": _number("a number above 0 and at most 1", lambda value: 0 < value <= 1),
    "num_train_epochs": _whole(1, 1000),
    "per_device_train_batch_size": _whole(1, 1024),
    "gradient_accumulation_steps": _whole(1, 1024),
    "warmup_ratio": _number("a number from 0 to below 1", lambda value: 0 <= value < 1),
    "lr_scheduler_type": _choice(SCHEDULERS),
}

CONFIG_CHECKS = {
    "contract": _whole(1),
    "job_id": _text("a job id"),
    "attempt": _whole(1),
    "run_dir": _path(),
    "sequences": _path(),
    "sequences_sha256": _text("64 hexadecimal digits", lambda v: bool(SHA256.fullmatch(v))),
    "base_model": _text(
        '"tiny", an absolute folder, or a hub name such as "org/name"',
        lambda value: value == TINY or _is_absolute(value) or is_hub_name(value),
    ),
    "model_cache": _path(),
    "hyperparameters": Check("an object", lambda value: isinstance(value, dict)),
    "max_steps": _whole(1),
    "seed": _whole(0),
    "threads": _whole(1, 1024),
    "quantization": _choice(QUANTIZATIONS),
    "checkpoint_every_steps": _whole(1),
    "checkpoint_every_seconds": _number("a number above 0", lambda value: value > 0),
    "max_sequence_tokens": _whole(2),
    "max_seconds": _number("a number above 0", lambda value: value > 0),
    "callback_url": _text("an http or https address", _is_url),
    "callback_secret_env": _text("the name of an environment variable"),
    "warmup_steps": _whole(0),
    "measured_steps": _whole(1),
}
