"""An A4 document being filled from the top: type styles, colours, headings, page breaks."""

from collections.abc import Sequence
from dataclasses import replace

from fpdf import FPDF
from fpdf.enums import Align, TextDirection

from lib.paper.fonts import Weight
from lib.paper.typesetter import Colour, Style, Typesetter

LEFT, WIDTH, TOP, BOTTOM = 18.0, 174.0, 14.0, 281.0  # mm; the footer is below BOTTOM
RIGHT = LEFT + WIDTH
_FOOTER = 286.0

INK: Colour = (31, 41, 55)
MUTED: Colour = (100, 108, 122)
ACCENT: Colour = (59, 91, 219)
SOFT: Colour = (145, 167, 255)
FAINT: Colour = (208, 219, 255)
TINT: Colour = (240, 243, 255)
RULE: Colour = (222, 226, 235)
AMBER: Colour = (180, 83, 9)
AMBER_TINT: Colour = (255, 247, 230)

BODY = Style(9, Weight.REGULAR, INK)
STRONG = replace(BODY, weight=Weight.BOLD)
SMALL = Style(8, Weight.REGULAR, MUTED)
LABEL = Style(7.5, Weight.BOLD, MUTED)
HEADING = Style(11, Weight.BOLD, ACCENT)
_BEFORE_HEADING = 4.0
_AFTER_HEADING = 2.3


class Sheet:
    """Where the next thing goes: `y` is its top in mm, on the current page."""

    def __init__(self, pdf: FPDF, type_: Typesetter) -> None:
        self.pdf = pdf
        self.type = type_
        self.y = TOP
        self._new_page()

    def need(self, height: float) -> None:
        """Starts a new page when less than `height` is left on this one."""
        if self.y + height > BOTTOM and self.y > TOP:
            self._new_page()

    def heading(self, text: str, following: float) -> None:
        """A section's heading, kept on one page with the `following` mm of its contents."""
        title = self.type.height(text, HEADING, WIDTH)
        self.need(_BEFORE_HEADING + title + _AFTER_HEADING + following)
        self.y += _BEFORE_HEADING
        self.y = self.type.block(text, HEADING, LEFT, self.y, WIDTH) + 0.5
        self.rule()
        self.y += _AFTER_HEADING - 0.5

    def paragraph(self, text: str, style: Style) -> None:
        """Text over as many lines as it takes, from the edge where its script starts."""
        for line in self.type.wrap(text, style, WIDTH):
            self.need(style.line_height)
            align = Align.R if line.direction is TextDirection.RTL else Align.L
            self.type.draw(line, style, LEFT, self.y, WIDTH, align)
            self.y += style.line_height

    def fields(self, pairs: Sequence[tuple[str, str]], label_width: float) -> None:
        """Labelled texts below one another, each whole on a page, beside its label."""
        for label, text in pairs:
            width = WIDTH - label_width
            height = max(
                self.type.height(label, SMALL, label_width - 2) + 0.3,
                self.type.height(text, BODY, width),
            )
            self.need(height)
            self.type.block(label, SMALL, LEFT, self.y + 0.3, label_width - 2)
            self.type.block(text, BODY, LEFT + label_width, self.y, width)
            self.y += height + 0.6

    def rule(self, colour: Colour = RULE) -> None:
        """A hairline across the text at the current height."""
        self.fill(LEFT, self.y, WIDTH, 0.25, colour)

    def fill(
        self, x: float, y: float, width: float, height: float, colour: Colour, radius: float = 0
    ) -> None:
        """A filled rectangle; `radius` rounds its corners."""
        self.pdf.set_fill_color(*colour)
        self.pdf.rect(
            x, y, width, height, style="F", round_corners=radius > 0, corner_radius=radius
        )

    def footers(self, text: str) -> None:
        """Once all is drawn: the text and the page's number of how many on every page."""
        pages = len(self.pdf.pages)
        for page in range(1, pages + 1):
            self.pdf.page = page
            self.type.block(text, SMALL, LEFT, _FOOTER, WIDTH)
            self.type.block(f"Page {page} of {pages}", SMALL, LEFT, _FOOTER, WIDTH, Align.R)

    def _new_page(self) -> None:
        self.pdf.add_page()
        self.fill(0, 0, self.pdf.w, 3, ACCENT)
        self.fill(LEFT, _FOOTER - 1.5, WIDTH, 0.25, RULE)
        self.y = TOP
