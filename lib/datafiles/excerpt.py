"""The first conversations of a training file as a training file of its own, in the same format."""

import json
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from lib.datafiles.jsontext import JsonText
from lib.datafiles.lines import lines, parsed
from lib.datafiles.places import rendered
from lib.datafiles.reader import TrainingFile
from lib.datafiles.source import Source, opened
from lib.domain.conversations import DEFAULT_LIMITS, Limits

Totals = Mapping[str, int]
_WRAPPING = ("_meta", "training_file_metadata")  # where the totals may be, or on the line itself


def write_excerpt(
    path: Path,
    target: Path,
    conversations: int,
    *,
    name: str,
    limits: Limits = DEFAULT_LIMITS,
) -> None:
    """Writes the first `conversations` of a file, one at a time in memory. Raises DatasetError.

    The totals that the file declares become those of the excerpt; other figures about the whole
    are left out.
    """
    with opened(path, name, limits, None) as source, target.open("w", encoding="utf-8") as out:
        whole = TrainingFile(source)
        pairs = [len(one.pairs) for one in islice(whole, conversations)]
        totals = {"total_conversations": len(pairs), "total_training_pairs": sum(pairs)}
        source.rewind()
        if whole.format == "brightrun-lora-v4":
            _document(JsonText(source), out, totals)
        else:
            for value in _kept_lines(source, whole.format == "brightrun-jsonl", totals):
                out.write(json.dumps(value, ensure_ascii=False) + "\n")


def _document(text: JsonText, out: TextIO, totals: Totals) -> None:
    divider = "{"
    for key in text.members():
        out.write(f"{divider}{json.dumps(key)}: ")
        if key == "conversations":
            _array(text, out, key, totals["total_conversations"])
        else:
            value = _restated(text.value(rendered([key])), totals)
            out.write(json.dumps(value, ensure_ascii=False))
        divider = ",\n"
    text.end()
    out.write("}\n")


def _array(text: JsonText, out: TextIO, key: str, most: int) -> None:
    divider = "["
    for index in text.items(key):
        value = text.value(f"{key}[{index}]")  # read to the end, so that all of it is known good
        if index < most:
            out.write(divider + json.dumps(value, ensure_ascii=False))
            divider = ",\n"
    out.write("]")


def _kept_lines(source: Source, has_header: bool, totals: Totals) -> Iterator[dict[str, Any]]:
    numbered = (parsed(source, line).values for line in lines(source))
    if has_header:
        yield _restated(next(numbered), totals)
    is_kept = _first_of(totals["total_conversations"])
    for value in numbered:
        if is_kept(value.get("conversation_id") if "current_user_input" in value else None):
            yield value


def _first_of(most: int) -> Callable[[str | None], bool]:
    """Whether a line belongs to the first conversations: one a line where it names none."""
    seen: set[object] = set()

    def is_kept(conversation_id: str | None) -> bool:
        key = conversation_id or object()
        if key not in seen and len(seen) == most:
            return False
        seen.add(key)
        return True

    return is_kept


def _restated(value: Any, totals: Totals) -> Any:
    """The object with the excerpt's totals where it has some, itself or in what it wraps."""
    if not isinstance(value, dict):
        return value
    told = {
        key: _restated(part, totals) if key in _WRAPPING else part
        for key, part in value.items()
        if key != "quality_summary"
    }
    return {**told, **{key: total for key, total in totals.items() if key in told}}
