"""Users' text before it is set: what is cleaned away, where a line breaks."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lib.paper.text import clean, graphemes, wrap


def test_line_breaks_and_tabs_become_single_spaces() -> None:
    assert clean("  one\r\n\ttwo\u2028three ") == "one two three"


def test_controls_and_direction_overrides_go_and_the_text_stays() -> None:
    assert clean("in\x00voice\x1b[31m \u202egpj.exe\u202c\u2066!\u2069") == "invoice[31m gpj.exe!"


def test_joiners_that_shape_letters_and_emoji_stay() -> None:
    assert clean("می\u200cخواهم 👩\u200d🚀") == "می\u200cخواهم 👩\u200d🚀"


def test_marks_piled_on_one_letter_are_cut_to_four() -> None:
    assert clean("a" + "\u0316" * 60 + "b") == "a" + "\u0316" * 4 + "b"


def test_a_letter_written_in_two_characters_is_composed() -> None:
    assert clean("e\u0301") == "é"


def test_lines_break_at_spaces_and_keep_every_word() -> None:
    assert wrap("aa bbb cc", 6, len) == ["aa bbb", "cc"]


def test_a_file_name_longer_than_a_line_breaks_after_its_hyphens_and_dots() -> None:
    assert wrap("training-file.json", 10, len) == ["training-", "file.json"]


def test_a_word_without_any_break_is_cut_to_the_width() -> None:
    assert wrap("W" * 25, 10, len) == ["W" * 10, "W" * 10, "W" * 5]


def test_chinese_breaks_between_characters_but_not_before_a_full_stop() -> None:
    assert wrap("财务顾问公司。好", 6, len) == ["财务顾问公", "司。好"]


def test_a_family_emoji_is_never_cut_in_two() -> None:
    family = "👩\u200d👩\u200d👧"
    assert wrap(family * 3, 6, len) == [family] * 3


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80), st.integers(1, 20))
def test_wrapping_loses_nothing_but_spaces_and_no_line_is_too_wide(text: str, width: int) -> None:
    text = clean(text)
    lines = wrap(text, width, len)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(len(line) <= width or len(graphemes(line)) == 1 for line in lines)
