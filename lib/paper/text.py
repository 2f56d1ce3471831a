"""Users' text made fit for paper: cleaned, cut into graphemes, wrapped to a width (FR1.2.1)."""

import unicodedata
from collections.abc import Callable, Sequence

import regex

ZERO_WIDTH_JOINERS = "\u200c\u200d"  # shape the letters beside them: Persian, Indic, emoji
# Emoji style is kept as well: it says which of two glyphs is meant.
_INVISIBLE = regex.compile(
    rf"[[\p{{Default_Ignorable_Code_Point}}\p{{Cc}}]--[{ZERO_WIDTH_JOINERS}\ufe0f]]", regex.V1
)
_CLOSING = {"Pe", "Pf", "Po"}  # never first on a line
_WIDE = {"W", "F"}  # East Asian: a line may break on either side
_WHITE, _SPACES = regex.compile(r"\s+"), regex.compile(" +")
# More marks than any orthography stacks would climb over the lines above and below.
_STACKED_MARKS = regex.compile(r"([\p{Mn}\p{Me}]{4})[\p{Mn}\p{Me}]+")


def clean(text: str) -> str:
    """The text in NFC on one line, without what is invisible or would reorder the line.

    White space, tabs and line breaks become one space; control characters, soft hyphens and
    every bidirectional control go, and so does a fifth mark on one letter; anything else stays.
    """
    visible = _INVISIBLE.sub("", _WHITE.sub(" ", text))
    composed = _STACKED_MARKS.sub(r"\1", unicodedata.normalize("NFC", visible))
    return _SPACES.sub(" ", composed).strip()


def graphemes(text: str) -> list[str]:
    """What a reader sees as single characters: a letter with its marks, an emoji sequence."""
    return regex.findall(r"\X", text)


def wrap(text: str, width: float, measure: Callable[[str], float]) -> list[str]:
    """The lines of `text`, none wider than `width` unless one grapheme alone is.

    `measure` gives the width of a string in the unit of `width`. Lines break at spaces and
    beside East Asian characters; a word longer than a line after a hyphen or a dot, or else
    between graphemes.
    """
    if measure(text.rstrip()) <= width:  # as nearly all texts do
        return [text.rstrip()]
    return [line.rstrip() for line in _fill(text, (_words, _parts, graphemes), width, measure)]


def _fill(
    text: str,
    cuts: Sequence[Callable[[str], list[str]]],
    width: float,
    measure: Callable[[str], float],
) -> list[str]:
    """As many pieces a line as fit; a piece that no line holds is cut by the next, finer cut."""
    cut, *finer = cuts
    lines = [""]
    for piece in cut(text):
        if measure((lines[-1] + piece).rstrip()) <= width:
            lines[-1] += piece
        elif finer and measure(piece.rstrip()) > width:
            lines.extend(_fill(piece, finer, width, measure))
        else:
            lines.append(piece)
    return [line for line in lines if line] or [""]


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


def _parts(word: str) -> list[str]:
    """A long word cut where file names and addresses are best broken: after - _ . / @."""
    return regex.findall(r"[^-_./@]*[-_./@]?", word)
