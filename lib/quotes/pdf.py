"""The quote document: what is said, in which order, and where on the page.

Every figure is the estimate's own, in the app's own words; the only sums made here are the
differences between two estimates' totals.
"""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from fpdf import FPDF
from fpdf.enums import Align

from lib.domain.estimate import VARIANCE, Estimate, format_hours
from lib.domain.money import usd
from lib.domain.offers import Tier
from lib.domain.quote import Quote
from lib.quotes import charts
from lib.quotes.fonts import Weight
from lib.quotes.sheet import (
    ACCENT,
    AMBER,
    AMBER_TINT,
    BODY,
    HEADING_HEIGHT,
    INK,
    LABEL,
    LEFT,
    MUTED,
    RIGHT,
    SMALL,
    SOFT,
    STRONG,
    TINT,
    WIDTH,
    Sheet,
)
from lib.quotes.text import clean
from lib.quotes.typesetter import Style, Typesetter

_COMPANY = Style(14, Weight.BOLD, INK)
_TITLE = Style(19, Weight.BOLD, ACCENT)
_JOB = Style(15, Weight.BOLD, INK)
_HEADLINE = Style(24, Weight.BOLD, ACCENT)
_SUBHEADLINE = Style(15, Weight.BOLD, INK)
_NOBODY = replace(BODY, colour=MUTED)
_WARNING = Style(9, Weight.BOLD, AMBER)
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
        _headline(sheet, quote.estimate)
        _breakdown(sheet, quote.estimate)
        _comparison(sheet, quote)
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
        yield from value.warnings


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


def _headline(sheet: Sheet, estimate: Estimate) -> None:
    """The range first, as large as it is important, then what it rests on."""
    sheet.y += 3
    basis = (
        f"±{VARIANCE * 100:.0f} %. Basis: {estimate.basis}. Confidence: {estimate.confidence_text}."
    )
    inner, split = WIDTH - 14, 100.0
    notes = sheet.type.height(basis, SMALL, inner)
    height = 29 + notes
    sheet.need(height)
    sheet.fill(LEFT, sheet.y, WIDTH, height, TINT, radius=2)
    sheet.fill(LEFT, sheet.y, 1.6, height, ACCENT)
    columns = (
        (
            LEFT + 7,
            split,
            "Estimated total",
            _HEADLINE,
            _range(usd(estimate.cost_min), usd(estimate.cost_max)),
            usd(estimate.total),
        ),
        (
            LEFT + 7 + split,
            inner - split,
            "Estimated duration",
            _SUBHEADLINE,
            _range(
                format_hours(estimate.duration_min_hours),
                format_hours(estimate.duration_max_hours),
            ),
            format_hours(estimate.duration_hours),
        ),
    )
    for x, width, label, style, range_, expected in columns:
        sheet.type.block(label, LABEL, x, sheet.y + 4, width)
        fitted = sheet.type.fit(range_, style, width - 4)
        baseline_shift = (_HEADLINE.size - fitted.size) * 0.38
        sheet.type.block(range_, fitted, x, sheet.y + 7 + baseline_shift, width)
        sheet.type.block(f"Expected {expected}", STRONG, x, sheet.y + 19.5, width)
    sheet.type.block(basis, SMALL, LEFT + 7, sheet.y + 26, inner)
    sheet.y += height
    if estimate.warnings:
        _warnings(sheet, estimate.warnings)


def _warnings(sheet: Sheet, warnings: tuple[str, ...]) -> None:
    inner = WIDTH - 14
    height = sum(sheet.type.height(warning, _WARNING, inner) for warning in warnings) + 3
    sheet.y += 2
    sheet.need(height)
    sheet.fill(LEFT, sheet.y, WIDTH, height, AMBER_TINT, radius=1.5)
    y = sheet.y + 1.5
    for warning in warnings:
        y = sheet.type.block(warning, _WARNING, LEFT + 7, y, inner)
    sheet.y += height


def _breakdown(sheet: Sheet, estimate: Estimate) -> None:
    """The lines and what they add up to; a bar of their shares when there is anything to pay."""
    details_x, details_width = LEFT + 46, 98.0
    heights = [
        max(sheet.type.height(line.detail, SMALL, details_width), BODY.line_height) + 0.8
        for line in estimate.lines
    ]
    drawn = any(line.amount for line in estimate.lines)
    sheet.heading("Cost breakdown", following=15 + sum(heights))
    if drawn:
        charts.stacked_bar(
            sheet, [line.amount for line in estimate.lines], LEFT, sheet.y, WIDTH, height=4
        )
        sheet.y += 5.5
    for index, (line, height) in enumerate(zip(estimate.lines, heights, strict=True)):
        if drawn:
            sheet.fill(LEFT, sheet.y + 1.1, 2.4, 2.4, charts.share_colour(index))
        sheet.type.block(line.label, BODY, LEFT + 5, sheet.y, 41)
        sheet.type.block(line.detail, SMALL, details_x, sheet.y + 0.4, details_width)
        sheet.type.block(usd(line.amount), BODY, LEFT, sheet.y, WIDTH, Align.R)
        sheet.y += height
    sheet.rule(INK)
    sheet.y += 0.8
    sheet.type.block("Expected total", STRONG, LEFT + 5, sheet.y, 60)
    sheet.type.block(usd(estimate.total), STRONG, LEFT, sheet.y, WIDTH, Align.R)
    sheet.y += STRONG.line_height


def _comparison(sheet: Sheet, quote: Quote) -> None:
    """Each configuration as a bar and in figures, the quoted one first."""
    if not quote.alternatives:
        return
    sheet.heading("Compared with other configurations", following=30)
    total = quote.estimate.total
    rows = [("This configuration", quote.estimate, "")]
    rows += [
        (a.title, a.estimate, _difference(a.estimate.total - total)) for a in quote.alternatives
    ]
    largest = max(estimate.total for _, estimate, _ in rows)
    title_width, bar_width = 52.0, 44.0
    bar_x = LEFT + title_width + 4
    columns = ((119.0, 23.0), (143.0, 23.0), (167.0, 25.0))  # x and width, right aligned
    for (x, width), label in zip(columns, ("Duration", "Total", "Difference"), strict=True):
        sheet.type.block(label, LABEL, x, sheet.y, width, Align.R)
    sheet.y += LABEL.line_height + 1
    for index, (title, estimate, difference) in enumerate(rows):
        style, colour = (BODY, SOFT) if index else (STRONG, ACCENT)
        height = sheet.type.height(title, style, title_width) + 1.4
        sheet.need(height)
        sheet.type.block(title, style, LEFT, sheet.y, title_width)
        charts.bar(
            sheet,
            estimate.total,
            largest,
            x=bar_x,
            y=sheet.y + 0.9,
            width=bar_width,
            height=3,
            colour=colour,
        )
        figures = (format_hours(estimate.duration_hours), usd(estimate.total), difference)
        for (x, width), figure in zip(columns, figures, strict=True):
            fitted = sheet.type.fit(figure, style, width)
            sheet.type.block(figure, fitted, x, sheet.y, width, Align.R)
        sheet.y += height


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


def _range(least: str, most: str) -> str:
    return least if least == most else f"{least} – {most}"


def _difference(amount: Decimal) -> str:
    return f"+{usd(amount)}" if amount > 0 else usd(amount)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
