"""What is looked for in the job history: addresses, cursors, terms, marks, spelling."""

from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import pairwise
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lib.domain.job_search import TEXT_LIMIT, Cursor, JobQuery, Sort, clean
from lib.domain.job_search_marks import Match, Piece, around_first, marks, whole
from lib.domain.job_search_spelling import nearest, slips, trigrams
from lib.domain.job_search_text import Term, fold, terms
from lib.domain.metadata import PREDEFINED_TAGS
from lib.domain.offers import Tier
from lib.domain.states import JobStatus
from tests.effort import times

ANY_TEXT = st.text(st.characters(), max_size=200)
ID = uuid4()
FULL = JobQuery(
    text='"two words" -not',
    statuses=(JobStatus.FAILED, JobStatus.CANCELLED),
    presets=("balanced",),
    tiers=(Tier.SPOT,),
    creator=ID,
    tags=("poc", "test"),
    client=ID,
    project=ID,
    since=date(2026, 1, 31),
    until=date(2026, 2, 1),
    least=Decimal("0.50"),
    most=Decimal("1000.00"),
    sort=Sort.COST,
    archived=True,
)


def test_a_query_comes_back_from_its_address_as_it_was() -> None:
    assert JobQuery.from_params(FULL.to_params()) == FULL
    assert JobQuery().to_params() == {}
    assert not JobQuery(sort=Sort.NAME).narrowed
    assert FULL.narrowed


def test_what_an_address_says_without_meaning_is_left_out() -> None:
    found = JobQuery.from_params(
        {
            "status": ["failed", "exploded"],
            "preset": ["' OR 1=1"],
            "tag": ["poc", "No Tag", "poc"],
            "creator": ["me"],
            "from": ["yesterday"],
            "min": ["NaN", "3"],
            "max": ["1e999999"],
            "sort": [""],
            "archived": ["yes"],
            "utm_source": ["mail"],
        }
    )
    assert found == JobQuery(statuses=(JobStatus.FAILED,), tags=("poc",), least=Decimal("3.00"))


@settings(max_examples=times(200))
@given(st.dictionaries(st.sampled_from([*FULL.to_params(), "x"]), st.lists(ANY_TEXT, max_size=3)))
def test_any_address_is_a_query(params: dict[str, list[str]]) -> None:
    query = JobQuery.from_params(params)
    assert JobQuery.from_params(query.to_params()) == query


@pytest.mark.parametrize(
    ("sort", "text", "order"),
    [
        (None, "", Sort.NEWEST),
        (None, "word", Sort.BEST),
        (Sort.BEST, "", Sort.NEWEST),
        (Sort.COST, "word", Sort.COST),
    ],
)
def test_the_best_match_comes_first_where_there_is_a_text(
    sort: Sort | None, text: str, order: Sort
) -> None:
    assert JobQuery(text=text, sort=sort).order is order


def test_a_text_is_kept_without_what_no_database_keeps() -> None:
    assert clean("  a\x00b\ud800c ") == "abc "
    assert len(clean("x" * 100_000)) == TEXT_LIMIT


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor(Sort.NEWEST, (datetime(2026, 11, 24, 12, tzinfo=UTC),), ID),
        Cursor(Sort.BEST, (0.1 + 0.2, datetime(2026, 11, 24, tzinfo=UTC)), ID),
        Cursor(Sort.COST, (Decimal("-1"),), ID),
        Cursor(Sort.NAME, ('größe "x" 🚲',), ID),
    ],
)
def test_a_cursor_comes_back_from_its_address(cursor: Cursor) -> None:
    assert Cursor.decode(cursor.encode()) == cursor


@settings(max_examples=times(200))
@given(ANY_TEXT)
def test_any_other_text_is_no_cursor(text: str) -> None:
    assert Cursor.decode(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("- \" ' !", ()),
        ("Fine tun", (Term(("fine",)), Term(("tun",), typing=True))),
        ("fine ", (Term(("fine",)),)),
        ('"fine tuning"', (Term(("fine", "tuning"), quoted=True),)),
        ("“fine tun", (Term(("fine", "tun"), quoted=True, typing=True),)),
        ("a -b", (Term(("a",)), Term(("b",), excluded=True))),
        ('-"a b"', (Term(("a", "b"), excluded=True, quoted=True),)),
        ("iteration-1 ", (Term(("iteration", "1")),)),
        ("ÄRZTE ½ ", (Term(("arzte",)), Term(("1", "2")))),
        ("it's ", (Term(("it", "s")),)),
    ],
)
def test_a_search_is_read_as_terms(text: str, expected: tuple[Term, ...]) -> None:
    assert terms(text) == expected


@settings(max_examples=times(300))
@given(ANY_TEXT)
def test_the_words_of_terms_hold_no_sign_of_a_query(text: str) -> None:
    for term in terms(clean(text)):
        for word in term.words:
            assert word
            assert not set(word) & set("'\"\\&|!<>():* \t\n\0")


def test_words_and_phrases_are_marked_where_they_stand() -> None:
    text = "Financial planning, then planning: FINANCIAL plans"
    found = marks(text, {"financial"}, [Term(("financial", "plan"), typing=True)])
    assert [text[begin:end] for begin, end in found] == ["Financial planning", "FINANCIAL plans"]
    assert "".join(piece.text for piece in whole(text, found)) == text


def test_a_match_is_shown_with_fifty_characters_on_both_sides() -> None:
    text = "b" * 80 + " word " + "a" * 80
    found = marks(text, {"word"}, [])
    assert around_first(text, found) == (
        Piece("…"),
        Piece("b" * 49 + " "),
        Piece("word", marked=True),
        Piece(" " + "a" * 49),
        Piece("…"),
    )
    assert Match("notes", 3, ()).words == "3 matches in notes"
    assert Match("name", 1, ()).words == "1 match in name"


@settings(max_examples=times(200))
@given(ANY_TEXT, st.lists(st.text(min_size=1, max_size=3), max_size=4))
def test_marks_never_lose_or_repeat_text(text: str, wanted: list[str]) -> None:
    phrase = Term(tuple(fold(word) for word in wanted)) if wanted else None
    found = marks(text, {fold(word) for word in wanted}, [phrase] if phrase else [])
    assert all(one[1] <= other[0] for one, other in pairwise(found))
    assert "".join(piece.text for piece in whole(text, found)) == text


def test_slips_are_counted() -> None:
    assert slips("finacial", "financial") == 1
    assert slips("finanical", "financial") == 1  # two neighbours swapped
    assert slips("abc", "") == 3
    assert slips("same", "same") == 0
    assert nearest("finacial", ["facial", "financial", "fiscal"])[0] == "financial"
    assert nearest("cat", ["dog", "cut", "cart"]) == ["cart", "cut"]
    assert nearest("word", ["word"]) == []
    assert trigrams("ada") == ["  a", " ad", "ada", "da "]


@settings(max_examples=times(100))
@given(*[st.text("abc", max_size=8)] * 2)
def test_slips_are_the_same_both_ways(one: str, other: str) -> None:
    assert slips(one, other) == slips(other, one)
    assert abs(len(one) - len(other)) <= slips(one, other) <= max(len(one), len(other))


def test_predefined_tags_can_be_looked_for() -> None:
    for tag in PREDEFINED_TAGS:
        assert JobQuery.from_params({"tag": [tag]}).tags == (tag,)
