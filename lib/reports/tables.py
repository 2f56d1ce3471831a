"""Ruled tables that run over pages: their headings again on each, amounts right, a sum below."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from fpdf.enums import Align

from lib.paper.sheet import BODY, INK, LABEL, LEFT, MUTED, RULE, STRONG, Sheet
from lib.paper.typesetter import Style

_GAP = 2.0  # mm between columns
_PADDING = 0.7  # mm above and below a row
CELL = replace(BODY, size=8)
REMARK = replace(BODY, size=7, colour=MUTED)
_SUM = replace(STRONG, size=8)


@dataclass(frozen=True)
class Column:
    """A heading, how wide it is in mm, and whether it holds amounts: one line, at the right."""

    title: str
    width: float
    amount: bool = False


@dataclass(frozen=True)
class Cell:
    """A text, and a remark in small print below it."""

    text: str
    remark: str = ""


def draw(
    sheet: Sheet,
    columns: Sequence[Column],
    rows: Iterable[Sequence[Cell | str]],
    sums: Sequence[str] = (),
) -> None:
    """The rows below their headings; `sums` is the last row, set apart by a line."""
    _headings(sheet, columns)
    for row in rows:
        cells = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
        height = max(_height(sheet, *pair) for pair in zip(columns, cells, strict=True))
        _make_room(sheet, columns, height + 2 * _PADDING)
        sheet.y += _PADDING
        x = LEFT
        for column, cell in zip(columns, cells, strict=True):
            _cell(sheet, column, cell, CELL, x)
            x += column.width
        sheet.y += height + _PADDING
        sheet.rule(RULE)
    if sums:
        _sums(sheet, columns, sums)


def opening(count: int) -> float:
    """What a heading keeps with itself, in mm: the column titles and up to three rows."""
    return LABEL.line_height + 2 + min(count, 3) * (CELL.line_height + 2 * _PADDING)


def _sums(sheet: Sheet, columns: Sequence[Column], sums: Sequence[str]) -> None:
    _make_room(sheet, columns, _SUM.line_height + 2 * _PADDING)
    sheet.rule(INK)
    sheet.y += _PADDING + 0.2
    x = LEFT
    for column, text in zip(columns, sums, strict=True):
        if text:
            _cell(sheet, column, Cell(text), _SUM, x)
        x += column.width
    sheet.y += _SUM.line_height + _PADDING


def _make_room(sheet: Sheet, columns: Sequence[Column], height: float) -> None:
    page = sheet.pdf.page
    sheet.need(height)
    if sheet.pdf.page != page:
        _headings(sheet, columns)


def _headings(sheet: Sheet, columns: Sequence[Column]) -> None:
    x = LEFT
    for column in columns:
        align = Align.R if column.amount else Align.L
        sheet.type.block(column.title, LABEL, x, sheet.y, _inner(column), align)
        x += column.width
    sheet.y += LABEL.line_height + 0.6
    sheet.rule(INK)


def _height(sheet: Sheet, column: Column, cell: Cell) -> float:
    if column.amount:
        return CELL.line_height
    height = sheet.type.height(cell.text, CELL, _inner(column))
    if cell.remark:
        height += sheet.type.height(cell.remark, REMARK, _inner(column))
    return height


def _cell(sheet: Sheet, column: Column, cell: Cell, style: Style, x: float) -> None:
    if column.amount:
        fitted = sheet.type.fit(cell.text, style, column.width - 1)
        sheet.type.block(cell.text, fitted, x, sheet.y, column.width, Align.R)
        return
    below = sheet.type.block(cell.text, style, x, sheet.y, _inner(column))
    if cell.remark:
        sheet.type.block(cell.remark, REMARK, x, below, _inner(column))


def _inner(column: Column) -> float:
    return column.width if column.amount else column.width - _GAP
