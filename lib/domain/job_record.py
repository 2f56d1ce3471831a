"""An exported job (FR1.3.1): its fields in their order, with type, unit and meaning.

One table for CSV and JSON: a field's path is its place in the JSON and the heading of its column.
docs/job-export.md is compared with it by a test. Whoever changes the path, type or unit of a field
or takes one away raises SCHEMA; a field at the end of its group may be added without.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from lib.domain.hyperparameters import LIMITS, PARAMETER_HELP, Fraction, Several, Whole
from lib.domain.offers import offer_key
from lib.domain.presets import hyperparameters

SCHEMA = 1
TAG_SEPARATOR = "; "


class Kind(StrEnum):
    """How a value is written; in the JSON anything may be null, in the CSV an empty cell."""

    TEXT = "text"
    ID = "UUID"
    MOMENT = "moment"  # ISO 8601 with its offset, which is UTC
    DAY = "day"  # YYYY-MM-DD
    DECIMAL = "decimal"  # JSON: text with the very digits that are stored, never rounded
    WHOLE = "whole number"
    TEXTS = "list of texts"  # CSV: "a; b"
    OBJECT = "object"  # CSV: as JSON


@dataclass(frozen=True)
class Field:
    """One field. `source` is where its value is among the facts, when that is not the path."""

    path: str
    kind: Kind
    meaning: str
    unit: str = ""
    source: str = ""


def _hyperparameter(name: str) -> Field:
    kinds = {Whole: Kind.WHOLE, Fraction: Kind.DECIMAL, Several: Kind.TEXTS}
    kind = kinds.get(type(LIMITS[name]), Kind.TEXT)
    path = f"configuration.hyperparameters.{name}"
    return Field(path, kind, f"{PARAMETER_HELP[name][0]}, as trained", "", f"chosen.{path[14:]}")


_USD, _HOURS, _USD_HOUR = "US dollars", "hours", "US dollars an hour"
K = Kind
FIELDS: tuple[Field, ...] = (
    Field("id", K.ID, "The job's id in the installation that it comes from"),
    Field("name", K.TEXT, "Job name"),
    Field("description", K.TEXT, "Purpose of the run"),
    Field("notes", K.TEXT, "Notes, with their Markdown as it was typed"),
    Field("tags", K.TEXTS, "Tags, in the order in which they were chosen"),
    Field("client", K.TEXT, "Name of the client, empty for none"),
    Field("project", K.TEXT, "Name of the client's project, empty for none"),
    Field("metadata_updated_at", K.MOMENT, "When name, description, notes, tags or client changed"),
    Field("status", K.TEXT, "State of the job, such as completed"),
    Field("created_at", K.MOMENT, "When the draft was made"),
    Field("created_by.name", K.TEXT, "Name of the creator", source="creator_name"),
    Field("created_by.email", K.TEXT, "E-mail address of the creator", source="creator_email"),
    Field("template", K.TEXT, "Name of the template that it is based on"),
    Field("archived_at", K.MOMENT, "When it was archived"),
    Field("file.name", K.TEXT, "Name of the training file", source="file_name"),
    Field("file.content_hash", K.TEXT, "SHA-256 of the file, in hexadecimal", source="file_hash"),
    Field("file.format", K.TEXT, "Format of the file", source="file_format"),
    Field("file.size", K.WHOLE, "Size of the file", "bytes", "file_size"),
    Field("file.conversations", K.WHOLE, "Conversations in the file", source="conversations"),
    Field("file.training_pairs", K.WHOLE, "Pairs that the file declares", source="training_pairs"),
    Field("file.trainable_pairs", K.WHOLE, "Pairs that are trained", source="trainable_pairs"),
    Field("file.average_quality", K.DECIMAL, "Mean quality", "points, 0 to 5", "average_quality"),
    Field("configuration.preset", K.TEXT, "Preset", source="chosen.preset"),
    Field(
        "configuration.overrides",
        K.OBJECT,
        "What was changed of the preset's own hyperparameters",
        source="chosen.overrides",
    ),
    *(_hyperparameter(name) for name in LIMITS),
    Field("configuration.max_steps", K.WHOLE, "Most steps", "steps", "chosen.max_steps"),
    Field("configuration.deadline", K.MOMENT, "When it should be done", source="chosen.deadline"),
    Field("configuration.base_model", K.TEXT, "Base model", source="configuration.base_model"),
    Field(
        "configuration.spending_cap", K.DECIMAL, "The most it may cost", _USD, "chosen.spending_cap"
    ),
    Field(
        "configuration.continues",
        K.ID,
        "The id of the job whose checkpoint it goes on from",
        source="continues_id",
    ),
    Field("offer.key", K.TEXT, "The offer: engine, GPU and tier", source="chosen.offer.key"),
    Field("offer.engine", K.TEXT, "Where it runs", source="chosen.offer.engine"),
    Field("offer.gpu", K.TEXT, "GPU", source="chosen.offer.gpu"),
    Field("offer.tier", K.TEXT, "spot, on_demand or local", source="chosen.offer.tier"),
    Field("offer.hourly_rate", K.DECIMAL, "Rate at the start", _USD_HOUR, "gpu_hourly_rate"),
    Field(
        "offer.rate_source",
        K.TEXT,
        "Where the rate was read: published, provider or setting",
        source="configuration.rate_source",
    ),
    Field("estimate.total", K.DECIMAL, "Expected cost", _USD),
    Field("estimate.cost_min", K.DECIMAL, "Least expected cost", _USD, "estimated_cost_min"),
    Field("estimate.cost_max", K.DECIMAL, "Greatest expected cost", _USD, "estimated_cost_max"),
    Field("estimate.gpu_compute", K.DECIMAL, "Of the total: GPU compute", _USD),
    Field("estimate.spot_buffer", K.DECIMAL, "Of the total: spot interruption buffer", _USD),
    Field("estimate.storage", K.DECIMAL, "Of the total: storage and transfer", _USD),
    Field("estimate.duration", K.DECIMAL, "Expected duration", _HOURS, "estimated_duration_hours"),
    Field(
        "estimate.duration_min", K.DECIMAL, "Least duration", _HOURS, "estimate.duration_min_hours"
    ),
    Field(
        "estimate.duration_max",
        K.DECIMAL,
        "Greatest duration",
        _HOURS,
        "estimate.duration_max_hours",
    ),
    Field(
        "estimate.interruption_rate", K.DECIMAL, "Interruptions expected on spot", "share, 0 to 1"
    ),
    Field(
        "estimate.confidence",
        K.DECIMAL,
        "Share of finished runs inside the range, none without history",
        "percent",
        "estimation_confidence_percentage",
    ),
    Field("estimate.runs", K.WHOLE, "Finished runs behind it", source="estimate.track.runs"),
    Field(
        "estimate.algorithm_version",
        K.WHOLE,
        "1 published formula, 2 corrected by finished runs, 3 measured steps",
        source="estimation_algorithm_version",
    ),
    Field("estimate.basis", K.TEXT, "What it was computed from"),
    Field("estimate.at", K.MOMENT, "When it was computed", source="estimated_at"),
    Field("actual.cost", K.DECIMAL, "Cost, so far or in the end", _USD, "actual_cost"),
    Field(
        "actual.duration",
        K.DECIMAL,
        "Duration over all attempts, once it has ended",
        _HOURS,
        "actual_duration_hours",
    ),
    Field("actual.recoveries", K.WHOLE, "Recoveries", source="checkpoint_recovery_count"),
    Field("actual.steps", K.WHOLE, "Steps done", "steps", "progress.step"),
    Field("actual.steps_total", K.WHOLE, "Steps planned", "steps", "progress.steps_total"),
    Field("actual.first_loss", K.DECIMAL, "Loss at the first step", source="progress.first_loss"),
    Field("actual.loss", K.DECIMAL, "Loss at the last step", source="progress.loss"),
    Field("actual.tokens", K.WHOLE, "Tokens trained on", "tokens", "progress.tokens_seen"),
    Field("actual.speed", K.DECIMAL, "Speed", "tokens a second", "progress.tokens_per_second"),
    Field("actual.adapter_sha256", K.TEXT, "SHA-256 of the adapter", source="adapter_sha256"),
    Field("budget_month", K.DAY, "First day of the month whose budget it counts in"),
    Field("times.queued_at", K.MOMENT, "When it was started by a person", source="queued_at"),
    Field("times.started_at", K.MOMENT, "When its first attempt began", source="started_at"),
    Field("times.cancel_requested_at", K.MOMENT, "When it was to be cancelled", source="cancelled"),
    Field("times.ended_at", K.MOMENT, "When it ended", source="ended_at"),
    Field("failure.code", K.TEXT, "Why it failed, as a code", source="failure_code"),
    Field("failure.message", K.TEXT, "Why it failed, in words", source="failure_message"),
)
COLUMNS = tuple(field.path for field in FIELDS)


#: Each field with the steps to its value among the facts and to its place in the JSON.
_STEPS = tuple((f, (f.source or f.path).split("."), f.path.split(".")) for f in FIELDS)


def record(row: Mapping[str, Any]) -> dict[str, Any]:
    """A job as JSON values, nested by path; `row` is one of lib/db/job_export.py."""
    facts = {**row, "chosen": _chosen(row)}
    found: dict[str, Any] = {}
    for field, source, path in _STEPS:
        place = found
        for step in path[:-1]:
            place = place.setdefault(step, {})
        place[path[-1]] = _as_json(_value(field, source, facts))
    return found


def cells(row: Mapping[str, Any]) -> list[object]:
    """The same job as a line of the table, in the order of COLUMNS."""
    facts = {**row, "chosen": _chosen(row)}
    return [_as_cell(_value(field, source, facts)) for field, source, _ in _STEPS]


def _value(field: Field, source: list[str], facts: Any) -> Any:
    """A Decimal, whole number, text, moment, day, list, dict or None."""
    value = facts
    for step in source:
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return None
    if field.kind is Kind.DECIMAL:
        return Decimal(str(value))
    return str(value) if field.kind in (Kind.TEXT, Kind.ID) else value


def _as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, datetime | date) else value


def _as_cell(value: Any) -> object:
    """Amounts stay numbers, so that no sign is taken for the beginning of a formula."""
    if isinstance(value, list):
        return TAG_SEPARATOR.join(map(str, value))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False) if value else None
    return value.isoformat() if isinstance(value, datetime | date) else value


def _chosen(row: Mapping[str, Any]) -> dict[str, Any]:
    """What is trained and where: of a started job as it was started, of a draft as it is now."""
    draft, started = row["draft"], row["configuration"]
    source = started or draft
    preset, overrides = row["preset"] or draft.get("preset"), source.get("overrides") or {}
    engine, gpu, tier = row["engine"], row["gpu_type"], row["gpu_pricing_tier"]
    if not engine:
        engine, _, rest = (draft.get("offer_key") or "").partition("/")
        gpu, _, tier = rest.rpartition("/")
    return {
        "preset": preset,
        "overrides": overrides,
        "hyperparameters": started["hyperparameters"] if started else _trained(preset, overrides),
        "max_steps": source.get("max_steps"),
        "deadline": source.get("deadline"),
        "spending_cap": row.get("spending_cap") if started else draft.get("spending_cap"),
        "offer": {
            "key": offer_key(engine, gpu, tier) if engine else "",
            "engine": engine,
            "gpu": gpu,
            "tier": tier,
        },
    }


def _trained(preset: str, overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    """Nothing where a draft of another version holds what this one would not take."""
    try:
        return hyperparameters(preset, overrides).to_dict()
    except ValueError:
        return {}
