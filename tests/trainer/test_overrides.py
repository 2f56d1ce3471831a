"""Whatever the desk lets one choose, the trainer takes."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.domain.hyperparameters import LIMITS, Choice, Several
from lib.domain.presets import PRESETS
from trainer import config


def extremes(name: str) -> list[Any]:
    limit = LIMITS[name]
    match limit:
        case Choice():
            return list(limit.options)
        case Several():
            return [limit.options, *((option,) for option in limit.options)]
        case _:
            return [limit.least, limit.most]


@pytest.mark.parametrize(
    ("name", "value"), [(name, value) for name in LIMITS for value in extremes(name)]
)
def test_each_extreme_is_taken(name: str, value: Any, tmp_path: Path) -> None:
    chosen = replace(PRESETS["balanced"].hyperparameters, **{name: value})
    given = {
        "contract": config.CONTRACT,
        "job_id": "job",
        "attempt": 1,
        "run_dir": str(tmp_path),
        "sequences": str(tmp_path / "sequences.jsonl"),
        "base_model": config.TINY,
        "model_cache": str(tmp_path / "cache"),
        "hyperparameters": json.loads(json.dumps(chosen.to_dict())),
    }
    wanted = float(value) if isinstance(value, Decimal) else value
    assert getattr(config.parse(given).hyperparameters, name) == wanted


def test_the_schedules_that_are_offered_are_those_of_the_trainer() -> None:
    offered = LIMITS["lr_scheduler_type"]
    assert isinstance(offered, Choice)
    assert offered.options == config.SCHEDULERS
