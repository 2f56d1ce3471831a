"""docs/requirements.md names, for each criterion, code that exists and a test that exists."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
TABLE = PROJECT / "docs" / "requirements.md"
REQUIREMENTS = PROJECT.parent / "shared" / "requirements.md"
#: The requirements that the table covers: all of them.
COVERED = ("FR1.1.1", "FR1.1.2", "FR1.1.3", "FR1.2.1", "FR1.2.2", "FR1.3.1", "FR1.3.2")

_ROW = re.compile(r"\| (U|F)(\d+) \| (.+?) \| (.+?) \| (.+?) \|")
_CODE = re.compile(r"`([^`]+)`")


@cache
def rows() -> dict[str, dict[str, tuple[str, str, str]]]:
    """Criterion, places and tests, by requirement and number (`U3`, `F12`)."""
    found: dict[str, dict[str, tuple[str, str, str]]] = defaultdict(dict)
    requirement = ""
    for line in TABLE.read_text("utf-8").splitlines():
        if line.startswith("## "):
            requirement = line.split()[1]
        elif match := _ROW.fullmatch(line.strip()):
            kind, number, *rest = match.groups()
            assert f"{kind}{number}" not in found[requirement], line
            found[requirement][f"{kind}{number}"] = (rest[0], rest[1], rest[2])
    return found


def criteria() -> list[tuple[str, str]]:
    return [(fr, key) for fr in COVERED for key in rows()[fr]]


@pytest.mark.parametrize("fr", COVERED)
def test_no_number_is_left_out(fr: str) -> None:
    for kind in "UF":
        numbers = sorted(int(key[1:]) for key in rows()[fr] if key[0] == kind)
        assert numbers
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("fr", COVERED)
def test_there_are_as_many_rows_as_criteria(fr: str) -> None:
    if not REQUIREMENTS.exists():
        pytest.skip("the requirements are not on this machine")
    for kind, written in criteria_as_written(fr).items():
        assert len([key for key in rows()[fr] if key[0] == kind]) == written, (fr, kind)


def criteria_as_written(fr: str) -> dict[str, int]:
    """How many user story (U) and functional (F) criteria the requirement has."""
    text = REQUIREMENTS.read_text("utf-8")
    part = text.split(f"**{fr}:**")[1].split("- **FR")[0]
    story, functional = part.split("* Functional Requirements Acceptance Criteria:")
    story = story.split("* User Story Acceptance Criteria:")[1]
    return {
        kind: sum(line.startswith("    - ") for line in lines.splitlines())
        for kind, lines in (("U", story), ("F", functional))
    }


@pytest.mark.parametrize(("fr", "key"), criteria())
def test_each_criterion_names_code_and_tests_that_exist(fr: str, key: str) -> None:
    _, places, tests = rows()[fr][key]
    for place in named(places):
        path, _, name = place.partition(":")
        assert (PROJECT / path).exists(), place
        assert not name or defines(path, name), place
    for test in named(tests):
        path, _, name = test.partition(":")
        assert path.startswith("tests/"), test
        assert name.startswith("test_"), test
        assert defines(path, name), test


def named(cell: str) -> list[str]:
    found = _CODE.findall(cell)
    assert found, f"no code named in {cell!r}"
    return found


@cache
def names_in(path: str) -> frozenset[str]:
    """Functions, classes and constants that a module defines at its top or in a class."""
    names: set[str] = set()
    for node in ast.walk(ast.parse((PROJECT / path).read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return frozenset(names)


def defines(path: str, name: str) -> bool:
    return (PROJECT / path).exists() and name in names_in(path)
