"""Text for spreadsheets, which take some cells for formulas and run them."""

import csv
from collections.abc import Iterable
from io import StringIO

#: In front of a CSV file: Excel reads UTF-8 by it.
BYTE_ORDER_MARK = "\ufeff"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def literal_cell(value: object) -> object:
    """A cell that no spreadsheet takes for a formula; what is no text is left as it is."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def csv_line(cells: Iterable[object]) -> str:
    """One line of a CSV file, its end included; no cell is taken for a formula."""
    out = StringIO()
    csv.writer(out).writerow([literal_cell(cell) for cell in cells])
    return out.getvalue()
