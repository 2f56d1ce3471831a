"""Version 2 of the estimate: the published formula, corrected by what finished runs really took.

For each place (engine and GPU; their histories are never mixed) a run is predicted to take

    start-up + published hours × exp(level + effects of base model, preset, size, epochs, tokens)

Every coefficient is shrunk to zero, and with all of them zero this is the published formula, which
is version 1. Where a place, or a base model in it, has no evidence there is no prediction, and the
caller keeps version 1 or measures. The coefficients are fitted in lib/domain/calibration_fit.py;
here they are read, in plain Python, for every estimate. Source: FR1.2.1, refinement over time.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any, Literal

RUN: Literal["run"] = "run"
PUBLISHED: Literal["published"] = "published"

#: Assumed for a prediction that no run has tested yet; the published band is ±15 %, twice that.
UNTESTED_ERROR = Decimal("0.30")
_LEAST_HOURS = Decimal("0.000001")  # a prediction is never zero or without an end,
_MOST_HOURS = Decimal("1e15")  # whatever the coefficients say


@dataclass(frozen=True)
class Place:
    """Where a run happens, and what it trains: `local`, `this-machine`, `tiny`."""

    engine: str
    gpu: str
    base_model: str


@dataclass(frozen=True)
class Workload:
    """What is trained. `tokens` is one epoch's, None where nobody has counted them."""

    conversations: int
    training_pairs: int
    tokens: int | None
    preset: str
    epochs: int
    published_hours: Decimal


@dataclass(frozen=True)
class Evidence:
    """A run that finished, or a published duration; `key` names the run in back-tests."""

    place: Place
    workload: Workload
    hours: Decimal
    kind: Literal["run", "published"] = RUN
    key: str = ""


@dataclass(frozen=True)
class Prediction:
    """Hours by evidence. `expected_error` is the median on runs left out (0.05 for 5 %).

    It is None while fewer than three runs could be left out. `published` counts the card rows used.
    """

    hours: Decimal
    runs: int
    published: int
    expected_error: Decimal | None
    basis: str
    tested: int = 0  # runs left out in the back-test, and those of them within ±15 %
    inside: int = 0


@dataclass(frozen=True)
class Spread:
    """Relative distances of actual from predicted: 0.05 for 5 %, `inside` the ±15 %, 0 to 1."""

    runs: int
    median: float
    p90: float
    inside: float


@dataclass(frozen=True)
class Known:
    """How many runs and published durations speak of one base model."""

    runs: int = 0
    published: int = 0


@dataclass(frozen=True)
class PlaceModel:
    """The coefficients of one engine and GPU; effects are in logs, by the feature's name."""

    engine: str
    gpu: str
    startup_hours: float
    level: float
    effects: Mapping[str, float]
    centres: Mapping[str, float]
    known: Mapping[str, Known]
    spread: Spread | None = None

    def hours(self, workload: Workload, base_model: str) -> float:
        """Start-up and training, whatever is known of the base model."""
        features = features_of(workload, base_model)
        effect = sum(
            coefficient * (value - self.centres.get(name, 0.0))
            for name, coefficient in self.effects.items()
            if (value := features.get(name)) is not None
        )
        # exp() of more than 700 is no float any more.
        training = math.log(workload.published_hours) + max(-700, min(600, self.level + effect))
        return self.startup_hours + math.exp(min(training, 700))


@dataclass(frozen=True)
class Calibration:
    """All places that have evidence. Empty, it predicts nothing, and version 1 stands."""

    places: tuple[PlaceModel, ...] = ()

    @property
    def runs(self) -> int:
        return sum(known.runs for place in self.places for known in place.known.values())

    @property
    def published(self) -> int:
        return sum(known.published for place in self.places for known in place.known.values())

    def model(self, engine: str, gpu: str) -> PlaceModel | None:
        return next((one for one in self.places if (one.engine, one.gpu) == (engine, gpu)), None)

    def predict(self, place: Place, workload: Workload) -> Prediction | None:
        """Hours for a workload, or None where nothing is known of the place or base model, and
        for a file without training pairs.

        More conversations, pairs and tokens together, or more epochs, never take less time:
        the fit keeps each of those effects above -1 (lib/domain/calibration_fit.py).
        """
        model = self.model(place.engine, place.gpu)
        known = model.known.get(place.base_model) if model else None
        if model is None or known is None:
            return None
        if min(workload.conversations, workload.training_pairs, workload.epochs) < 1:
            return None
        exact = Decimal(model.hours(workload, place.base_model))
        spread = model.spread
        return Prediction(
            hours=max(_LEAST_HOURS, min(exact, _MOST_HOURS)),
            runs=known.runs,
            published=known.published,
            expected_error=Decimal(str(round(spread.median, 4))) if spread else None,
            basis=_basis(known),
            tested=spread.runs if spread else 0,
            inside=round(spread.inside * spread.runs) if spread else 0,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Calibration":
        """Reads `to_dict` back, also after a trip through JSON."""
        return cls(tuple(_place_model(place) for place in data["places"]))


def informed_by(
    prediction: Prediction, measured_hours: Decimal, measured_error: Decimal
) -> Prediction:
    """The prediction together with a measurement, each by how far it can be trusted.

    They are averaged in logs, weighted by the inverse of the squared errors; `measured_error` is
    relative, 0.10 for 10 %, and above zero.
    """
    own = prediction.expected_error
    # Nothing is exact: a perfect record of three runs must not silence a measurement.
    known = 1 / max(UNTESTED_ERROR if own is None else own, Decimal("0.01")) ** 2
    measured = 1 / max(measured_error, Decimal("0.01")) ** 2
    share = measured / (known + measured)
    return replace(
        prediction,
        hours=(prediction.hours.ln() * (1 - share) + measured_hours.ln() * share).exp(),
        expected_error=(1 / (known + measured).sqrt()).quantize(Decimal("0.0001")),
        basis=f"{prediction.basis} and measured steps",
    )


def features_of(workload: Workload, base_model: str) -> dict[str, float | None]:
    """What a duration may depend on besides the published formula; None where it is not known."""
    pairs = workload.training_pairs
    return {
        base_feature(base_model): 1.0,
        preset_feature(workload.preset): 1.0,
        "pairs": math.log(pairs),
        "epochs": math.log(workload.epochs),
        "pairs_per_conversation": math.log(pairs / workload.conversations),
        "tokens_per_pair": math.log(workload.tokens / pairs) if workload.tokens else None,
    }


def base_feature(base_model: str) -> str:
    return f"base:{base_model}"


def preset_feature(preset: str) -> str:
    return f"preset:{preset}"


def _basis(known: Known) -> str:
    parts = []
    if known.runs:
        parts.append(f"{known.runs:,} finished run{'s' if known.runs != 1 else ''}")
    if known.published:
        parts.append(f"{known.published} published duration{'s' if known.published != 1 else ''}")
    return "published formula corrected by " + " and ".join(parts)


def _place_model(data: Mapping[str, Any]) -> PlaceModel:
    return PlaceModel(
        **{
            **data,
            "known": {base: Known(**counts) for base, counts in data["known"].items()},
            "spread": Spread(**data["spread"]) if data["spread"] else None,
        }
    )
