"""How long a provider's account lasts."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from lib.domain.rented_account import Account

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def account(balance: str | None, spend: str | None = "0.00", reserved: str = "0.00") -> Account:
    return Account(
        read_at=NOW,
        balance=None if balance is None else Decimal(balance),
        hourly_spend=None if spend is None else Decimal(spend),
        pods=(),
        reserved=Decimal(reserved),
    )


@pytest.mark.parametrize(
    "well",
    [
        account("0.00"),  # nothing is spent, and nothing will be
        account("24.00", "1.00"),
        account("100.00", "1.00", "100.00"),
        account(None, None, "50.00"),
    ],
)
def test_an_account_that_lasts(well: Account) -> None:
    assert well.shortage is None


@pytest.mark.parametrize(
    ("short", "told"),
    [
        (account("23.99", "1.00"), "$1.00 an hour that lasts for 24.0 hours"),
        (account("4.78", "2.39"), "lasts for 2.0 hours"),
        (account("-1.00", "2.39"), "lasts for 0.0 hours"),
        (account("99.99", "1.00", "100.00"), "active jobs may cost $100.00 more"),
        (account("0.00", "0.00", "5.00"), "$0.00 left, and active jobs may cost $5.00 more"),
    ],
)
def test_an_account_that_does_not_last_says_why(short: Account, told: str) -> None:
    assert told in (short.shortage or "")


def test_an_account_is_empty_only_where_that_is_known() -> None:
    assert account("0.00").is_empty and account("-3.00").is_empty
    assert not account("0.01").is_empty and not account(None).is_empty
