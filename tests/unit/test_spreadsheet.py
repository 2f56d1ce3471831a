"""Cells that spreadsheets could run."""

from decimal import Decimal

import pytest

from lib.domain.spreadsheet import literal_cell


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1"])
def test_a_formula_becomes_text(text: str) -> None:
    assert literal_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["", "a=1", "'=1", Decimal("-3.00"), None, 7])
def test_everything_else_stays_as_it_is(value: object) -> None:
    assert literal_cell(value) == value
