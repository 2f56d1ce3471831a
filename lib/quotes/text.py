"""Users' text made fit for paper: cleaned, cut into graphemes, wrapped to a width (FR1.2.1)."""

import unicodedata
from collections.abc import Callable

import regex

ZERO_WIDTH_JOINERS = "\u200c\u200d"  # shape the letters beside them: Persian, Indic, emoji
# Emoji style is kept as well: it says which of two glyphs is meant.
_INVISIBLE = regex.compile(
    rf"[[\p{{Default_Ignorable_Code_Point}}\p{{Cc}}]--[{ZERO_WIDTH_JOINERS}\ufe0f]]", regex.V1
)
_CLOSING = {"Pe", "Pf", "Po"}  # never first on a line
_WIDE = {"W", "F"}  # East Asian: a line may break on either side


def clean(text: str) -> str:
    """The text in NFC on one line, without what is invisible or would reorder the line.

    White space, tabs and line breaks become one space; control characters, soft hyphens and
    every bidirectional control go; anything that would show stays.
    """
    visible = _INVISIBLE.sub("", regex.sub(r"\s+", " ", text))
    return regex.sub(" +", " ", unicodedata.normalize("NFC", visible)).strip()


def graphemes(text: str) -> list[str]:
    """What a reader sees as single characters: a letter with its marks, an emoji sequence."""
    return regex.findall(r"\X", text)


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The lines of `text`, none wider than `width` unless one grapheme alone is.

    `measure` gives the width of a string in the unit of `width`. Lines break at spaces and
    beside East Asian characters; a word longer than a line is cut between graphemes.
    """
    lines, line = [], ""
    for word in _words(text):
        if measure((line + word).rstrip()) <= width:
            line += word
            continue
        if line:
            lines.append(line.rstrip())
        pieces = _cut(word, width, measure)
        lines.extend(pieces[:-1])
        line = pieces[-1]
    return [*lines, line.rstrip()]


def _words(text: str) -> list[str]:
    """The text cut where a line may break; each piece keeps the spaces that follow it."""
    words = [""]
    for grapheme in graphemes(text):
        before = words[-1][-1:]
        closing = unicodedata.category(grapheme[0]) in _CLOSING
        wide = _is_wide(grapheme) or (before != "" and _is_wide(before))
        after_space = before == " " and grapheme != " "
        if after_space or (wide and grapheme != " " and not closing):
            words.append(grapheme)
        else:
            words[-1] += grapheme
    return [word for word in words if word]


def _is_wide(grapheme: str) -> bool:
    return unicodedata.east_asian_width(grapheme[0]) in _WIDE


def _cut(word: str, width: float, measure: Callable[[str], float]) -> list[str]:
    pieces = [""]
    for grapheme in graphemes(word):
        if pieces[-1] and measure((pieces[-1] + grapheme).rstrip()) > width:
            pieces.append(grapheme)
        else:
            pieces[-1] += grapheme
    return pieces
