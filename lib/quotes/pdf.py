"""The quote document: what is said and in which order, from the letterhead to the small print."""

from collections.abc import Iterator
from dataclasses import replace

from lib.domain.estimate import Estimate
from lib.domain.quote import Choice, Comparison, Quote, long_date
from lib.paper.document import letterhead, opened, parts
from lib.paper.fonts import Weight
from lib.paper.sheet import (
    BODY,
    INK,
    LABEL,
    LEFT,
    MUTED,
    SMALL,
    WIDTH,
    Sheet,
)
from lib.paper.text import clean
from lib.paper.typesetter import Style
from lib.quotes import closing, figures, side_by_side

_JOB = Style(15, Weight.BOLD, INK)
_NOBODY = replace(BODY, colour=MUTED)


def render(quote: Quote) -> bytes:
    """The quote as an A4 PDF; the same quote always gives the same bytes."""
    title = f"Cost estimate {quote.number}"
    with opened(title, quote.issued_at, _texts(quote)) as (pdf, sheet):
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
        sheet.footers(title)
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


def _texts(quote: Quote) -> Iterator[str]:
    """Every text inside a quote, and what its estimates say of themselves."""
    for part in parts(quote):
        if isinstance(part, str):
            yield part
        elif isinstance(part, Estimate):
            yield from (part.confidence_text, part.disclaimer, *part.warnings)
            yield from (text for line in part.lines for text in (line.label, line.detail))


def _letterhead(sheet: Sheet, quote: Quote) -> None:
    lines = (
        quote.number,
        f"Issued {long_date(quote.issued_on)}",
        f"Valid until {long_date(quote.valid_until)}",
    )
    letterhead(sheet, quote.company, "Cost estimate", lines, 120)


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
