"""How near predictions came: the spread of errors, and whether a new fit may replace another."""

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lib.domain.calibration import Calibration, Evidence, Spread
from lib.domain.history import VARIANCE

BAND = float(VARIANCE)
RUNS_TO_JUDGE = 3  # fewer left-out runs say nothing about a typical error
_MOST_ERROR = 1.0  # an absurd run counts as 100 % off, so that it decides nothing by itself
_TIE = 0.0005  # half of the last digit that is shown


def relative(log_error: float) -> float:
    """A log of actual over predicted as the distance from the prediction: 0.05 for 5 %."""
    return abs(math.expm1(min(log_error, 700.0)))


def spread_of(log_errors: Iterable[float]) -> Spread | None:
    """Median, 90th percentile and share within ±15 %; None for fewer than three errors."""
    errors = sorted(relative(error) for error in log_errors)
    if len(errors) < RUNS_TO_JUDGE:
        return None
    return Spread(
        runs=len(errors),
        median=statistics.median(errors),
        p90=_ninetieth(errors),
        inside=_share_inside(errors),
    )


@dataclass(frozen=True)
class Fitted:
    """A calibration and its back-test: log of actual over predicted hours, by the run's key.

    Each run is predicted by a fit of all the others; None where they say nothing about it.
    """

    calibration: Calibration
    left_out: Mapping[str, float | None]


@dataclass(frozen=True)
class Score:
    """How one way to estimate did on the runs of a back-test; `mean` caps each error at 100 %."""

    mean: float
    spread: Spread | None

    @property
    def text(self) -> str:
        """`5.2 % on average`."""
        return f"{self.mean * 100:.1f} % on average"


@dataclass(frozen=True)
class BackTest:
    """A new fit, what it would replace, and version 1, all on the same runs.

    No way has seen the run that it predicts: a fit's own runs are predicted with the run left out,
    later ones as they are. Where a fit has no prediction the published formula stands in, as it
    does in an estimate. `active` is None where nothing is in use yet.
    """

    runs: int
    candidate: Score | None
    active: Score | None
    published: Score | None


@dataclass(frozen=True)
class Verdict:
    """Whether a new fit is adopted, and the reason in words and numbers."""

    adopted: bool
    reason: str


def back_test(runs: Sequence[Evidence], candidate: Fitted, active: Fitted | None) -> BackTest:
    """Compares on all runs; published durations are no runs."""
    published = [_published_error(run) for run in runs]
    return BackTest(
        runs=len(runs),
        candidate=_score([_error(run, candidate) for run in runs]),
        active=_score([_error(run, active) for run in runs]) if active else None,
        published=_score(published),
    )


def judge(test: BackTest, candidate: Calibration, active: Calibration | None) -> Verdict:
    """Adopts a fit that predicts no worse than what is in use (version 1 where nothing is)."""
    if active and active.published > candidate.published == 0:
        return Verdict(True, "Adopted: the published durations were withdrawn.")
    if not candidate.places and not (active and active.places):
        return Verdict(False, "Kept only for the record: there is nothing to learn from yet.")
    rival = test.active or test.published
    if test.candidate is None or rival is None:
        basis = f"{candidate.published} published durations" if candidate.published else "nothing"
        return Verdict(True, f"Adopted: no finished run to test it on yet; it rests on {basis}.")
    name = "the version in use" if test.active else "the published formula"
    compared = (
        f"off by {test.candidate.text}, {name} by {rival.text}, on {test.runs} "
        f"run{'s' if test.runs != 1 else ''} that neither had seen."
    )
    if test.candidate.mean <= rival.mean + _TIE:
        return Verdict(True, f"Adopted: {compared}")
    return Verdict(False, f"Not adopted, it predicts worse: {compared}")


def _error(run: Evidence, fitted: Fitted) -> float:
    if run.key in fitted.left_out:
        error = fitted.left_out[run.key]
        return _published_error(run) if error is None else error
    prediction = fitted.calibration.predict(run.place, run.workload)
    return float((run.hours / prediction.hours).ln()) if prediction else _published_error(run)


def _published_error(run: Evidence) -> float:
    return float((run.hours / run.workload.published_hours).ln())


def _score(log_errors: Sequence[float]) -> Score | None:
    if not log_errors:
        return None
    mean = statistics.fmean(min(relative(error), _MOST_ERROR) for error in log_errors)
    return Score(mean, spread_of(log_errors))


@dataclass(frozen=True)
class ComparedJob:
    """A finished job's estimate and what it took, in hours; no name where it is not to be shown."""

    name: str | None
    place: str
    preset: str
    estimated: Decimal
    actual: Decimal
    ended_at: datetime

    @property
    def error(self) -> float:
        """Actual over estimated, less one: 0.10 where it took 10 % longer."""
        return float(self.actual / self.estimated) - 1


@dataclass(frozen=True)
class Group:
    """How the estimates of some jobs did; errors as in `Spread`, `bias` with its sign."""

    place: str
    preset: str
    jobs: int
    inside: float
    median: float
    p90: float
    bias: float


def group(place: str, preset: str, jobs: Sequence[ComparedJob]) -> Group:
    """The figures of at least one job."""
    errors = sorted(abs(job.error) for job in jobs)
    return Group(
        place,
        preset,
        len(jobs),
        _share_inside(errors),
        statistics.median(errors),
        _ninetieth(errors),
        statistics.median(job.error for job in jobs),
    )


def by_place_and_preset(jobs: Sequence[ComparedJob]) -> list[Group]:
    """A group for each combination that occurs, in alphabetical order."""
    keys = sorted({(job.place, job.preset) for job in jobs})
    return [
        group(place, preset, [job for job in jobs if (job.place, job.preset) == (place, preset)])
        for place, preset in keys
    ]


def _share_inside(errors: Sequence[float]) -> float:
    return sum(error <= BAND for error in errors) / len(errors)


def _ninetieth(errors: Sequence[float]) -> float:
    """The 90th percentile of sorted errors, one or more."""
    if len(errors) == 1:
        return errors[0]
    return statistics.quantiles(errors, n=10, method="inclusive")[-1]
