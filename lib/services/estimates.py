"""Estimates: the published formula for rented GPUs, measured steps for this machine.

Which algorithm version prices an offer is decided here, and nowhere else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row

from lib.db import measurements
from lib.domain.draft import Draft
from lib.domain.estimate import Estimate, measured_estimate, published_estimate
from lib.domain.history import History
from lib.domain.measurement import Measurement
from lib.domain.offers import Offer
from lib.engines.configuration import measurement_key


class Pricing(StrEnum):
    """How far an estimate is."""

    READY = "ready"
    MEASURING = "measuring"
    FAILED = "failed"


@dataclass(frozen=True)
class Priced:
    """An offer with its estimate, or the reason why there is none yet."""

    offer: Offer
    status: Pricing
    estimate: Estimate | None = None
    message: str = ""


def price(
    connection: Connection, draft: Draft, file: Row, offer: Offer, history: History, *, ask: bool
) -> Priced:
    """Prices a draft on an offer.

    For this machine the steps are measured once a configuration: with `ask` a missing measurement
    is put in the worker's queue (which writes to the database), else it is only looked up.
    """
    hyperparameters = draft.hyperparameters
    track = history.track(offer.engine, offer.gpu, draft.preset)
    if not offer.is_local:
        estimate = published_estimate(
            training_pairs=file.training_pairs,
            preset=draft.preset,
            epochs=hyperparameters.num_train_epochs,
            offer=offer,
            interruptions=history.interruption_rate(),
            track=track,
        )
        return Priced(offer, Pricing.READY, estimate)
    key = measurement_key(file.content_hash, hyperparameters.to_dict())
    found = measurements.by_key(connection, key)
    if found is None:
        if ask:
            measurements.ask(connection, key, offer.engine, measurement_request(draft, file))
        return Priced(offer, Pricing.MEASURING, message="A few real steps are measured here first.")
    if found.status == "completed":
        estimate = measured_estimate(
            measurement_from(found.result),
            epochs=hyperparameters.num_train_epochs,
            offer=offer,
            max_steps=draft.max_steps,
            track=track,
        )
        return Priced(offer, Pricing.READY, estimate)
    if found.status == "failed":
        return Priced(offer, Pricing.FAILED, message=found.error or "The measurement failed.")
    return Priced(offer, Pricing.MEASURING, message="A few real steps are being measured here.")


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
