"""Sets text of any script on the pages of an FPDF document, line by line.

fpdf2 embeds the fonts and shapes runs with HarfBuzz, but it splits a run at every combining mark
and wraps mixed-direction text after reordering it. So a line is itemised, reordered and placed
here: wrapped in reading order first, then reordered by the Unicode bidirectional algorithm.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from fpdf import FPDF
from fpdf.bidi import BidiParagraph, auto_detect_base_direction
from fpdf.enums import Align, TextDirection
from fpdf.fonts import TTFFont

from lib.paper.fonts import BASE, LATIN, REPLACEMENT, Weight, coverage, face_for, static_font
from lib.paper.text import clean, graphemes, wrap

POINTS_PER_MM = 72 / 25.4
_RIGHT_TO_LEFT = {"R", "AL", "AN"}
_LINE_HEIGHT = 1.38  # of the type size: room for Thai and Khmer marks
_BASELINE = 1.06  # of the type size, from the top of the line
_SMALLEST_SHIFT = 0.5  # thousandths of an em: less is the rounding of glyph widths

Colour = tuple[int, int, int]


@dataclass(frozen=True)
class Style:
    """Type size in points, weight and RGB colour."""

    size: float
    weight: Weight
    colour: Colour

    @property
    def line_height(self) -> float:
        """From the top of a line to the top of the next, in mm."""
        return self.size * _LINE_HEIGHT / POINTS_PER_MM


@dataclass(frozen=True)
class Line:
    """One line of a paragraph in reading order, with the paragraph's direction."""

    text: str
    direction: TextDirection


@dataclass(frozen=True)
class _Run:
    """Text in one face and one direction; a right-to-left level is odd."""

    text: str
    face: str
    level: int


class Typesetter:
    """Measures and draws text; x, y and widths are mm from the top left corner of the page.

    `texts` are all the texts that will be drawn, `folder` holds their cut down fonts until the
    document has been written.
    """

    def __init__(self, pdf: FPDF, texts: Iterable[str], folder: Path) -> None:
        self._pdf = pdf
        self._folder = folder
        self._characters: frozenset[str] = frozenset().union(*map(clean, texts))
        # Tables say the same again and again, and every text is measured before it is drawn.
        self._widths: dict[tuple[str, Style], float] = {}
        self._wrapped: dict[tuple[str, Style, float], list[Line]] = {}
        self._drawn: dict[tuple[_Run, Style], str] = {}

    def width(self, text: str, style: Style) -> float:
        """How wide the text is on one line."""
        key = text, style
        if key not in self._widths:
            runs = _runs(clean(text), TextDirection.LTR)
            self._widths[key] = sum(self._run_width(run, style) for run in runs)
        return self._widths[key]

    def wrap(self, text: str, style: Style, width: float) -> list[Line]:
        """The lines the text takes in that width."""
        key = text, style, width
        if key not in self._wrapped:
            self._wrapped[key] = self._lines(clean(text), style, width)
        return self._wrapped[key]

    def _lines(self, text: str, style: Style, width: float) -> list[Line]:
        assert set(text) <= self._characters | LATIN, "a text that the fonts were not cut down for"
        direction = auto_detect_base_direction(text)
        lines = wrap(text, width, lambda part: self.width(part, style))
        return [Line(line, direction) for line in lines]

    def fit(self, text: str, style: Style, width: float) -> Style:
        """The style, made smaller if that is what it takes to get the text on one line."""
        needed = self.width(text, style)
        return style if needed <= width else replace(style, size=style.size * width / needed * 0.99)

    def height(self, text: str, style: Style, width: float) -> float:
        """How high `block` will be."""
        return len(self.wrap(text, style, width)) * style.line_height

    def block(
        self, text: str, style: Style, x: float, y: float, width: float, align: Align = Align.L
    ) -> float:
        """Draws the text wrapped to the width, from y down; returns the y below it."""
        for line in self.wrap(text, style, width):
            self.draw(line, style, x, y, width, align)
            y += style.line_height
        return y

    def draw(
        self, line: Line, style: Style, x: float, y: float, width: float, align: Align = Align.L
    ) -> None:
        """Draws one line at the left or the right edge of the width."""
        if align is Align.R:
            x += width - self.width(line.text, style)
        baseline = y + style.size * _BASELINE / POINTS_PER_MM
        for run in _visual_order(_runs(line.text, line.direction)):
            self._draw_run(run, style, x, baseline)
            x += self._run_width(run, style)

    def _run_width(self, run: _Run, style: Style) -> float:
        font = self._font(run.face, style.weight)
        return font.get_text_width(run.text, style.size, _shaping(run))[1] / POINTS_PER_MM

    def _draw_run(self, run: _Run, style: Style, x: float, baseline: float) -> None:
        pdf, font = self._pdf, self._font(run.face, style.weight)
        if (run, style) not in self._drawn:
            self._drawn[run, style] = _operators(font, run, style)
        glyphs = self._drawn[run, style]
        colour = " ".join(f"{part / 255:.3f}" for part in style.colour)
        use_font = pdf._set_font_for_page(font, style.size, wrap_in_text_object=False)
        place = f"{x * pdf.k:.2f} {(pdf.h - baseline) * pdf.k:.2f} Td"
        pdf._out(f"q {colour} rg BT {use_font} {place} {glyphs} ET Q")

    def _font(self, face: str, weight: Weight) -> TTFFont:
        family = f"{face}{weight:d}".lower()
        if family not in self._pdf.fonts:
            needed = self._characters & coverage(face)
            if face == BASE:  # the same for most documents, so that they share one font
                needed |= LATIN
            path = self._folder / f"{family}.ttf"
            path.write_bytes(static_font(face, weight, needed))
            self._pdf.add_font(family, fname=path)
            self._pdf.fonts[family].name = f"{face}-{weight.name.title()}"
        font = self._pdf.fonts[family]
        assert isinstance(font, TTFFont)
        return font


def _shaping(run: _Run) -> dict[str, object]:
    direction = TextDirection.RTL if run.level % 2 else TextDirection.LTR
    return {"features": {}, "fragment_direction": direction}


def _operators(font: TTFFont, run: _Run, style: Style) -> str:
    """The run's glyphs as PDF text operators, kerned and with marks in their places."""
    shaped = font.shape_text(run.text, style.size, _shaping(run))
    glyphs = {code: glyph for glyph, code in font.subset.items() if glyph}
    clusters: list[list[str]] = []
    spelled: list[tuple[int, ...]] = []
    for item in shaped:
        glyph = glyphs[item["mapped_char"]]
        assert isinstance(glyph.unicode, tuple)
        if glyph.unicode or not clusters:  # only the first glyph of a cluster says what it spells
            clusters.append([])
            spelled.append(glyph.unicode)
        before = item["x_offset"] * font.scale
        after = item["x_advance"] * font.scale - glyph.glyph_width - before
        rise = item["y_offset"] * font.scale * style.size / 1000
        shown = f"[{_shift(before)}<{item['mapped_char']:04X}>{_shift(after)}] TJ"
        clusters[-1].append(f"{rise:.2f} Ts {shown} 0 Ts" if rise else shown)
    return " ".join(map(_searchable, clusters, spelled)).replace("] TJ [", "")


def _searchable(cluster: list[str], spelled: tuple[int, ...]) -> str:
    """A cluster of several glyphs says as a whole what to copy and to search for."""
    drawn = " ".join(cluster)
    if len(cluster) == 1:
        return drawn
    text = "".join(map(chr, spelled)).encode("utf-16-be").hex().upper()
    return f"/Span <</ActualText <FEFF{text}>>> BDC {drawn} EMC"


def _shift(units: float) -> str:
    """A TJ number: thousandths of an em, counted leftwards."""
    return f" {-units:.1f} " if abs(units) >= _SMALLEST_SHIFT else ""


def _runs(text: str, direction: TextDirection) -> list[_Run]:
    """The text in reading order, cut where the face or the embedding level changes."""
    pieces: list[tuple[str, str]] = []
    for grapheme in graphemes(text):
        previous = pieces[-1][1] if pieces else None
        face = face_for(grapheme, previous)
        if face:
            pieces.append((grapheme, face))
            continue
        for char in grapheme:
            face = face_for(char, previous)
            pieces.append((char, face) if face else (REPLACEMENT, BASE))
    faces = [face for piece, face in pieces for _ in piece]
    legible = "".join(piece for piece, _ in pieces)
    marked = zip(legible, faces, _levels(legible, direction), strict=True)
    return [
        _Run("".join(char for char, *_ in group), face, level)
        for (face, level), group in groupby(marked, key=lambda item: item[1:])
    ]


def _levels(text: str, direction: TextDirection) -> list[int]:
    """The embedding level of each character; 0 throughout when nothing runs right to left."""
    if direction is TextDirection.LTR and not any(
        unicodedata.bidirectional(char) in _RIGHT_TO_LEFT for char in text
    ):
        return [0] * len(text)
    paragraph = BidiParagraph(text, direction, preserve_bn_chars=True)
    return [c.embedding_level for c in paragraph.get_characters_with_embedding_level()]


def _visual_order(runs: list[_Run]) -> list[_Run]:
    """Rule L2 of the bidirectional algorithm: from the highest level down, reverse."""
    for level in range(max((run.level for run in runs), default=0), 0, -1):
        runs = _reversed_from(level, runs)
    return runs


def _reversed_from(level: int, runs: list[_Run]) -> list[_Run]:
    ordered: list[_Run] = []
    for reverse, group in groupby(runs, key=lambda run: run.level >= level):
        stretch = list(group)
        ordered += reversed(stretch) if reverse else stretch
    return ordered
