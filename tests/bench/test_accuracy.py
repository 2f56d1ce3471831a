"""The benchmark of estimates, driven by made-up runs: a start-up, a pace, and 3 % of noise."""

import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.accuracy import LEARNED, RUNS, predict_as_they_come
from bench.timed_runs import BASES, FILE_SIZES, SampleFile, TimedRun, plan
from lib.domain.presets import PRESETS

PACE = {"tiny": 6000.0, "wider": 2500.0}  # tokens a second
SLOWER = {"conservative": 1.0, "balanced": 1.3, "aggressive": 1.5}
FILES = [SampleFile(Path(f"{size}.jsonl"), size, 6 * size, 216 * size) for size in FILE_SIZES]


def made_up(seed: int, noise: float = 0.03) -> Iterator[TimedRun]:
    dice = random.Random(seed)
    for run in plan(FILES, RUNS):
        work = run.file.tokens * run.epochs * SLOWER[run.preset] / PACE[run.base_model]
        yield replace(run, seconds=(5.0 + work) * math.exp(dice.gauss(0, noise)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_version_2_keeps_its_promise_and_beats_its_rivals(seed: int) -> None:
    result = predict_as_they_come(made_up(seed), LEARNED)

    version_2 = result.spreads["version 2"]
    assert version_2.runs == RUNS - LEARNED
    assert version_2.median < 0.08
    assert version_2.p90 < 0.15
    (rival,) = (spread for name, spread in result.spreads.items() if "a pair" in name)
    assert version_2.median < rival.median / 2
    assert result.spreads["version 1"].median > 0.99
    assert result.as_they_arrived.runs > version_2.runs


def test_held_out_runs_are_of_every_kind_and_none_has_been_learned() -> None:
    runs = plan(FILES, RUNS)
    learned, held_out = runs[:LEARNED], runs[LEARNED:]

    assert plan(FILES, RUNS) == runs
    assert len(set(runs)) == RUNS
    for part in (learned, held_out):
        assert {run.base_model for run in part} == set(BASES)
        assert {run.preset for run in part} == set(PRESETS)
        assert {run.epochs for run in part} == {1, 2, 3, 4}
