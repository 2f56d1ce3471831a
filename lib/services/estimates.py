"""Estimates: the published formula for rented GPUs, measured steps here, both taught by history.

Which algorithm version prices an offer is decided here, and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row

from lib.db import history, measurements
from lib.domain.calibration import Calibration, Place, Prediction, Workload, informed_by
from lib.domain.continuation import hindrance, rest_of
from lib.domain.draft import Draft
from lib.domain.estimate import (
    Estimate,
    calibrated_estimate,
    measured_estimate,
    published_estimate,
    published_hours,
)
from lib.domain.history import History
from lib.domain.measurement import Measurement, measured_hours
from lib.domain.offers import Offer
from lib.engines.configuration import base_model_of, measurement_key
from lib.services import calibration, continuation

#: How far off measured steps are, relative: windows of 20 steps were 2 to 6 % off on average on a
#: quiet machine, and whole runs on one in use up to 9 %.
MEASURED_ERROR = Decimal("0.08")


class Pricing(StrEnum):
    """How far an estimate is."""

    READY = "ready"
    MEASURING = "measuring"
    FAILED = "failed"


class Steps(StrEnum):
    """Whether real steps of the configuration were measured; `ELSEWHERE`: not on this offer."""

    ELSEWHERE = "elsewhere"
    NOT_MEASURED = "not measured"
    PENDING = "pending"
    FAILED = "failed"
    MEASURED = "measured"


@dataclass(frozen=True)
class Priced:
    """An offer with its estimate, or the reason why there is none yet.

    `start_hours` is what every start takes anew, as far as it was measured.
    """

    offer: Offer
    status: Pricing
    estimate: Estimate | None = None
    message: str = ""
    steps: Steps = Steps.ELSEWHERE
    start_hours: Decimal = Decimal(0)


@dataclass(frozen=True)
class Past:
    """What finished runs say: how estimates did, and the calibration in use, if there is one."""

    history: History
    calibration: Calibration | None

    def predict(self, draft: Draft, file: Row, offer: Offer) -> Prediction | None:
        """The draft on the offer by finished runs; None where none speaks of it.

        A run that is cut short by `max_steps` is not what the calibration has learned from.
        """
        if self.calibration is None or draft.max_steps is not None:
            return None
        epochs = draft.hyperparameters.num_train_epochs
        workload = Workload(
            conversations=file.conversation_count,
            training_pairs=file.training_pairs,
            tokens=(file.tokens or {}).get("tokens_total"),
            preset=draft.preset,
            epochs=epochs,
            published_hours=published_hours(file.training_pairs, draft.preset, epochs),
        )
        place = Place(offer.engine, offer.gpu, base_model_of(offer.engine))
        return self.calibration.predict(place, workload)


def read_past(connection: Connection) -> Past:
    """All that prices depend on besides draft, file and offer: two small queries."""
    return Past(history.read(connection), calibration.active(connection))


def price(
    connection: Connection, draft: Draft, file: Row, offer: Offer, past: Past, *, ask: bool
) -> Priced:
    """Prices a draft on an offer: all of it, or what is left of a run that it continues.

    `ask` puts a measurement in the worker's queue where one is needed (which writes to the
    database).
    """
    whole = _price_whole(connection, draft, file, offer, past, ask=ask)
    begun = continuation.begun_of(connection, draft)
    if whole.estimate is None or begun is None or hindrance(draft, offer.engine, begun):
        return whole
    estimate = rest_of(
        whole.estimate,
        begun,
        offer,
        start_hours=whole.start_hours,
        interruptions=past.history.interruption_rate(),
    )
    return replace(whole, estimate=estimate)


def _price_whole(
    connection: Connection, draft: Draft, file: Row, offer: Offer, past: Past, *, ask: bool
) -> Priced:
    """Rented: the published formula, corrected by finished runs where there are some. This machine:
    finished runs and measured steps, whichever is there, together where both are.
    """
    prediction = past.predict(draft, file, offer)
    if offer.is_local:
        return _price_here(connection, draft, file, offer, past, prediction, ask=ask)
    if prediction is not None:
        return Priced(offer, Pricing.READY, _calibrated(prediction, draft, offer, past))
    estimate = published_estimate(
        training_pairs=file.training_pairs,
        preset=draft.preset,
        epochs=draft.hyperparameters.num_train_epochs,
        offer=offer,
        interruptions=past.history.interruption_rate(),
        track=past.history.track(offer.engine, offer.gpu, draft.preset),
    )
    return Priced(offer, Pricing.READY, estimate)


def _price_here(
    connection: Connection,
    draft: Draft,
    file: Row,
    offer: Offer,
    past: Past,
    prediction: Prediction | None,
    *,
    ask: bool,
) -> Priced:
    hyperparameters = draft.hyperparameters
    key = measurement_key(file.content_hash, hyperparameters.to_dict())
    found = measurements.by_key(connection, key)
    steps = _STEPS[found.status] if found is not None else Steps.NOT_MEASURED
    measurement = measurement_from(found.result) if found and steps is Steps.MEASURED else None
    start_hours = _start_hours(measurement)
    epochs, max_steps = hyperparameters.num_train_epochs, draft.max_steps
    if prediction is not None:
        if measurement is not None:
            hours = measured_hours(measurement, epochs=epochs, max_steps=max_steps)
            prediction = informed_by(prediction, hours, MEASURED_ERROR)
        estimate = _calibrated(prediction, draft, offer, past)
        return Priced(offer, Pricing.READY, estimate, steps=steps, start_hours=start_hours)
    if measurement is not None:
        track = past.history.track(offer.engine, offer.gpu, draft.preset)
        estimate = measured_estimate(
            measurement, epochs=epochs, offer=offer, max_steps=max_steps, track=track
        )
        return Priced(offer, Pricing.READY, estimate, steps=steps, start_hours=start_hours)
    if steps is Steps.FAILED:
        message = found.error if found and found.error else "The measurement failed."
        return Priced(offer, Pricing.FAILED, message=message, steps=steps)
    if found is None and ask:
        measurements.ask(connection, key, offer.engine, measurement_request(draft, file))
    return Priced(offer, Pricing.MEASURING, message=_MEASURING[steps], steps=steps)


_STEPS = {"pending": Steps.PENDING, "completed": Steps.MEASURED, "failed": Steps.FAILED}
_MEASURING = {
    Steps.NOT_MEASURED: "A few real steps are measured here first.",
    Steps.PENDING: "A few real steps are being measured here.",
}


def _start_hours(measurement: Measurement | None) -> Decimal:
    """Loading the model, and writing the adapter at the end; nothing where it was not measured."""
    if measurement is None:
        return Decimal(0)
    return (measurement.startup_seconds + measurement.finish_seconds) / 3600


def _calibrated(prediction: Prediction, draft: Draft, offer: Offer, past: Past) -> Estimate:
    """Version 2; its confidence is the back-test's, not that of the versions before it."""
    track = past.history.track(offer.engine, offer.gpu, draft.preset)
    return calibrated_estimate(
        prediction.hours,
        basis=prediction.basis,
        offer=offer,
        interruptions=past.history.interruption_rate(),
        track=replace(track, runs=prediction.tested, inside=prediction.inside),
    )


def measurement_request(draft: Draft, file: Row) -> dict[str, Any]:
    """What the worker needs to measure: the file and the hyperparameters."""
    return {
        "training_file_id": str(file.id),
        "storage_key": file.storage_key,
        "hyperparameters": draft.hyperparameters.to_dict(),
    }


def measurement_from(result: Mapping[str, Any]) -> Measurement:
    """The trainer's measurement.json as a domain value."""
    epochs = Decimal(str(result["tokens_total"])) / Decimal(str(result["tokens_per_epoch"]))
    steps_per_epoch = Decimal(str(result["steps_total"])) / epochs
    return Measurement(
        startup_seconds=Decimal(str(result["startup_seconds"])),
        tokens_per_second=Decimal(str(result["tokens_per_second"])),
        tokens_per_epoch=int(result["tokens_per_epoch"]),
        finish_seconds=Decimal(str(result["finish_seconds"])),
        steps_measured=int(result["steps_measured"]),
        steps_per_epoch=max(1, round(steps_per_epoch)),
    )
