"""Limits: no amount is stored that a start could not be decided by."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lib.services import budgets

Make = Callable[..., Any]


@pytest.mark.parametrize("amount", ["-0.01", "NaN", "Infinity", "-Infinity", "10000000000.00"])
def test_a_limit_is_an_amount_of_money(person: Make, amount: str) -> None:
    admin, ana = person(role="admin"), person(limit="50.00")
    with pytest.raises(ValueError, match=r"^limit: "):
        budgets.set_limit(admin, ana.id, Decimal(amount))
    with pytest.raises(ValueError, match=r"^team limit: "):
        budgets.set_team_limit(admin, ana.id, Decimal(amount))
    assert budgets.budget_of(ana.id).limit == Decimal("50.00")
    assert budgets.team_month(admin, ana.id) is None


@pytest.mark.parametrize("grace", ["-1", "100.01", "NaN"])
def test_a_grace_is_a_share_of_the_limit(person: Make, grace: str) -> None:
    admin, ana = person(role="admin"), person(grace=10)
    with pytest.raises(ValueError, match="grace: must be 0 to 100 percent"):
        budgets.set_limit(admin, ana.id, Decimal(5), grace_percent=Decimal(grace))
    assert budgets.budget_of(ana.id).grace_percent == 10
