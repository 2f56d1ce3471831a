"""Cells that spreadsheets could run."""

import csv
from decimal import Decimal
from io import StringIO

import pytest

from lib.domain.spreadsheet import csv_line, literal_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert literal_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "a=1", "'=1", Decimal("-3.00"), None, 7])
def test_everything_else_stays_as_it_is(value: object) -> None:
    assert literal_cell(value) == value


def test_a_line_is_csv_of_one_cell_a_value_whatever_is_in_it() -> None:
    cells = ["=1+1", 'say "hi", now', "two\nlines", None, -3, Decimal("-0.50"), ""]
    (read,) = csv.reader(StringIO(csv_line(cells), newline=""))
    assert read == ["'=1+1", 'say "hi", now', "two\nlines", "", "-3", "-0.50", ""]
