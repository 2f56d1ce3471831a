"""The quote document: what is said and in which order, from the letterhead to the small print."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF
from fpdf.enums import Align

from lib.domain.estimate import Estimate
from lib.domain.money import usd
from lib.domain.offers import Tier
from lib.domain.quote import Quote
from lib.quotes import figures
from lib.quotes.fonts import Weight
from lib.quotes.sheet import (
    ACCENT,
    BODY,
    HEADING_HEIGHT,
    INK,
    LABEL,
    LEFT,
    MUTED,
    RIGHT,
    SMALL,
    STRONG,
    WIDTH,
    Sheet,
)
from lib.quotes.text import clean
from lib.quotes.typesetter import Style, Typesetter

_COMPANY = Style(14, Weight.BOLD, INK)
_TITLE = Style(19, Weight.BOLD, ACCENT)
_JOB = Style(15, Weight.BOLD, INK)
_NOBODY = replace(BODY, colour=MUTED)
_TERMS = (
    "This is an estimate, not a fixed price: the run is charged for the time it takes, at the "
    "hourly rate above."
)
_LOCAL_TERMS = "This is an estimate of the time; the run uses this machine and no GPU is rented."


def render(quote: Quote) -> bytes:
    """The quote as an A4 PDF; the same quote always gives the same bytes."""
    with TemporaryDirectory(prefix="quote-fonts-") as folder:
        pdf = FPDF(format="A4")
        pdf.set_auto_page_break(False)
        pdf.set_creation_date(quote.issued_at)
        pdf.set_title(f"Cost estimate {quote.number}")
        pdf.set_lang("en")
        sheet = Sheet(pdf, Typesetter(pdf, _texts(quote), Path(folder)))
        _letterhead(sheet, quote)
        _job(sheet, quote)
        figures.headline(sheet, quote.estimate)
        figures.breakdown(sheet, quote.estimate)
        figures.comparison(sheet, quote)
        _configuration(sheet, quote)
        _small_print(sheet, quote)
        sheet.footers(f"Cost estimate {quote.number}")
        return bytes(pdf.output())


def _texts(value: object) -> Iterator[str]:
    """Every text inside a quote; the fonts are cut down to their characters."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name))
    if isinstance(value, Estimate):
        yield from (value.confidence_text, *value.warnings)
        yield from (text for line in value.lines for text in (line.label, line.detail))


def _letterhead(sheet: Sheet, quote: Quote) -> None:
    left = sheet.type.block(
        clean(quote.company) or "Company not named", _COMPANY, LEFT, sheet.y, 96
    )
    right = sheet.type.block("Cost estimate", _TITLE, 120, sheet.y - 2, RIGHT - 120, Align.R)
    for text, style in (
        (quote.number, STRONG),
        (f"Issued {_day(quote.issued_on)}", SMALL),
        (f"Valid until {_day(quote.valid_until)}", SMALL),
    ):
        right = sheet.type.block(text, style, 120, right, RIGHT - 120, Align.R)
    sheet.y = max(left, right) + 3
    sheet.rule()
    sheet.y += 4


def _job(sheet: Sheet, quote: Quote) -> None:
    sheet.paragraph(quote.job_name, _JOB)
    if clean(quote.description):
        sheet.y += 0.5
        sheet.paragraph(quote.description, replace(BODY, colour=MUTED))
    sheet.y += 3
    pairs = f"{quote.conversations:,} conversations, {quote.training_pairs:,} training pairs"
    named = [
        [quote.client, quote.project],
        [quote.made_by, quote.made_by_email],
        [quote.training_file, pairs],
    ]
    labels = [("Client", "Project"), ("Prepared by", "E-mail"), ("Training file", "Contents")]
    gap = 6.0
    column = (WIDTH - 2 * gap) / 3
    for row in range(2):
        texts = [clean(pair[row]) or "not named" for pair in named]
        heights = [sheet.type.height(text, BODY, column) for text in texts]
        sheet.need(LABEL.line_height + max(heights))
        for index, text in enumerate(texts):
            x = LEFT + index * (column + gap)
            sheet.type.block(labels[index][row], LABEL, x, sheet.y, column)
            style = BODY if clean(named[index][row]) else _NOBODY
            sheet.type.block(text, style, x, sheet.y + LABEL.line_height, column)
        sheet.y += LABEL.line_height + max(heights) + 1.5
    sheet.paragraph(quote.pairs_explained, SMALL)


def _configuration(sheet: Sheet, quote: Quote) -> None:
    """Short values three to a row, read across; long ones on rows of their own below."""
    rate = f"{quote.offer_title}, {usd(quote.estimate.hourly_rate)}/hr ({quote.rate_source})"
    pairs = [("Preset", quote.preset_title), *quote.parameters, ("GPU and rate", rate)]
    gap, label_width = 3.0, 34.0
    column = (WIDTH - 2 * gap) / 3
    value_width = column - label_width
    short = [p for p in pairs if sheet.type.height(p[1], BODY, value_width) <= BODY.line_height]
    rows = [(value_width, short[first : first + 3]) for first in range(0, len(short), 3)]
    rows += [(WIDTH - label_width, [pair]) for pair in pairs if pair not in short]
    heights = [
        max(sheet.type.height(label, SMALL, label_width - 2) for label, _ in row)
        + max(sheet.type.height(value, BODY, width) for _, value in row)
        - SMALL.line_height
        for width, row in rows
    ]
    # With the small print, which would look lost on a page of its own.
    sheet.heading("Configuration", following=sum(heights) + _small_print_height(sheet, quote))
    for (width, row), height in zip(rows, heights, strict=True):
        sheet.need(height)
        for index, (label, value) in enumerate(row):
            x = LEFT + index * (column + gap)
            sheet.type.block(label, SMALL, x, sheet.y + 0.3, label_width - 2)
            sheet.type.block(value, BODY, x + label_width, sheet.y, width)
        sheet.y += height


def _small_print(sheet: Sheet, quote: Quote) -> None:
    sheet.heading("Accuracy and validity", following=2 * BODY.line_height)
    sheet.paragraph(quote.accuracy, BODY)
    sheet.paragraph(_terms(quote), BODY)


def _small_print_height(sheet: Sheet, quote: Quote) -> float:
    texts = (quote.accuracy, _terms(quote))
    return HEADING_HEIGHT + sum(sheet.type.height(text, BODY, WIDTH) for text in texts)


def _terms(quote: Quote) -> str:
    terms = _LOCAL_TERMS if quote.estimate.tier is Tier.LOCAL else _TERMS
    return f"{terms} It is valid until {_day(quote.valid_until)}."


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
