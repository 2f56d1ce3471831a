"""Where in a JSON text something is: the path and the line, for error messages.

Parsing is left to the json module, which is fast but names no paths. Once it has refused a text,
these functions walk the text again, slowly, to say where.
"""

import json
import math
import re
import sys
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(r'[ \t\r\n]*+([{}\[\],:]|"(?:[^"\\]|\\.)*+"?|[^\s{}\[\],:"]++)', re.DOTALL)
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
_LONGEST_KEY = 60
_MOST_DIGITS = sys.int_info.default_max_str_digits  # of a whole number

# A key, an index, or None where an object's next key is still to come.
Path = list[str | int | None]


class Step(NamedTuple):
    """A token of interest: kind is "open", "close", "key" or "scalar". `path` is live: copy it to
    keep it."""

    kind: str
    at: int
    token: str
    path: Path


class Hazard(NamedTuple):
    """Something that JSON parsers let through and that must not be imported."""

    code: str
    message: str
    at: int
    path: str


def walk(text: str, start: int = 0, end: int | None = None) -> Iterator[Step]:
    """The tokens of the JSON value at `start`, with the path to each, as far as they make sense."""
    path: Path = []
    for match in _TOKEN.finditer(text, start, len(text) if end is None else end):
        token, at = match[1], match.start(1)
        if token in "{[":
            yield Step("open", at, token, path)
            path.append(None if token == "{" else 0)
        elif token in "}]":
            if path:
                path.pop()
            yield Step("close", at, token, path)
        elif token == ",":
            if path:
                path[-1] = path[-1] + 1 if isinstance(path[-1], int) else None
        elif token != ":":
            if path and path[-1] is None:
                path[-1] = _unquoted(token)
                yield Step("key", at, token, path)
            else:
                yield Step("scalar", at, token, path)
        if not path and token not in ",:":
            return


def _unquoted(token: str) -> str:
    try:
        key = json.loads(token, strict=False)
    except ValueError:
        return token
    return key if isinstance(key, str) else token


def rendered(path: Path) -> str:
    """A path as people write it: conversations[12].training_pairs[3].id"""
    parts = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif step is not None:
            parts.append(f".{step}" if _PLAIN_KEY.fullmatch(step) else f"[{quoted(step)}]")
    return "".join(parts).removeprefix(".")


def joined(before: str, after: str) -> str:
    """One path after another."""
    return before + after if not before or not after or after[0] in "[ " else f"{before}.{after}"


def quoted(text: str) -> str:
    """Text of the file that is safe inside a one-line message: short, escaped, in quotes."""
    shown = text if len(text) <= _LONGEST_KEY else text[:_LONGEST_KEY] + "…"
    printable = all(c.isprintable() for c in shown)
    return json.dumps(shown, ensure_ascii=not printable)


def path_at(text: str, start: int, at: int) -> str:
    """The path of what is at position `at` within the value that begins at `start`."""
    path: Path = []
    for step in walk(text, start, at + 1):
        path = list(step.path)
        if step.kind == "open":
            path.append(None if step.token == "{" else 0)
    return rendered(path)


def find_hazard(text: str, start: int, max_depth: int) -> Hazard | None:
    """The first duplicate key, number that is none, or nesting beyond `max_depth`."""
    seen: list[set[str]] = []
    for kind, at, token, path in walk(text, start):
        if kind == "open":
            if len(path) >= max_depth:
                message = f"nested more than {max_depth} levels deep; flatten or remove it."
                return Hazard("too_deep", message, at, rendered(path[:8]) + " …")
            seen.append(set())
        elif kind == "close":
            if seen:
                seen.pop()
        elif kind == "key" and seen:
            key = str(path[-1])
            if key in seen[-1]:
                message = f"the key {quoted(key)} appears twice in one object; remove one."
                return Hazard("duplicate_key", message, at, rendered(path))
            seen[-1].add(key)
        elif kind == "scalar" and not_a_number(token):
            message = f"{quoted(token)[1:-1]} is not a usable number; write a plain one or null."
            return Hazard("not_a_number", message, at, rendered(path))
    return None


def not_a_number(token: str) -> bool:
    """Whether a literal is NaN, infinite, or has more digits than Python converts."""
    if token in ("NaN", "Infinity", "-Infinity"):
        return True
    if not re.fullmatch(r"-?\d+(\.\d+)?([eE][-+]?\d+)?", token, re.ASCII):
        return False
    if token.lstrip("-").isdigit():
        return len(token) > _MOST_DIGITS
    return not math.isfinite(float(token))
