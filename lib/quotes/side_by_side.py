"""Configurations side by side: the presets and tiers around a quoted one, or the alternatives.

The only sums made here are the differences between two estimates' totals.
"""

from dataclasses import replace
from decimal import Decimal

from fpdf.enums import Align

from lib.domain.estimate import Estimate, format_hours
from lib.domain.history import VARIANCE
from lib.domain.money import usd
from lib.domain.quote import Cell, Choice, ComparedPreset, Comparison
from lib.paper.sheet import (
    ACCENT,
    BODY,
    LABEL,
    LEFT,
    SMALL,
    SOFT,
    STRONG,
    TINT,
    WIDTH,
    Sheet,
)
from lib.quotes import charts, figures

_TITLES, _GAP, _PAD = 38.0, 2.0, 2.5  # mm: the presets' column, between columns, inside a cell
_BAR = 1.6
_LETTERS = "ABCDEF"  # as many as MOST_CHOICES
_LETTER = replace(STRONG, colour=ACCENT)
_FACT = replace(STRONG, size=11)
_FACT_WIDTHS = (36.0, 48.0, 38.0, 52.0)
_FACTS = 14.0  # mm: the row of figures at the head of an alternative


def matrix(sheet: Sheet, comparison: Comparison, quoted: Estimate) -> None:
    """A row a preset, a column an offer: total, hours and the difference to what is quoted."""
    width = (WIDTH - _TITLES) / len(comparison.offers) - _GAP
    columns = [LEFT + _TITLES + _GAP + at * (width + _GAP) for at in range(len(comparison.offers))]
    heads = [(title, f"{usd(rate)}/hr") for title, rate in comparison.offers]
    head = max(sheet.type.height(title, LABEL, width - 2 * _PAD) for title, _ in heads)
    head += SMALL.line_height + 1
    heights = [_row_height(sheet, row, width) for row in comparison.rows]
    sheet.heading("Presets and GPUs side by side", following=head + sum(heights))
    for x, (title, rate) in zip(columns, heads, strict=True):
        y = sheet.type.block(title, LABEL, x + _PAD, sheet.y, width - 2 * _PAD)
        sheet.type.block(rate, SMALL, x + _PAD, y, width - 2 * _PAD)
    sheet.y += head
    estimates = [c.estimate for row in comparison.rows for c in row.cells if c.estimate]
    largest = max(estimate.total for estimate in estimates)
    for row, height in zip(comparison.rows, heights, strict=True):
        sheet.need(height)
        style = STRONG if any(cell.quoted for cell in row.cells) else BODY
        y = sheet.type.block(row.title, style, LEFT, sheet.y + 1, _TITLES - 1)
        sheet.type.block(row.note, SMALL, LEFT, y, _TITLES - 1)
        for x, cell in zip(columns, row.cells, strict=True):
            if cell.quoted:
                sheet.fill(x, sheet.y, width, height - 1, TINT, radius=1.5)
            _cell(sheet, cell, x + _PAD, width - 2 * _PAD, largest, quoted.total)
        sheet.y += height


def _row_height(sheet: Sheet, row: ComparedPreset, width: float) -> float:
    title = sheet.type.height(row.title, STRONG, _TITLES - 1)
    if row.note:
        title += sheet.type.height(row.note, SMALL, _TITLES - 1)
    cells = [
        STRONG.line_height
        + _BAR
        + 1
        + SMALL.line_height
        + (sheet.type.height(cell.note, SMALL, width - 2 * _PAD) if cell.note else 0)
        for cell in row.cells
    ]
    return max(title, *cells) + 3


def _cell(
    sheet: Sheet, cell: Cell, x: float, width: float, largest: Decimal, quoted: Decimal
) -> None:
    y, estimate = sheet.y + 1, cell.estimate
    if estimate is None:
        y = sheet.type.block("Not measured here yet", SMALL, x, y, width)
    else:
        hours = format_hours(estimate.duration_hours)
        sheet.type.block(hours, sheet.type.fit(hours, SMALL, width * 0.46), x, y, width, Align.R)
        total = usd(estimate.total)
        sheet.type.block(total, sheet.type.fit(total, STRONG, width * 0.5), x, y, width)
        y += STRONG.line_height + 0.3
        colour = ACCENT if cell.quoted else SOFT
        charts.bar(
            sheet, estimate.total, largest, x=x, y=y, width=width, height=_BAR, colour=colour
        )
        y += _BAR + 0.4
        said = "This quote" if cell.quoted else difference(estimate.total - quoted)
        y = sheet.type.block(said, SMALL, x, y, width)
    if cell.note:
        sheet.type.block(cell.note, SMALL, x, y, width)


def overview(sheet: Sheet, choices: tuple[Choice, ...]) -> None:
    """The alternatives in a table, in the order in which they follow; it recommends none."""
    largest = max(choice.estimate.total for choice in choices)
    title_x, title_width, bar_x, bar_width = LEFT + 6, 58.0, LEFT + 66, 22.0
    columns = ((109.0, 22.0), (133.0, 37.0), (172.0, 20.0))  # x and width, right aligned
    heights = [sheet.type.height(c.title, BODY, title_width) + 1.6 for c in choices]
    sheet.heading("Alternatives", following=LABEL.line_height + 1 + sum(heights))
    for (x, width), label in zip(columns, ("Duration", "Range", "Expected"), strict=True):
        sheet.type.block(label, LABEL, x, sheet.y, width, Align.R)
    sheet.y += LABEL.line_height + 1
    for letter, choice, height in zip(_LETTERS, choices, heights, strict=False):
        estimate = choice.estimate
        sheet.type.block(letter, _LETTER, LEFT, sheet.y, 6)
        sheet.type.block(choice.title, BODY, title_x, sheet.y, title_width)
        charts.bar(
            sheet,
            estimate.total,
            largest,
            x=bar_x,
            y=sheet.y + 0.9,
            width=bar_width,
            height=3,
            colour=SOFT,
        )
        cells = (
            (format_hours(estimate.duration_hours), BODY),
            (_range(estimate), BODY),
            (usd(estimate.total), STRONG),
        )
        for (x, width), (text, style) in zip(columns, cells, strict=True):
            fitted = sheet.type.fit(text, style, width)
            sheet.type.block(text, fitted, x, sheet.y, width, Align.R)
        sheet.y += height


def alternatives(sheet: Sheet, choices: tuple[Choice, ...]) -> None:
    """Each alternative with its breakdown and its parameters, kept on one page."""
    for letter, choice in zip(_LETTERS, choices, strict=False):
        estimate = choice.estimate
        about = [
            f"Basis: {estimate.basis}. Confidence: {estimate.confidence_text}. "
            f"Rate: {choice.rate_source}.",
            " · ".join(f"{label} {value}" for label, value in choice.parameters),
        ]
        if choice.changes:
            about.append(f"Modified from {choice.preset_title}: {'; '.join(choice.changes)}.")
        height = _FACTS + figures.breakdown_height(sheet, estimate) + 6 * len(choice.notes)
        height += sum(sheet.type.height(text, SMALL, WIDTH) for text in about) + 4
        sheet.heading(f"{letter}. {choice.title}", following=height)
        _facts(sheet, estimate)
        figures.breakdown(sheet, estimate)
        sheet.y += 1
        for text in about:
            sheet.paragraph(text, SMALL)
        figures.warnings(sheet, choice.notes)


def _facts(sheet: Sheet, estimate: Estimate) -> None:
    """The four figures of an alternative in a row."""
    facts = (
        ("Expected total", usd(estimate.total)),
        (f"Range, ±{VARIANCE * 100:.0f} %", _range(estimate)),
        ("Expected duration", format_hours(estimate.duration_hours)),
        (
            f"Range, ±{VARIANCE * 100:.0f} %",
            figures.span(
                format_hours(estimate.duration_min_hours),
                format_hours(estimate.duration_max_hours),
            ),
        ),
    )
    sheet.fill(LEFT, sheet.y, WIDTH, _FACTS - 2, TINT, radius=1.5)
    x = LEFT + 3
    for (label, value), width in zip(facts, _FACT_WIDTHS, strict=True):
        sheet.type.block(label, LABEL, x, sheet.y + 1.5, width - 4)
        fitted = sheet.type.fit(value, _FACT, width - 5)
        sheet.type.block(value, fitted, x, sheet.y + 1.5 + LABEL.line_height, width - 4)
        x += width
    sheet.y += _FACTS


def _range(estimate: Estimate) -> str:
    return figures.span(usd(estimate.cost_min), usd(estimate.cost_max))


def difference(amount: Decimal) -> str:
    """`+$367.66`, `-$93.37`."""
    return f"+{usd(amount)}" if amount > 0 else usd(amount)
