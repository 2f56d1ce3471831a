"""What every document begins with: a sheet that knows its texts' fonts, and the letterhead."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF
from fpdf.enums import Align

from lib.paper.fonts import Weight
from lib.paper.sheet import ACCENT, INK, LEFT, RIGHT, SMALL, STRONG, Sheet
from lib.paper.text import clean
from lib.paper.typesetter import Style, Typesetter

_COMPANY = Style(14, Weight.BOLD, INK)
_TITLE = Style(19, Weight.BOLD, ACCENT)


@contextmanager
def opened(title: str, made_at: datetime, texts: Iterable[str]) -> Iterator[tuple[FPDF, Sheet]]:
    """An empty A4 document; the fonts are cut down to the characters of `texts`.

    `made_at` is written into it, so that the same content always gives the same bytes.
    """
    with TemporaryDirectory(prefix="document-fonts-") as folder:
        pdf = FPDF(format="A4")
        pdf.set_auto_page_break(False)
        pdf.set_creation_date(made_at)
        pdf.set_title(title)
        pdf.set_lang("en")
        yield pdf, Sheet(pdf, Typesetter(pdf, texts, Path(folder)))


def parts(value: object) -> Iterator[object]:
    """A value and, however deep, all that its tuples and dataclasses hold."""
    yield value
    if isinstance(value, tuple):
        for item in value:
            yield from parts(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))


def letterhead(sheet: Sheet, company: str, title: str, lines: Sequence[str], x: float) -> None:
    """The company on the left; from `x` to the right edge the title, then lines, the first bold."""
    left = sheet.type.block(clean(company) or "Company not named", _COMPANY, LEFT, sheet.y, 96)
    width = RIGHT - x
    right = sheet.type.block(title, _TITLE, x, sheet.y - 2, width, Align.R)
    for index, line in enumerate(lines):
        style = SMALL if index else STRONG
        right = sheet.type.block(line, style, x, right, width, Align.R)
    sheet.y = max(left, right) + 3
    sheet.rule()
    sheet.y += 4
