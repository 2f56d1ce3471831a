"""The figures of one configuration: the headline, what to beware of, the breakdown.

Each is the estimate's own, in the app's own words.
"""

from fpdf.enums import Align

from lib.domain.estimate import VARIANCE, Estimate, format_hours
from lib.domain.money import usd
from lib.domain.quote import Choice
from lib.paper.fonts import Weight
from lib.paper.sheet import (
    ACCENT,
    AMBER,
    AMBER_TINT,
    BODY,
    INK,
    LABEL,
    LEFT,
    SMALL,
    STRONG,
    TINT,
    WIDTH,
    Sheet,
)
from lib.paper.typesetter import Style
from lib.quotes import charts

_HEADLINE = Style(24, Weight.BOLD, ACCENT)
_SUBHEADLINE = Style(15, Weight.BOLD, INK)
_WARNING = Style(9, Weight.BOLD, AMBER)
_BAR = 5.5  # mm that the bar of shares takes
_DETAILS_X, _DETAILS_WIDTH = LEFT + 46, 98.0


def headline(sheet: Sheet, choice: Choice) -> None:
    """The range first, as large as it is important, then what it rests on."""
    estimate = choice.estimate
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
            span(usd(estimate.cost_min), usd(estimate.cost_max)),
            usd(estimate.total),
        ),
        (
            LEFT + 7 + split,
            inner - split,
            "Estimated duration",
            _SUBHEADLINE,
            span(
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
    warnings(sheet, (*estimate.warnings, *choice.notes))


def warnings(sheet: Sheet, warnings: tuple[str, ...]) -> None:
    """What a reader should not miss, on amber; nothing where there is nothing."""
    if not warnings:
        return
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
    heights = _line_heights(sheet, estimate)
    drawn = any(line.amount for line in estimate.lines)
    sheet.need(breakdown_height(sheet, estimate))
    if drawn:
        charts.stacked_bar(
            sheet, [line.amount for line in estimate.lines], LEFT, sheet.y, WIDTH, height=4
        )
        sheet.y += _BAR
    for index, (line, height) in enumerate(zip(estimate.lines, heights, strict=True)):
        if drawn:
            sheet.fill(LEFT, sheet.y + 1.1, 2.4, 2.4, charts.share_colour(index))
        sheet.type.block(line.label, BODY, LEFT + 5, sheet.y, 41)
        sheet.type.block(line.detail, SMALL, _DETAILS_X, sheet.y + 0.4, _DETAILS_WIDTH)
        sheet.type.block(usd(line.amount), BODY, LEFT, sheet.y, WIDTH, Align.R)
        sheet.y += height
    sheet.rule(INK)
    sheet.y += 0.8
    sheet.type.block("Expected total", STRONG, LEFT + 5, sheet.y, 60)
    sheet.type.block(usd(estimate.total), STRONG, LEFT, sheet.y, WIDTH, Align.R)
    sheet.y += STRONG.line_height


def breakdown_height(sheet: Sheet, estimate: Estimate) -> float:
    return _BAR + sum(_line_heights(sheet, estimate)) + 0.8 + STRONG.line_height


def _line_heights(sheet: Sheet, estimate: Estimate) -> list[float]:
    return [
        max(sheet.type.height(line.detail, SMALL, _DETAILS_WIDTH), BODY.line_height) + 0.8
        for line in estimate.lines
    ]


def span(least: str, most: str) -> str:
    return least if least == most else f"{least} – {most}"
