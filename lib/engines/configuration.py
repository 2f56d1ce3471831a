"""From a job or a draft to what the trainer is told, and the key under which steps are measured."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lib.domain.offers import LOCAL_ENGINE
from lib.settings import RENTED_MODEL, settings

#: Hyperparameters that change how long a step takes.
_TIMED = (
    "r",
    "target_modules",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
)

RENTED_BASE_MODEL = "70b"  # what the published formula and its cards are about


def base_model_of(engine: str) -> str:
    """The base model that an engine trains, by the name that histories know it by.

    The default one of pods is what the published formula is about; another one shares no history
    with it.
    """
    if engine == LOCAL_ENGINE:
        return settings().local_base_model
    chosen = settings().rented_base_model
    return RENTED_BASE_MODEL if chosen == RENTED_MODEL else chosen


def trainer_config(
    *,
    job_id: str,
    attempt: int,
    run_dir: str,
    sequences: str,
    hyperparameters: Mapping[str, Any],
    model_cache: str,
    max_steps: int | None = None,
    sequences_sha256: str | None = None,
    max_seconds: int | None = None,
) -> dict[str, Any]:
    """The trainer's configuration file (docs/trainer.md) for a run on this machine."""
    return {
        "contract": 1,
        "job_id": job_id,
        "attempt": attempt,
        "run_dir": run_dir,
        "sequences": sequences,
        "sequences_sha256": sequences_sha256,
        "base_model": settings().local_base_model,
        "model_cache": model_cache,
        "hyperparameters": dict(hyperparameters),
        "max_steps": max_steps,
        "max_seconds": max_seconds,
        "threads": settings().trainer_threads,
    }


def measurement_key(content_hash: str, hyperparameters: Mapping[str, Any]) -> str:
    """One key for all configurations whose steps take the same time here."""
    timed = {
        "file": content_hash,
        "base_model": settings().local_base_model,
        "threads": settings().trainer_threads,
        **{name: hyperparameters[name] for name in _TIMED},
    }
    return hashlib.sha256(json.dumps(timed, sort_keys=True).encode()).hexdigest()[:32]
