"""From a job or a draft to what the trainer is told, and the key under which steps are measured."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lib.domain.offers import LOCAL_ENGINE
from lib.settings import settings

#: Hyperparameters that change how long a step takes.
_TIMED = (
    "r",
    "target_modules",
    "per_device_train_batch_size",
    "gradient_accumulation_steps",
)

RENTED_BASE_MODEL = "70b"  # what the published formula and its cards are about


def base_model_of(engine: str) -> str:
    """The base model that an engine trains."""
    return settings().local_base_model if engine == LOCAL_ENGINE else RENTED_BASE_MODEL


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
