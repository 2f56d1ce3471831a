"""A job of an exported file as it is read back (FR1.3.1): what is taken over, and is it usable.

Taken over is what a person decided: documentation, file, preset and changes, steps, offer. Ids,
money, times and what became of the run belong to the installation that they come from.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lib.domain.hyperparameters import LIMITS, Hyperparameters, JsonValue
from lib.domain.metadata import Metadata, problems
from lib.domain.presets import PRESETS, hyperparameters, kept_overrides

#: The fields of lib/domain/job_record.py that are read.
READ = frozenset(
    {
        *("name", "description", "notes", "tags", "client", "project"),
        *("file.name", "file.content_hash"),
        *("configuration.preset", "configuration.overrides", "configuration.max_steps"),
        *(f"configuration.hyperparameters.{name}" for name in LIMITS),
        "offer.key",
    }
)
MOST_STEPS = 1_000_000
_SHOWN = 100  # characters of a text in a message
_FILE_NAME, _KEY = 200, 200  # characters
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Intake:
    """A job that can be made, once its training file is known here.

    `differing` names the hyperparameters that the preset has other values for here, with the
    exported value and the one that is taken.
    """

    metadata: Metadata
    file_name: str
    content_hash: str | None
    preset: str
    overrides: Mapping[str, JsonValue]
    max_steps: int | None
    offer_key: str
    differing: tuple[tuple[str, str, str], ...] = ()


class Unusable(ValueError):
    """What is wrong with a job, a sentence a field."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = tuple(problems)


def read(data: object) -> Intake:
    """One element of `jobs`. Fields that are not in READ are ignored. Raises Unusable."""
    if not isinstance(data, Mapping):
        raise Unusable([f"must be an object, not {_named(data)}"])
    fields = _Fields(data)
    metadata = Metadata(
        name=fields.text("name").strip(),
        description=fields.text("description"),
        notes=fields.text("notes"),
        tags=tuple(dict.fromkeys(map(_cut, fields.texts("tags")))),  # too long stays too long
        client=fields.text("client").strip(),
        project=fields.text("project").strip(),
    )
    told = problems(metadata).items()
    fields.problems += [f"{name}: {why}" for name, why in told if not fields.wrong(name)]
    preset, overrides, trained = _configuration(fields)
    intake = Intake(
        metadata=metadata,
        file_name=fields.text("file.name", _FILE_NAME),
        content_hash=_content_hash(fields),
        preset=preset,
        overrides=overrides,
        max_steps=_max_steps(fields),
        offer_key=fields.text("offer.key", _KEY),
        differing=() if trained is None else _differing(fields, trained),
    )
    if not intake.file_name and intake.content_hash is None and not fields.wrong("file."):
        fields.problems.append("file: its name or its hash must be there")
    if fields.problems:
        raise Unusable(fields.problems)
    return intake


def title(data: object) -> str:
    """What a job is called in a report, whatever else is wrong with it."""
    name = data.get("name") if isinstance(data, Mapping) else None
    return _cut(" ".join(name.split())) if isinstance(name, str) else ""


class _Fields:
    """The fields of one job by their paths, and what was found wrong with them."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data
        self.problems: list[str] = []

    def wrong(self, path: str) -> bool:
        """Whether something was found wrong there already."""
        return any(problem.startswith(path) for problem in self.problems)

    def value(self, path: str) -> Any:
        """None for what is not there."""
        value: Any = self._data
        for step in path.split("."):
            value = value.get(step) if isinstance(value, Mapping) else None
        return value

    def text(self, path: str, most: int | None = None) -> str:
        value = self.value(path)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.problems.append(f"{path}: must be text, not {_named(value)}")
            return ""
        if most is not None and len(value) > most:
            self.problems.append(f"{path}: must be at most {most} characters")
        return value

    def texts(self, path: str) -> list[str]:
        value = self.value(path)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.problems.append(f"{path}: must be a list of texts")
            return []
        return value


def _configuration(
    fields: _Fields,
) -> tuple[str, Mapping[str, JsonValue], Hyperparameters | None]:
    """The preset, what is changed of it, and what is trained; None where one is no good."""
    preset, path = fields.text("configuration.preset"), "configuration.overrides"
    given = fields.value(path)
    if fields.wrong("configuration.preset"):
        pass
    elif preset not in PRESETS:
        names = ", ".join(PRESETS)
        fields.problems.append(f"configuration.preset: {preset!r:.40} is not one of {names}")
    elif not isinstance(given, Mapping | None):
        fields.problems.append(f"{path}: must be an object, not {_named(given)}")
    else:
        try:
            overrides = kept_overrides(preset, given or {})
            return preset, overrides, hyperparameters(preset, overrides)
        except ValueError as error:
            fields.problems.append(f"{path}.{error}")
    return preset, {}, None


def _differing(fields: _Fields, trained: Hyperparameters) -> tuple[tuple[str, str, str], ...]:
    found = []
    for name, limit in LIMITS.items():
        exported = fields.value(f"configuration.hyperparameters.{name}")
        if exported is None:
            continue
        taken = getattr(trained, name)
        try:
            same = limit.read(exported) == taken
        except (ValueError, TypeError):
            same = False
        if not same:
            found.append((name, _shown(exported), _shown(taken)))
    return tuple(found)


def _max_steps(fields: _Fields) -> int | None:
    value = fields.value("configuration.max_steps")
    if value is None or (type(value) is int and 1 <= value <= MOST_STEPS):
        return value
    fields.problems.append(
        f"configuration.max_steps: must be a whole number from 1 to {MOST_STEPS:,}"
    )
    return None


def _content_hash(fields: _Fields) -> str | None:
    value = fields.text("file.content_hash").lower()
    if not value or _HASH.fullmatch(value):
        return value or None
    fields.problems.append("file.content_hash: must be 64 hexadecimal digits")
    return None


def _named(value: object) -> str:
    """A JSON value's type, as people name it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    names: dict[type, str] = {str: "text", dict: "an object", list: "a list"}
    return names.get(type(value), "a number")


def _shown(value: object) -> str:
    return _cut(", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
