"""Where a text matches a search, and the short piece of it that shows that (FR1.3.1)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lib.domain.job_search_text import Term, places

CONTEXT = 50  # characters shown before and after a match


@dataclass(frozen=True)
class Piece:
    """A bit of text; `marked` where it is what was looked for."""

    text: str
    marked: bool = False


@dataclass(frozen=True)
class Match:
    """What was found in one field: how often, and the text with its matches marked."""

    field: str
    count: int
    pieces: tuple[Piece, ...]

    @property
    def words(self) -> str:
        """`3 matches in notes`."""
        return f"{self.count} match{'' if self.count == 1 else 'es'} in {self.field}"


def marks(text: str, matching: Collection[str], phrases: Sequence[Term]) -> list[tuple[int, int]]:
    """From where to where the text matches: each of the words, and each phrase as one."""
    words = places(text)
    found = {(begin, end) for begin, end, word in words if word in matching}
    for phrase in phrases:
        length = len(phrase.words)
        for at in range(len(words) - length + 1):
            run = words[at : at + length]
            if _same(phrase, [word for *_, word in run]):
                found.add((run[0][0], run[-1][1]))
    return _apart(sorted(found))


def whole(text: str, found: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """All of the text."""
    return _pieces(text, found, 0, len(text))


def around_first(text: str, found: Sequence[tuple[int, int]]) -> tuple[Piece, ...]:
    """The first match with what stands around it, on one line; an ellipsis where text was cut."""
    begin = max(0, found[0][0] - CONTEXT)
    end = min(len(text), found[0][1] + CONTEXT)
    shown = _pieces(text, found, begin, end)
    before = (Piece("…"),) if begin else ()
    after = (Piece("…"),) if end < len(text) else ()
    return (*before, *(Piece(" ".join(_spaced(one.text)), one.marked) for one in shown), *after)


def _spaced(text: str) -> list[str]:
    """The text's lines; joined by a space they are one line of the same words."""
    return text.splitlines() or [text]


def _same(phrase: Term, words: Sequence[str]) -> bool:
    *begin, last = words
    *expected, final = phrase.words
    return begin == expected and (last.startswith(final) if phrase.typing else last == final)


def _apart(found: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Without those that lie inside others: a word of a phrase that was found."""
    kept: list[tuple[int, int]] = []
    for begin, end in sorted(found, key=lambda span: (span[0], -span[1])):
        if not kept or begin >= kept[-1][1]:
            kept.append((begin, end))
    return kept


def _pieces(text: str, found: Sequence[tuple[int, int]], begin: int, end: int) -> tuple[Piece, ...]:
    pieces, at = [], begin
    for first, last in found:
        if last > begin and first < end:
            pieces += [Piece(text[at:first]), Piece(text[max(first, begin) : min(last, end)], True)]
            at = min(last, end)
    return tuple(piece for piece in (*pieces, Piece(text[at:end])) if piece.text)
