"""From the trainer's events to what the job's page shows: progress, metrics, notable events."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Numeric
from sqlalchemy.types import TypeEngine

from lib.db import jobs, work
from lib.db.tables import job_metrics

Event = Mapping[str, Any]
_SMOOTHING = 0.2  # the weight of the newest step in the shown speed
_MEASURED = ("loss", "learning_rate", "tokens_per_second", "elapsed_seconds")


def fold(progress: Mapping[str, Any], events: Iterable[Event]) -> dict[str, Any]:
    """The `progress` column after some more events; pure."""
    folded = dict(progress)
    for event in events:
        match event["kind"]:
            case "started":
                folded |= _of_start(event)
            case "step":
                folded |= _of_step(folded, event)
            case "checkpoint":
                folded["checkpoint_step"] = event["step"]
    return folded


def record(
    connection: Connection, job_id: UUID, progress: Mapping[str, Any], events: Sequence[Event]
) -> None:
    """Writes the progress, a metrics row a step, and a line for what people want to know of."""
    if not events:
        return
    jobs.write(connection, job_id, progress=fold(progress, events))
    steps = [_metrics(job_id, event) for event in events if event["kind"] == "step"]
    if steps:
        work.write_metrics(connection, steps)
    for event in events:
        step = event.get("step")
        match event["kind"]:
            case "started" if event["resumed_from_step"] is not None:
                start = event["resumed_from_step"]
                jobs.record(connection, job_id, "resumed", f"Resumed from step {start}")
            case "checkpoint":
                message = f"Checkpoint saved at step {step}"
                jobs.record(connection, job_id, "checkpoint", message, data={"step": step})
            case "failed" if event.get("detail"):
                detail = f"Technical detail: {event['detail']}"
                jobs.record(connection, job_id, "technical", detail, data={"code": event["code"]})


def _of_start(event: Event) -> dict[str, Any]:
    names = ("steps_total", "resumed_from_step", "device", "trainable_parameters", "base_model")
    return {name: event[name] for name in names} | {"tokens_per_second": None, "eta_seconds": None}


def _of_step(progress: Mapping[str, Any], event: Event) -> dict[str, Any]:
    step, total = event["step"], event["steps_total"]
    speed, before = event["tokens_per_second"], progress.get("tokens_per_second")
    if before is not None:
        speed = before + _SMOOTHING * (speed - before)
    tokens_left = (total - step) * event["tokens_seen"] / step
    return {
        "step": step,
        "steps_total": total,
        "percent": round(100 * step / total, 1),
        "epoch": event["epoch"],
        "loss": event["loss"],
        "first_loss": progress.get("first_loss", event["loss"]),
        "tokens_per_second": round(speed, 1),
        "tokens_seen": event["tokens_seen"],
        "elapsed_seconds": event["elapsed_seconds"],
        "eta_seconds": round(tokens_left / speed) if speed > 0 else None,
    }


def _metrics(job_id: UUID, event: Event) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "step": event["step"],
        "attempt": event["attempt"],
        "at": datetime.fromisoformat(event["at"]),
        "tokens_seen": event["tokens_seen"],
        **{name: _fitting(event[name], job_metrics.c[name].type) for name in _MEASURED},
    }


def _fitting(value: float, column: TypeEngine[Any]) -> Decimal | None:
    """The number in the column's precision; None where it is too large to be stored."""
    assert isinstance(column, Numeric)
    try:
        rounded = Decimal(str(value)).quantize(Decimal(1).scaleb(-(column.scale or 0)))
    except InvalidOperation:
        return None
    largest = Decimal(10) ** ((column.precision or 0) - (column.scale or 0))
    return rounded if abs(rounded) < largest else None
