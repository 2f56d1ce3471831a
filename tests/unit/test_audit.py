"""The chain of the audit log as a rule: what breaks it, and how that is told."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.audit import (
    GENESIS,
    ActionType,
    Entry,
    entry_hash,
    explain,
    first_break,
    original_id,
)

FIELDS = st.lists(st.none() | st.text(max_size=12), min_size=1, max_size=6)


def chain(count: int) -> list[Entry]:
    entries: list[Entry] = []
    for number in range(1, count + 1):
        previous = entries[-1].hash if entries else GENESIS
        entries.append(linked(number, f"text {number}", previous))
    return entries


def linked(number: int, text: str, previous: str) -> Entry:
    fields = (str(number), text, None)
    return Entry(number, fields, previous, entry_hash(previous, fields))


def told(entries: list[Entry]) -> tuple[int, str] | None:
    """The first broken row and its reason, as the service finds them."""
    broken = first_break(entries, lambda _: None)
    if broken is None:
        return None
    ids = {entry.hash: entry.id for entry in entries}
    reason = explain(
        broken,
        written_as=original_id(broken.entry, len(entries) + 1) if broken.own_hash else None,
        chained_to=0
        if broken.entry.previous_hash == GENESIS
        else ids.get(broken.entry.previous_hash),
    )
    return broken.entry.id, reason


def test_a_chain_as_it_was_written_is_whole() -> None:
    seen: list[int] = []
    assert first_break(chain(5), lambda entry: seen.append(entry.id)) is None
    assert seen == [1, 2, 3, 4, 5]
    assert first_break([], seen.append) is None


def test_a_changed_row_is_named() -> None:
    entries = chain(5)
    entries[2] = replace(entries[2], fields=("3", "another text", None))
    assert told(entries) == (
        3,
        "changed: row 3 does not say what was written, or was put in by hand",
    )


def test_a_changed_row_with_a_hash_to_match_breaks_the_next() -> None:
    entries = chain(5)
    entries[2] = linked(3, "another text", entries[1].hash)
    assert told(entries) == (4, "changed: row 3 is not the row 3 that row 4 was chained to")


@pytest.mark.parametrize(
    ("gone", "broken", "where"), [(0, 2, "before it"), (2, 4, "between rows 2 and 4")]
)
def test_a_removed_row_is_told_by_the_one_after_it(gone: int, broken: int, where: str) -> None:
    entries = chain(5)
    del entries[gone]
    assert told(entries) == (
        broken,
        f"removed: row {broken} follows a row that is gone, {where}",
    )


def test_rows_put_in_are_told_by_the_one_after_them() -> None:
    entries = chain(2)
    entries.append(linked(3, "put in", entries[1].hash))
    entries.append(linked(9, "text 9", entries[1].hash))
    assert told(entries) == (
        9,
        "inserted: row 9 follows row 2; what is between them was put in later",
    )


def test_swapped_rows_are_told_from_changed_ones() -> None:
    entries = chain(5)
    second, third = entries[1], entries[2]
    entries[1] = replace(third, id=2, fields=("2", *third.fields[1:]))
    entries[2] = replace(second, id=3, fields=("3", *second.fields[1:]))
    assert told(entries) == (2, "reordered: row 2 was written as row 3")


def test_rows_cut_off_at_the_end_leave_a_whole_chain() -> None:
    """Why the head has to be noted elsewhere."""
    assert told(chain(5)[:3]) is None


@given(FIELDS, FIELDS)
def test_no_two_rows_have_the_same_text(one: list[str | None], other: list[str | None]) -> None:
    assert (entry_hash(GENESIS, one) == entry_hash(GENESIS, other)) == (one == other)


def test_lengths_keep_neighbours_apart() -> None:
    alike = (["1:a", "b"], ["1:a,1:b"], ["-"], [None])
    assert len({entry_hash("", fields) for fields in alike}) == len(alike)


def test_every_action_type_of_the_requirement_is_there() -> None:
    wanted = {"validation_blocked", "override_approved", "limit_increased", "warning_triggered"}
    assert wanted <= {str(action) for action in ActionType}
    assert ActionType.STARTED_IN_GRACE.words == "Started in grace"
