"""RunPod's own specification as a check of every request and every answer.

The OpenAPI file lies outside the project; where it is absent only our small schema of GraphQL's
input is checked, and `is_complete` says so.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

SPECIFICATION = Path(__file__).parents[3] / "shared" / "reference" / "runpod-openapi-v2.json"

#: `PodRentInterruptableInput`, as far as it is used.
RENT_INPUT = {
    "type": "object",
    "additionalProperties": False,
    "required": ["bidPerGpu", "gpuCount", "gpuTypeId", "imageName", "name", "cloudType"],
    "properties": {
        "bidPerGpu": {"type": "number", "exclusiveMinimum": 0},
        "cloudType": {"enum": ["SECURE", "COMMUNITY", "ALL"]},
        "containerDiskInGb": {"type": "integer", "minimum": 1},
        "containerRegistryAuthId": {"type": "string"},
        "dataCenterId": {"type": "string"},
        "dockerArgs": {"type": "string"},
        "env": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["key", "value"],
                "properties": {"key": {"type": "string"}, "value": {"type": "string"}},
            },
        },
        "gpuCount": {"type": "integer", "minimum": 1},
        "gpuTypeId": {"type": "string", "minLength": 1},
        "imageName": {"type": "string", "minLength": 1},
        "name": {"type": "string", "minLength": 1},
        "volumeInGb": {"type": "integer", "minimum": 0},
    },
}
FORMATS = FormatChecker(formats=())


@FORMATS.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


def is_complete() -> bool:
    return SPECIFICATION.exists()


def request_faults(
    method: str, template: str, query: Mapping[str, str], body: Any
) -> Iterator[str]:
    """What is wrong with a request."""
    operation = _operation(method, template)
    if operation is None:
        return
    known = {}
    for parameter in operation.get("parameters", []):
        parameter = _resolved(parameter)
        if parameter["in"] == "query":
            known[parameter["name"]] = parameter["schema"]
    for name, value in query.items():
        if name not in known:
            yield f"{method} {template}: no parameter {name}"
        else:
            listed = _resolved(known[name]).get("type") == "array"
            sent = value.split(",") if listed else _typed(value)
            yield from _faults(known[name], sent, f"{method} {template}?{name}")
    if "requestBody" in operation:
        schema = operation["requestBody"]["content"]["application/json"]["schema"]
        yield from _faults(schema, body, f"{method} {template} body")


def answer_faults(
    method: str, template: str, status: int, media_type: str, body: Any
) -> Iterator[str]:
    """What is wrong with an answer; `body` is None for a stream."""
    operation = _operation(method, template)
    if operation is None:
        return
    where = f"{method} {template} {status}"
    answers = operation["responses"]
    if str(status) not in answers and status < 400:
        yield f"{where}: no such answer"
        return
    content = _resolved(answers.get(str(status), answers["default"])).get("content", {})
    if not content:
        if body:
            yield f"{where}: has a body"
    elif media_type not in content:
        yield f"{where}: {media_type} is not {list(content)}"
    elif body is not None:
        yield from _faults(content[media_type]["schema"], body, where)


def rent_faults(variables: Any) -> Iterator[str]:
    """What is wrong with the variables of `podRentInterruptable`."""
    wanted = variables.get("input") if isinstance(variables, dict) else None
    for fault in Draft202012Validator(RENT_INPUT).iter_errors(wanted):
        yield f"podRentInterruptable: {fault.json_path} {fault.message}"


@cache
def _specification() -> dict[str, Any] | None:
    return json.loads(SPECIFICATION.read_text("utf-8")) if is_complete() else None


def _operation(method: str, template: str) -> dict[str, Any] | None:
    specification = _specification()
    return specification["paths"][template][method.lower()] if specification else None


def _resolved(entry: dict[str, Any]) -> dict[str, Any]:
    if "$ref" not in entry:
        return entry
    found: Any = _specification()
    for part in entry["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def _typed(value: str) -> Any:
    """A query's value as JSON has it, where it is a number or a truth value."""
    try:
        return json.loads(value) if value in ("true", "false") or value.isdigit() else value
    except ValueError:
        return value


@cache
def _validator(schema: str) -> Draft202012Validator:
    specification = _specification()
    assert specification is not None
    whole = {**json.loads(schema), "components": specification["components"]}
    return Draft202012Validator(whole, format_checker=FORMATS)


def _faults(schema: dict[str, Any], value: Any, where: str) -> Iterator[str]:
    for fault in _validator(json.dumps(schema, sort_keys=True)).iter_errors(value):
        yield f"{where}: {fault.json_path} {fault.message}"
