"""Dollars: one rounding, exact amounts, and no typed text taken for an amount that is none."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.money import LARGEST_AMOUNT, cents, parse_usd, percent, usd

AMOUNTS = st.decimals(min_value=0, max_value=LARGEST_AMOUNT, places=2)


@pytest.mark.parametrize(
    ("amount", "rounded"),
    [("0.005", "0.01"), ("0.0049", "0.00"), ("3.735", "3.74"), ("-0.005", "-0.01"), ("2", "2.00")],
)
def test_cents_are_rounded_half_up(amount: str, rounded: str) -> None:
    assert str(cents(amount)) == rounded


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("1234.5", "$1,234.50"),
        ("-3", "-$3.00"),
        ("0", "$0.00"),
        ("9999999999.99", "$9,999,999,999.99"),
    ],
)
def test_amounts_are_shown_with_dollar_sign_groups_and_cents(amount: str, shown: str) -> None:
    assert usd(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("500", "500.00"),
        (" 1,250.50 ", "1250.50"),
        ("$75", "75.00"),
        ("$1,000,000", "1000000.00"),
        ("0", "0.00"),
        ("1.005", "1.01"),
        ("9999999999.99", "9999999999.99"),
    ],
)
def test_typed_amounts_are_read(text: str, amount: str) -> None:
    assert str(parse_usd(text, "limit")) == amount


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "$", "abc", "-1", "-0.01", "NaN", "sNaN", "Infinity", "-inf", "1e9", "1E2"),
        *("10000000000.00", "9" * 400, "12,50", "1,2,3", "1,,000", ",5", "1 000", "0x10", "1\x00"),
    ],
)
def test_anything_else_is_refused_with_the_name_of_the_field(text: str) -> None:
    with pytest.raises(ValueError, match=r"^limit: "):
        parse_usd(text, "limit")


@given(AMOUNTS)
def test_a_shown_amount_reads_back_as_itself(amount: Decimal) -> None:
    assert parse_usd(usd(amount), "limit") == amount


@given(st.text(max_size=30))
def test_no_text_becomes_an_amount_outside_the_range(text: str) -> None:
    try:
        amount = parse_usd(text, "limit")
    except ValueError:
        return
    assert 0 <= amount <= LARGEST_AMOUNT
    assert amount == cents(amount)


def test_percent_of_nothing_is_zero() -> None:
    assert percent(Decimal(5), Decimal(0)) == 0
    assert str(percent(Decimal(1), Decimal(3))) == "33.3"
