"""The month as a drawing: spending added up by days, against the limit and its grace."""

from datetime import date
from decimal import Decimal

from fpdf.enums import Align

from lib.domain.money import ZERO, usd
from lib.domain.statement import Statement, last_day
from lib.paper.fonts import Weight
from lib.paper.sheet import (
    ACCENT,
    AMBER,
    FAINT,
    LEFT,
    MUTED,
    RULE,
    SOFT,
    TINT,
    WIDTH,
    Sheet,
)
from lib.paper.typesetter import Colour, Style

HEIGHT = 58.0  # mm with the dates and the legend
_PLOT = 46.0
_SCALE = 19.0  # mm for the amounts at the left
_HEADROOM = Decimal("1.12")
_TICKS = 4
_MARK = Style(7, Weight.REGULAR, MUTED)


class _Plane:
    """Where an amount and a moment of the month lie on the page, in mm."""

    def __init__(self, sheet: Sheet, statement: Statement) -> None:
        budget, projection = statement.budget, statement.projection
        highest = max(budget.ceiling, budget.spent + budget.reserved, projection.expected)
        self.top = highest * _HEADROOM or Decimal(1)
        self.left, self.width = LEFT + _SCALE, WIDTH - _SCALE
        self.floor = sheet.y + _PLOT
        self.begin = budget.month
        self.days = budget.resets_on.toordinal() - budget.month.toordinal()

    def x(self, day: float) -> float:
        """`day` counts from the month's begin; days before and after lie on its edges."""
        return self.left + self.width * min(max(day, 0), self.days) / self.days

    def y(self, amount: Decimal) -> float:
        return self.floor - _PLOT * float(amount / self.top)


def draw(sheet: Sheet, statement: Statement) -> None:
    """The chart at the sheet's height, which it moves on by `HEIGHT`."""
    plane = _Plane(sheet, statement)
    _scale(sheet, plane)
    _dates(sheet, plane, last_day(statement.budget))
    now = _now(statement, plane)
    _reserved(sheet, plane, statement, now)
    _spent(sheet, plane, statement, now)
    _limits(sheet, plane, statement)
    _legend(sheet, statement, plane.floor + 8)
    sheet.y += HEIGHT


def steps(statement: Statement) -> list[tuple[date, Decimal]]:
    """What had been spent at the end of each day on which a job ended."""
    sums, found = ZERO, []
    for day, cost in statement.daily:
        sums += cost
        found.append((day, sums))
    return found


def _now(statement: Statement, plane: _Plane) -> float:
    moment = statement.as_of
    return moment.date().toordinal() - plane.begin.toordinal() + moment.hour / 24


def _spent(sheet: Sheet, plane: _Plane, statement: Statement, now: float) -> None:
    """A staircase: each day's cost counts at the day's end, today's now."""
    corners, level = [(plane.x(0), plane.floor)], plane.floor
    for day, amount in steps(statement):
        x = plane.x(min(day.toordinal() - plane.begin.toordinal() + 1, now))
        corners += [(x, level), (x, plane.y(amount))]
        level = plane.y(amount)
    corners.append((plane.x(now), level))
    pdf = sheet.pdf
    pdf.set_fill_color(*FAINT)
    pdf.polygon([*corners, (plane.x(now), plane.floor)], style="F")
    _pen(sheet, ACCENT, 0.5)
    pdf.polyline(corners)


def _reserved(sheet: Sheet, plane: _Plane, statement: Statement, now: float) -> None:
    """What open jobs may still cost, on top of what is spent; and where the month is headed."""
    budget = statement.budget
    left, right = plane.x(now), plane.x(plane.days)
    if budget.reserved > ZERO and not statement.passed:
        top = plane.y(budget.spent + budget.reserved)
        sheet.fill(left, top, right - left, plane.y(budget.spent) - top, TINT)
        _line(sheet, SOFT, left, top, right, top, dash=0.8)
    if statement.projection.expected > budget.spent and not statement.passed:
        y = plane.y(budget.spent), plane.y(statement.projection.expected)
        _line(sheet, ACCENT, left, y[0], right, y[1], dash=1.6)


def _limits(sheet: Sheet, plane: _Plane, statement: Statement) -> None:
    budget = statement.budget
    right = plane.left + plane.width
    y = plane.y(budget.limit)
    _line(sheet, AMBER, plane.left, y, right, y)
    if budget.ceiling > budget.limit:
        y = plane.y(budget.ceiling)
        _line(sheet, AMBER, plane.left, y, right, y, dash=0.8)


def _scale(sheet: Sheet, plane: _Plane) -> None:
    """Round amounts at the left, each with a hairline."""
    step = _round_step(plane.top / _TICKS)
    amount = ZERO
    while amount <= plane.top:
        y = plane.y(amount)
        sheet.fill(plane.left, y, plane.width, 0.2, RULE)
        text = f"${amount:,.0f}" if step >= 1 else usd(amount)
        style = sheet.type.fit(text, _MARK, _SCALE - 3)
        sheet.type.block(text, style, LEFT, y - 1.8, _SCALE - 2, Align.R)
        amount += step


def _round_step(least: Decimal) -> Decimal:
    """1, 2, 2.5 or 5 times a power of ten: the first that is not below."""
    power = Decimal(10) ** least.adjusted()
    return next(n * power for n in map(Decimal, ("1", "2", "2.5", "5", "10")) if n * power >= least)


def _dates(sheet: Sheet, plane: _Plane, last: date) -> None:
    """The first, then every seventh day, and the last."""
    for number in (1, 8, 15, 22, last.day):
        x = plane.x(number - 1)
        sheet.fill(x, plane.floor, 0.2, 1.2, MUTED)
        text = f"{number} {last:%b}"
        left = min(x - 1, plane.left + plane.width - sheet.type.width(text, _MARK))
        sheet.type.block(text, _MARK, left, plane.floor + 1.6, 20)


def _legend(sheet: Sheet, statement: Statement, y: float) -> None:
    budget = statement.budget
    entries: list[tuple[Colour, float, str]] = [(ACCENT, 0, f"Spent {usd(budget.spent)}")]
    if not statement.passed and budget.reserved > ZERO:
        entries.append((SOFT, 0.8, f"with reserved {usd(budget.spent + budget.reserved)}"))
    if not statement.passed and statement.projection.expected > budget.spent:
        entries.append((ACCENT, 1.6, f"projected {usd(statement.projection.expected)}"))
    entries.append((AMBER, 0, f"limit {usd(budget.limit)}"))
    if budget.ceiling > budget.limit:
        entries.append((AMBER, 0.8, f"with grace {usd(budget.ceiling)}"))
    widths = [sheet.type.width(text, _MARK) + 11 for _, _, text in entries]
    x = LEFT
    for (colour, dash, text), width in zip(entries, widths, strict=True):
        if x + width > LEFT + WIDTH + 4:
            x, y = LEFT, y + 3.5
        _line(sheet, colour, x, y + 1.8, x + 6, y + 1.8, dash=dash)
        sheet.type.block(text, _MARK, x + 7, y, width)
        x += width


def _line(
    sheet: Sheet, colour: Colour, x: float, y: float, to_x: float, to_y: float, dash: float = 0
) -> None:
    """`dash` in mm; 0 draws through."""
    _pen(sheet, colour, 0.35)
    sheet.pdf.set_dash_pattern(dash=dash, gap=dash)
    sheet.pdf.line(x, y, to_x, to_y)
    sheet.pdf.set_dash_pattern()


def _pen(sheet: Sheet, colour: Colour, width: float) -> None:
    sheet.pdf.set_draw_color(*colour)
    sheet.pdf.set_line_width(width)
