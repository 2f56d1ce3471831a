"""The chooser's filter: what passes, in what order, and how soon for very many files."""

import time
from dataclasses import dataclass
from decimal import Decimal

import pytest

from lib.domain.file_filter import FileFilter, entries, unselectable


@dataclass(frozen=True)
class File:
    name: str
    conversation_count: int = 60
    average_quality: Decimal | None = Decimal("4.20")
    status: str = "active"


def few(file: File) -> str | None:
    return "too few" if file.conversation_count < 50 else None


def passing(wanted: FileFilter, *files: File) -> list[str]:
    return [entry.file.name for entry in entries(files, wanted, few)]


def test_the_empty_filter_lets_everything_through() -> None:
    files = (File("a"), File("b", 1), File("c", 60, None))
    assert set(passing(FileFilter(), *files)) == {"a", "b", "c"}


def test_files_that_can_be_used_come_first_and_else_the_order_stays() -> None:
    files = (File("small", 12), File("new"), File("smaller", 3), File("old"))

    found = entries(files, FileFilter(), few)

    assert [entry.file.name for entry in found] == ["new", "old", "small", "smaller"]
    assert [entry.obstacle for entry in found] == [None, None, "too few", "too few"]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        (File("exactly enough", 50), None),
        (File("small", 49), "Insufficient conversations: 49, and a job needs at least 50"),
        (File("archived", 500, status="archived"), "Archived"),
    ],
)
def test_only_active_files_of_fifty_conversations_can_be_chosen(
    file: File, reason: str | None
) -> None:
    assert unselectable(file) == reason


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("shop", "WORKSHOP.json"),
        (" shop ", "workshop.json"),
        ("STRASSE", "Straße.json"),
        ("e\u0301t\u00e9", "\u00e9te\u0301.json"),
        ("Ελέ", "ελένη.json"),
        ("[1]*", "data[1]*.json"),
    ],
)
def test_a_part_of_the_name_is_enough_whatever_its_case_and_form(typed: str, name: str) -> None:
    assert passing(FileFilter(name=typed), File(name), File("another")) == [name]


def test_the_bounds_of_conversations_belong_to_the_range() -> None:
    files = [File(str(count), count) for count in (59, 60, 72, 73)]
    assert passing(FileFilter(least_conversations=60, most_conversations=72), *files) == [
        "60",
        "72",
    ]
    assert passing(FileFilter(least_conversations=73), *files) == ["73"]
    assert passing(FileFilter(most_conversations=59), *files) == ["59"]


def test_the_bounds_of_quality_belong_to_the_range() -> None:
    files = [File(text, 60, Decimal(text)) for text in ("2.99", "3.00", "4.00", "4.01")]
    between = FileFilter(least_quality=Decimal("3.0"), most_quality=Decimal("4.0"))
    assert passing(between, *files) == ["3.00", "4.00"]


@pytest.mark.parametrize("bound", ["least_quality", "most_quality"])
def test_a_file_without_scores_passes_only_without_a_bound_of_quality(bound: str) -> None:
    unscored = File("unscored", 60, None)
    assert passing(FileFilter(), unscored) == ["unscored"]
    assert passing(FileFilter(**{bound: Decimal("0")}), unscored) == []


def test_a_range_turned_round_lets_nothing_through() -> None:
    assert passing(FileFilter(least_conversations=70, most_conversations=50), File("a")) == []


def test_ten_thousand_files_are_filtered_at_once() -> None:
    files = [File(f"Trainingsdatei {number}.json", number % 200) for number in range(10_000)]
    wanted = FileFilter("datei", 40, 150, Decimal("3.0"), Decimal("5.0"))

    started = time.perf_counter()
    found = entries(files, wanted, few)

    assert time.perf_counter() - started < 0.5  # about 0.03 s on two ordinary cores
    assert len(found) == 50 * 111
