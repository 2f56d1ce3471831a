"""The figures of a quote: the headline, the breakdown, the comparison.

Each is the estimate's own, in the app's own words; the only sums made here are the differences
between two estimates' totals.
"""

from decimal import Decimal

from fpdf.enums import Align

from lib.domain.estimate import VARIANCE, Estimate, format_hours
from lib.domain.money import usd
from lib.domain.quote import Quote
from lib.quotes import charts
from lib.quotes.fonts import Weight
from lib.quotes.sheet import (
    ACCENT,
    AMBER,
    AMBER_TINT,
    BODY,
    INK,
    LABEL,
    LEFT,
    SMALL,
    SOFT,
    STRONG,
    TINT,
    WIDTH,
    Sheet,
)
from lib.quotes.typesetter import Style

_HEADLINE = Style(24, Weight.BOLD, ACCENT)
_SUBHEADLINE = Style(15, Weight.BOLD, INK)
_WARNING = Style(9, Weight.BOLD, AMBER)


def headline(sheet: Sheet, estimate: Estimate) -> None:
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


def breakdown(sheet: Sheet, estimate: Estimate) -> None:
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


def comparison(sheet: Sheet, quote: Quote) -> None:
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


def _range(least: str, most: str) -> str:
    return least if least == most else f"{least} – {most}"


def _difference(amount: Decimal) -> str:
    return f"+{usd(amount)}" if amount > 0 else usd(amount)
