"""Edits joined and compared: nothing of either is lost, and every difference is shown."""

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.job_edits import Change, cleaned, merged, overwritten, text_difference
from lib.domain.metadata import Metadata

BASE = Metadata("Name", "What for", "one\ntwo\nthree", ("test", "poc"), "Acme", "Q4")
metadata = st.builds(
    Metadata,
    name=st.text(max_size=5),
    description=st.text(max_size=5),
    notes=st.text("ab\n", max_size=12),
    tags=st.lists(st.sampled_from(["one", "two", "three"]), unique=True).map(tuple),
    client=st.sampled_from(["", "Acme", "Globex"]),
    project=st.sampled_from(["", "Q4"]),
)


@given(metadata, metadata)
def test_where_one_has_changed_nothing_the_others_edit_is_the_result(
    base: Metadata, other: Metadata
) -> None:
    assert merged(base, base, other).metadata == other
    assert merged(base, other, base).metadata == other
    assert merged(base, other, other).metadata == other
    assert merged(base, other, base).both == ()


@given(metadata, metadata, metadata)
def test_no_line_that_somebody_wrote_is_lost(
    base: Metadata, mine: Metadata, theirs: Metadata
) -> None:
    both = merged(base, mine, theirs).metadata.notes.splitlines()
    old = base.notes.splitlines()
    for edit in (mine, theirs):
        for line in edit.notes.splitlines():
            assert line in both or line in old or not line.strip()


def test_lines_that_each_changed_alone_come_together() -> None:
    mine = replace(BASE, notes="one\ntwo\nthree\nfour")
    theirs = replace(BASE, notes="ONE\ntwo\nthree")
    both = merged(BASE, mine, theirs)
    assert both.metadata.notes == "ONE\ntwo\nthree\nfour"
    assert both.both == ("notes",)


def test_where_they_cross_both_texts_are_there() -> None:
    both = merged(BASE, replace(BASE, description="Mine"), replace(BASE, description="Theirs"))
    assert both.metadata.description == "Theirs\n\n---\n\nMine"


def test_tags_of_both_are_added_and_removed() -> None:
    mine = replace(BASE, tags=("test", "poc", "mine"))
    theirs = replace(BASE, tags=("poc", "theirs"))
    assert merged(BASE, mine, theirs).metadata.tags == ("poc", "theirs", "mine")


def test_a_project_never_comes_to_another_client() -> None:
    mine = replace(BASE, project="Q1")
    theirs = replace(BASE, client="Globex", project="")
    both = merged(BASE, mine, theirs).metadata
    assert (both.client, both.project) == ("Acme", "Q1")
    over = overwritten(BASE, mine, theirs)
    assert (over.client, over.project) == ("Acme", "Q1")


def test_overwriting_keeps_the_others_words_where_one_wrote_none() -> None:
    mine = replace(BASE, notes="Mine")
    theirs = replace(BASE, notes="Theirs", description="Theirs")
    assert overwritten(BASE, mine, theirs) == replace(theirs, notes="Mine")


@given(st.text(max_size=90), st.text(max_size=90))
def test_a_difference_shows_both_texts_whole(before: str, after: str) -> None:
    pieces = text_difference(before, after)
    kept = [text for change, text in pieces if change is not Change.ADDED]
    new = [text for change, text in pieces if change is not Change.REMOVED]
    assert "".join(kept) == before
    assert "".join(new) == after


def test_a_long_unchanged_stretch_is_cut_on_the_side_that_is_far_from_changes() -> None:
    text = "word " * 60
    pieces = text_difference(f"{text}old {text}", f"{text}new {text}")
    (first, *_, last) = [piece for change, piece in pieces if change is Change.SAME]
    assert first.startswith("…") and first.endswith("word word")
    assert last.endswith("…") and last.startswith(" word word")
    assert [piece for change, piece in pieces if change is not Change.SAME] == [" old", " new"]


@pytest.mark.parametrize(
    ("before", "after"),
    [("! " * 1000, "?! " * 666), ("a b " * 500, "b a " * 500), ("\n" * 2000, "a\n" * 1000)],
)
def test_no_text_takes_long_to_compare(before: str, after: str) -> None:
    began = time.perf_counter()
    text_difference(before, after)
    merged(replace(BASE, notes=before), replace(BASE, notes=after), replace(BASE, notes=after[1:]))
    assert time.perf_counter() - began < 3


def test_what_is_kept_has_no_space_around_names_and_each_tag_once() -> None:
    typed = Metadata(" Name\x00 ", " kept ", "\ud800n", ("poc", "poc"), " Acme ", " Q4 ")
    assert cleaned(typed) == Metadata("Name", " kept ", "n", ("poc",), "Acme", "Q4")
