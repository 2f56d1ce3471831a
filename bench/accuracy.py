"""Version 2 of the estimate on real runs: how near it predicts those that it has not seen.

Small runs are trained one at a time in an order drawn by a fixed seed. Version 2 learns from the
first ones and predicts all others before they are trained. The rivals know the same runs: version 1
is the published formula, and seconds a pair is the median of the seconds that a pair of an epoch
took, by base model, or by base model and preset where there are such runs; of the two forms the one
that comes out better counts. Wall time includes start-up, tokenising and saving.
"""

import math
import statistics
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from bench import timed_runs
from bench.timed_runs import TimedRun
from lib.domain.accuracy import spread_of
from lib.domain.calibration import Calibration, Evidence, Place, Spread, Workload
from lib.domain.calibration_fit import fit_untested
from lib.domain.estimate import published_hours

RUNS, LEARNED = 30, 16
FIRST_PREDICTED = 4  # runs learned before the first prediction while they arrive


@dataclass(frozen=True)
class Result:
    """What a batch of runs showed: errors on held-out runs by each way to predict."""

    learned: int
    spreads: dict[str, Spread]
    as_they_arrived: Spread
    loads: tuple[float, float]  # the least and the greatest load average
    seconds: tuple[float, float]  # the shortest and the longest run


def run(count: int = RUNS, learned: int = LEARNED) -> Result:
    """Trains the runs for real, and holds the predictions against them."""
    with tempfile.TemporaryDirectory() as name:
        files = timed_runs.prepare(Path(name))
        return predict_as_they_come(
            timed_runs.train(Path(name), timed_runs.plan(files, count)), learned
        )


def predict_as_they_come(runs: Iterator[TimedRun], learned: int) -> Result:
    """Learns from the first runs and predicts the rest; `runs` come one by one as they end.

    Besides, each run is predicted by all that came before it: the errors as they arrived.
    """
    seen: list[TimedRun] = []
    arriving: list[float] = []
    ways: dict[str, Callable[[TimedRun], float]] = {}
    errors: dict[str, list[float]] = {}
    newest = Calibration()
    for run in runs:
        if len(seen) == learned:
            ways = _ways(seen)
            errors = {name: [] for name in ways}
        if len(seen) >= FIRST_PREDICTED:
            arriving.append(_log_error(run, _version_2(newest, run)))
        for name, predict in ways.items():
            errors[name].append(_log_error(run, predict(run)))
        seen.append(run)
        newest = fit_untested(evidence_of(one, at) for at, one in enumerate(seen))
    spreads = {name: _spread(found) for name, found in errors.items()}
    loads, seconds = [run.load for run in seen], [run.seconds for run in seen]
    return Result(
        learned,
        _with_the_better_rival(spreads),
        _spread(arriving),
        (min(loads), max(loads)),
        (min(seconds), max(seconds)),
    )


def evidence_of(run: TimedRun, number: int) -> Evidence:
    """The run as the app would know it."""
    file = run.file
    hours = published_hours(file.pairs, run.preset, run.epochs)
    workload = Workload(file.conversations, file.pairs, file.tokens, run.preset, run.epochs, hours)
    place = Place("local", "this-machine", run.base_model)
    return Evidence(place, workload, Decimal(repr(run.seconds)) / 3600, key=str(number))


def _ways(seen: Sequence[TimedRun]) -> dict[str, Callable[[TimedRun], float]]:
    """Seconds by each way to predict, knowing the runs so far."""
    calibration = fit_untested(evidence_of(one, at) for at, one in enumerate(seen))

    def by_pair(run: TimedRun, alike: Callable[[TimedRun], bool]) -> float:
        like = [one for one in seen if one.base_model == run.base_model]
        nearer = [one for one in like if alike(one)] or like
        return statistics.median(one.seconds / _pairs(one) for one in nearer) * _pairs(run)

    return {
        "version 1": lambda run: float(evidence_of(run, 0).workload.published_hours) * 3600,
        "version 2": lambda run: _version_2(calibration, run),
        "seconds a pair, by base model": lambda run: by_pair(run, lambda _: True),
        "seconds a pair, by base model and preset": lambda run: by_pair(
            run, lambda one: one.preset == run.preset
        ),
    }


def _version_2(calibration: Calibration, run: TimedRun) -> float:
    """Version 1 where version 2 has no prediction, as in the app."""
    evidence = evidence_of(run, 0)
    prediction = calibration.predict(evidence.place, evidence.workload)
    hours = prediction.hours if prediction else evidence.workload.published_hours
    return float(hours) * 3600


def _with_the_better_rival(spreads: dict[str, Spread]) -> dict[str, Spread]:
    rivals = {name: spread for name, spread in spreads.items() if "a pair" in name}
    better = min(rivals, key=lambda name: rivals[name].median)
    return {
        name: spread for name, spread in spreads.items() if name not in rivals or name == better
    }


def _pairs(run: TimedRun) -> int:
    return run.file.pairs * run.epochs


def _log_error(run: TimedRun, predicted_seconds: float) -> float:
    return math.log(run.seconds / predicted_seconds)


def _spread(log_errors: Sequence[float]) -> Spread:
    spread = spread_of(log_errors)
    assert spread is not None, "too few runs"
    return spread
