"""What is printed: exact numbers for programs, nothing that steers a terminal for people."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.cli.output import record, table, to_json, visible


@given(st.decimals(min_value="-9999999999.99", max_value="9999999999.99", places=2))
def test_amounts_are_numbers_with_their_own_digits(amount: Decimal) -> None:
    assert json.loads(to_json({"total": amount}), parse_float=Decimal)["total"] == amount


def test_json_of_everything_that_a_row_holds() -> None:
    data = {
        "id": UUID(int=1),
        "at": datetime(2026, 11, 24, 12, tzinfo=UTC),
        "month": date(2026, 11, 1),
        "hours": Decimal("247.5"),
        "none": None,
    }
    assert json.loads(to_json(data)) == {
        "id": "00000000-0000-0000-0000-000000000001",
        "at": "2026-11-24T12:00:00+00:00",
        "month": "2026-11-01",
        "hours": 247.5,
        "none": None,
    }
    with pytest.raises(TypeError, match="object is not printed as JSON"):
        to_json(object())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 漢字 and 👩\u200d🔧", "plain, 漢字 and 👩\u200d🔧"),
        ("a\x1b[31mred\x07", "a\\x1b[31mred\\x07"),
        ("two\nlines\r\t", "two\\nlines\\r\\t"),
        ("\u202egpj.exe", "\\u202egpj.exe"),
        ("\ud800\u2028\x9b", "\\ud800\\u2028\\x9b"),
    ],
)
def test_characters_that_could_steer_a_terminal_are_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert record({"name": text}) == f"name  {shown}"
    assert table(["NAME"], [[text]], "") == f"NAME\n{shown}"


def test_values_are_aligned_and_empty_ones_left_out() -> None:
    assert record({"a": 1, "long": 0, "none": None, "empty": ""}) == "a     1\nlong  0"
    assert table(["A", "B"], [["x", None], ["yyy", "z"]], "none") == "A    B\nx\nyyy  z"
    assert table(["A"], [], "Nothing yet.") == "Nothing yet."
