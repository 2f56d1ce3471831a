"""Fitting the estimate's second version: weighted ridge regression, robust against absurd runs.

The target is log((actual hours - start-up) / published hours), one regression a place. Start-up is
additive, so that in logs it would bend every line; it is found, like the strength of the penalty,
on a small grid by the errors on runs left out. Each coefficient has a width: how far from zero it
may plausibly be. The published durations take part with a noise so large that a few real runs
outweigh them. numpy solves; nothing here is needed to predict.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lib.domain.accuracy import Fitted, spread_of
from lib.domain.calibration import (
    RUN,
    Calibration,
    Evidence,
    Known,
    PlaceModel,
    base_feature,
    features_of,
)

#: Log noise of a run: the same run repeated on one machine differs by some 5 %.
RUN_NOISE = 0.05
#: Of a published duration: a card gives a range of about ±10 %; twice that, and so one run
#: weighs as much as sixteen cards.
PUBLISHED_NOISE = 0.20
#: How far each coefficient may plausibly be from zero (a standard deviation, in logs). The level
#: is nearly free: the formula is 17 times too long for the cards' own durations, and 10,000 times
#: for a small model on this machine. Base models differ by factors; presets by less, since the
#: formula has their published ratio; the slopes correct what the formula has right in principle.
LEVEL_WIDTH = 10.0
BASE_WIDTH = 1.5
PRESET_WIDTH = 0.7
SLOPE_WIDTHS = {
    "pairs": 0.1,
    "epochs": 0.1,
    "pairs_per_conversation": 0.2,
    "tokens_per_pair": 0.5,  # likely 1: time goes by tokens, and the formula counts pairs
}
#: More data and more epochs never take less time: the formula's own power of 1 is not undone.
LEAST_SLOPE = -0.95

PENALTIES = (0.3, 1.0, 3.0)
STARTUP_SHARES = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)  # of the shortest runs
RUNS_FOR_STARTUP = 4  # fewer cannot tell start-up from pace
_LEAST_SHARE = 0.02  # of a run's time that is training, however short the run
_ABSURD = 0.5  # log error at which a run counts no further in the choice of start-up and penalty
_HUBER = 1.345  # 95 % as good as least squares where nothing is absurd
_ROUNDS = 12

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class _Data:
    """The evidence of one place as numbers, a row each; unknown features lie at the centre."""

    names: tuple[str, ...]
    centres: Vector
    x: Matrix  # centred, with a first column of ones
    log_published: Vector
    hours: Vector
    noise: Vector
    is_run: NDArray[np.bool_]


@dataclass(frozen=True)
class _Solution:
    startup: float
    coefficients: Vector
    left_out: Vector  # log of actual over predicted, each row predicted without itself


def fit(evidence: Iterable[Evidence]) -> Fitted:
    """The calibration by all evidence, with its back-test: each run predicted by all the others.

    The order of the evidence does not matter. Hours must be above zero.
    """
    places: list[PlaceModel] = []
    left_out: dict[str, float | None] = {}
    for rows in _by_place(evidence):
        errors = dict(_leave_each_out(rows))
        left_out.update(errors)
        tested = [error for error in errors.values() if error is not None]
        places.append(replace(_fit_place(rows), spread=spread_of(tested)))
    return Fitted(Calibration(tuple(places)), left_out)


def fit_untested(evidence: Iterable[Evidence]) -> Calibration:
    """The same calibration without its back-test, which takes most of the time."""
    return Calibration(tuple(_fit_place(rows) for rows in _by_place(evidence)))


def _by_place(evidence: Iterable[Evidence]) -> list[list[Evidence]]:
    """The evidence of each engine and GPU, in an order that does not depend on how it came in."""
    found: dict[tuple[str, str], list[Evidence]] = defaultdict(list)
    for one in sorted(evidence, key=_order):
        found[one.place.engine, one.place.gpu].append(one)
    return list(found.values())


def _order(one: Evidence) -> tuple[object, ...]:
    """Any order that does not depend on how the evidence came in."""
    place, work = one.place, one.workload
    tokens = -1 if work.tokens is None else work.tokens
    where = (place.engine, place.gpu, place.base_model, one.kind, one.key, work.preset)
    size = (work.conversations, work.training_pairs, tokens, work.epochs)
    return (*where, *size, work.published_hours, one.hours)


def _leave_each_out(rows: Sequence[Evidence]) -> Iterator[tuple[str, float | None]]:
    """Each run's key and log error, predicted by a fit of all the others, start-up included."""
    known = Counter(row.place.base_model for row in rows)
    for at, row in enumerate(rows):
        if row.kind != RUN:
            continue
        error = None
        if known[row.place.base_model] > 1:
            model = _fit_place([*rows[:at], *rows[at + 1 :]])
            predicted = model.hours(row.workload, row.place.base_model)
            error = math.log(float(row.hours) / predicted)
        yield row.key or f"run {at + 1}", error


def _fit_place(rows: Sequence[Evidence]) -> PlaceModel:
    data = _numbers(rows)
    runs = int(data.is_run.sum())
    solutions = [
        _solve(data, startup, penalty)
        for startup in _startups(data)
        for penalty in (PENALTIES if runs > 1 else (1.0,))
    ]
    best = min(solutions, key=lambda solution: _cost(data, solution))
    known: dict[str, Known] = {}
    for row in rows:
        before = known.get(row.place.base_model, Known())
        known[row.place.base_model] = (
            replace(before, runs=before.runs + 1)
            if row.kind == RUN
            else replace(before, published=before.published + 1)
        )
    coefficients = [float(value) for value in best.coefficients]
    centres = zip(data.names, data.centres, strict=True)
    return PlaceModel(
        engine=rows[0].place.engine,
        gpu=rows[0].place.gpu,
        startup_hours=best.startup,
        level=coefficients[0],
        effects=dict(zip(data.names, coefficients[1:], strict=True)),
        centres={name: float(centre) for name, centre in centres if name in SLOPE_WIDTHS},
        known=known,
    )


def _numbers(rows: Sequence[Evidence]) -> _Data:
    features = [features_of(row.workload, row.place.base_model) for row in rows]
    names = tuple(sorted({name for row in features for name in row}))
    values = np.array(
        [[_number(row.get(name, 0.0)) for name in names] for row in features], dtype=float
    )
    sloped = np.array([name in SLOPE_WIDTHS for name in names])
    found = ~np.isnan(values)
    sums = np.where(found, values, 0.0).sum(axis=0)
    centres = np.where(sloped, sums / np.maximum(found.sum(axis=0), 1), 0.0)
    centred = np.where(found, values - centres, 0.0)
    is_run = np.array([row.kind == RUN for row in rows])
    return _Data(
        names=names,
        centres=centres,
        x=np.hstack([np.ones((len(rows), 1)), centred]),
        log_published=np.array([math.log(row.workload.published_hours) for row in rows]),
        hours=np.array([float(row.hours) for row in rows]),
        noise=np.where(is_run, RUN_NOISE, PUBLISHED_NOISE),
        is_run=is_run,
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _startups(data: _Data) -> list[float]:
    """Candidates in hours, below what short runs took; the shortest tenth may be absurd."""
    runs = data.hours[data.is_run]
    if len(runs) < RUNS_FOR_STARTUP:
        return [0.0]
    short = float(np.quantile(runs, 0.1, method="lower"))
    return [share * short for share in STARTUP_SHARES]


def _solve(data: _Data, startup: float, penalty: float) -> _Solution:
    """Ridge with Huber weights, iterated; then again with slopes held that fell too low."""
    training = np.maximum(data.hours - startup, _LEAST_SHARE * data.hours)
    target = np.log(training) - data.log_published
    noise = data.noise * data.hours / training  # an error in the hours weighs more on what is left
    ridge = _ridge(data.names, penalty)
    held: dict[int, float] = {}
    while True:
        coefficients, leverage = _robust(data, target, noise, ridge, held)
        low = [
            at
            for at, name in enumerate(data.names, start=1)
            if name in ("pairs", "epochs") and at not in held and coefficients[at] < LEAST_SLOPE
        ]
        if not low:
            break
        held |= dict.fromkeys(low, LEAST_SLOPE)
    residual = target - data.x @ coefficients
    without = target - residual / np.maximum(1 - leverage, 1e-9)
    predicted = startup + np.exp(np.clip(without + data.log_published, -700, 700))
    return _Solution(startup, coefficients, np.log(data.hours / predicted))


def _robust(
    data: _Data, target: Vector, noise: Vector, ridge: Vector, held: Mapping[int, float]
) -> tuple[Vector, Vector]:
    """Coefficients and each row's leverage; the coefficients in `held` keep their value."""
    x = data.x
    free = [at for at in range(x.shape[1]) if at not in held]
    fixed = np.zeros(x.shape[1])
    fixed[list(held)] = list(held.values())
    wanted, inner = target - x @ fixed, x[:, free]
    robust = np.ones(len(target))
    for _ in range(_ROUNDS):
        weights = robust / noise**2
        inverse = np.linalg.inv(inner.T @ (inner * weights[:, None]) + np.diag(ridge[free]))
        solution = inverse @ (inner.T @ (weights * wanted))
        residual = np.abs(wanted - inner @ solution) / noise
        typical = residual[data.is_run] if data.is_run.any() else residual
        scale = max(1.0, 1.4826 * float(np.median(typical)))  # of the runs: cards are no measure
        before, robust = robust, np.minimum(1, _HUBER * scale / np.maximum(residual, 1e-12))
        if np.abs(robust - before).max() < 1e-3:
            break
    coefficients = fixed
    coefficients[free] = solution
    leverage = np.einsum("ij,jk,ik->i", inner, inverse, inner) * weights
    return coefficients, leverage


def _ridge(names: Sequence[str], penalty: float) -> Vector:
    """One over the squared widths; the level's is nearly nothing, and not scaled."""
    widths = [
        SLOPE_WIDTHS.get(name, BASE_WIDTH if name.startswith(base_feature("")) else PRESET_WIDTH)
        for name in names
    ]
    return np.array([1 / LEVEL_WIDTH**2, *(penalty / width**2 for width in widths)])


def _cost(data: _Data, solution: _Solution) -> float:
    """The typical error on runs left out, absurd ones capped; nothing to go by without runs."""
    errors = np.abs(solution.left_out[data.is_run])
    return float(np.minimum(errors, _ABSURD).mean()) if len(errors) else 0.0
