"""The quote document: what is said and in which order, from the letterhead to the small print."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF
from fpdf.enums import Align

from lib.domain.estimate import Estimate
from lib.domain.quote import Choice, Comparison, Quote, long_date
from lib.paper.fonts import Weight
from lib.paper.sheet import (
    ACCENT,
    BODY,
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
from lib.paper.text import clean
from lib.paper.typesetter import Style, Typesetter
from lib.quotes import closing, figures, side_by_side

_COMPANY = Style(14, Weight.BOLD, INK)
_TITLE = Style(19, Weight.BOLD, ACCENT)
_JOB = Style(15, Weight.BOLD, INK)
_NOBODY = replace(BODY, colour=MUTED)


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
        if len(quote.choices) == 1:
            _one_choice(sheet, quote.choices[0], quote.comparison)
        else:
            side_by_side.overview(sheet, quote.choices)
            side_by_side.alternatives(sheet, quote.choices)
            closing.accuracy_records(sheet, quote.choices)
        closing.conditions(sheet, quote)
        closing.revision_history(sheet, quote.revisions)
        closing.signature(sheet, several=len(quote.choices) > 1)
        sheet.footers(f"Cost estimate {quote.number}")
        return bytes(pdf.output())


def _one_choice(sheet: Sheet, choice: Choice, comparison: Comparison | None) -> None:
    figures.headline(sheet, choice)
    height = figures.breakdown_height(sheet, choice.estimate)
    sheet.heading("Cost breakdown", following=height)
    figures.breakdown(sheet, choice.estimate)
    if comparison is not None:
        side_by_side.matrix(sheet, comparison, choice.estimate)
    closing.configuration(sheet, choice)
    closing.accuracy_record(sheet, choice)


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
        yield from (value.confidence_text, value.disclaimer, *value.warnings)
        yield from (text for line in value.lines for text in (line.label, line.detail))


def _letterhead(sheet: Sheet, quote: Quote) -> None:
    left = sheet.type.block(
        clean(quote.company) or "Company not named", _COMPANY, LEFT, sheet.y, 96
    )
    right = sheet.type.block("Cost estimate", _TITLE, 120, sheet.y - 2, RIGHT - 120, Align.R)
    for text, style in (
        (quote.number, STRONG),
        (f"Issued {long_date(quote.issued_on)}", SMALL),
        (f"Valid until {long_date(quote.valid_until)}", SMALL),
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
