"""Checked access to the fields of a decoded object; an error names the field's whole path."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from lib.datafiles.places import joined, quoted
from lib.domain.conversations import DatasetError, Role

_MOST = 1_000_000_000  # of any declared count
_BEST_SCORE = 5
_LABEL_LENGTH = 200
_TYPES = {
    dict: "an object",
    list: "an array",
    str: "text",
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Fields:
    """An object of a training file. `path` leads to it; `line` ("line 7") where lines matter."""

    values: dict[str, Any]
    path: str
    name: str
    line: str = ""

    def error(self, code: str, message: str, path: str | None = None) -> DatasetError:
        where = ", ".join(part for part in (self.line, path or self.path) if part)
        return DatasetError(code, message, where, self.name)

    def path_to(self, key: str) -> str:
        return joined(self.path, key)

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self.values.get(key) is not None

    def _get(self, key: str, *wanted: type) -> Any:
        if key not in self.values:
            raise self.error("missing_field", "is missing; add it.", self.path_to(key))
        value = self.values[key]
        if type(value) not in wanted:
            raise self._wrong(key, value, wanted)
        return value

    def _wrong(self, key: str, value: Any, wanted: tuple[type, ...]) -> DatasetError:
        kinds = " or ".join(_TYPES[kind] for kind in wanted)
        message = f"has to be {kinds}, not {_TYPES[type(value)]}."
        return self.error("wrong_type", message, self.path_to(key))

    def text(self, key: str) -> str:
        return self._get(key, str)

    def text_or_null(self, key: str) -> str | None:
        """A field that has to be there, but may be null."""
        return self._get(key, str, type(None))

    def label(self, key: str) -> str | None:
        """A short optional text; blank counts as absent."""
        if not self.has(key):
            return None
        return self.text(key).strip()[:_LABEL_LENGTH] or None

    def flag(self, key: str) -> bool:
        """An optional true or false; absent and null are false."""
        return self.has(key) and self._get(key, bool)

    def count(self, key: str) -> int:
        """A whole number, zero or more."""
        value = self._get(key, int)
        if not 0 <= value <= _MOST:
            message = f"has to be from 0 to {_MOST:,}, not {value}."
            raise self.error("out_of_range", message, self.path_to(key))
        return value

    def optional_count(self, key: str) -> int | None:
        return self.count(key) if self.has(key) else None

    def score(self, key: str) -> Decimal | None:
        """An optional quality score from 0 to 5."""
        if not self.has(key):
            return None
        value = self._get(key, int, float)
        if not 0 <= value <= _BEST_SCORE:
            message = f"has to be a score from 0 to {_BEST_SCORE}, not {value}."
            raise self.error("out_of_range", message, self.path_to(key))
        return Decimal(str(value))

    def object(self, key: str) -> "Fields":
        return Fields(self._get(key, dict), self.path_to(key), self.name, self.line)

    def optional_object(self, key: str) -> "Fields":
        """An object that may be absent or null, which reads as empty."""
        if not self.has(key):
            return Fields({}, self.path_to(key), self.name, self.line)
        return self.object(key)

    def objects(self, key: str) -> Iterator["Fields"]:
        """The objects of an array."""
        for index, value in enumerate(self._get(key, list)):
            path = f"{self.path_to(key)}[{index}]"
            yield as_fields(value, path, self.name, self.line)

    def role(self) -> Role:
        """Who speaks in a message."""
        match self.text("role"):
            case "system" | "user" | "assistant" as role:
                return role
            case other:
                message = f"has to be system, user or assistant, not {quoted(other)}."
                raise self.error("wrong_type", message, self.path_to("role"))


def as_fields(value: Any, path: str, name: str, line: str = "") -> Fields:
    """`value` as an object, or the error that it is none."""
    fields = Fields(value if type(value) is dict else {}, path, name, line)
    if type(value) is not dict:
        message = f"has to be {_TYPES[dict]}, not {_TYPES[type(value)]}."
        raise fields.error("wrong_type", message)
    return fields
