"""calibration: what estimates learn from finished runs, without a browser."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Any:
    return person(role="owner", name="Ada", email="ada@example.com")


def test_before_any_run_the_published_formula_is_in_use(owner: Any, cli: Make) -> None:
    run = cli("calibration", "show")

    assert run.code == 0, run.err
    assert "in use          the published formula" in run.out
    assert "Nothing learned yet." in run.out
    assert cli("calibration", "show", "--json").data == {
        "active": None,
        "effects": [],
        "runs": 0,
        "card_durations": None,
        "fits": [],
    }


def test_a_refit_says_what_came_of_it(owner: Any, cli: Make, past_job: Make) -> None:
    for _ in range(3):
        past_job(owner, preset="balanced", actual_hours="4")

    run = cli("calibration", "refit", "--json")
    shown = cli("calibration", "show", "--json").data

    assert run.code == 0, run.err
    assert run.data["adopted"] is True
    assert run.data["back_test"]["runs"] == 3
    assert "left_out" not in run.data["back_test"]
    assert shown["active"]["revision"] == run.data["revision"]
    (effect,) = shown["effects"]
    assert (effect["gpu"], effect["base_model"]) == ("H100_PCIE_80GB", "70b")
    assert effect["preset"] == "balanced"
    assert Decimal(0) < effect["factor"] < Decimal("0.5")


def test_the_cards_are_adopted_and_withdrawn(owner: Any, cli: Make) -> None:
    adopted = cli("calibration", "adopt-cards")
    assert adopted.code == 0, adopted.err
    assert adopted.out.startswith("Revision 1, 0 finished runs. Adopted: ")
    shown = cli("calibration", "show").out
    assert "adopted by Ada on " in shown
    assert "1/17 of" in shown
    assert "adopted already" in cli("calibration", "adopt-cards").refused()

    assert "withdrawn" in cli("calibration", "withdraw-cards").out
    assert "not adopted" in cli("calibration", "withdraw-cards").refused()
    assert "Nothing learned yet." in cli("calibration", "show").out
