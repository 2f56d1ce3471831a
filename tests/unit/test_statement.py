"""A month's name as it is typed, and how final a statement says it is."""

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from lib.domain.money import ZERO
from lib.domain.statement import Statement, last_day, parse_month, total
from tests.reports.conftest import job, statement_of


@pytest.fixture
def november() -> Statement:
    return statement_of((job(0), job(1)))


def test_a_month_is_a_year_and_a_month() -> None:
    assert parse_month("2026-11") == date(2026, 11, 1)
    assert parse_month("2024-02") == date(2024, 2, 1)


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-00",
        "0000-01",
        "2026-1",
        "November",
        "2026-11-01",
        "２０２６-１１",
        "2026-W1",
    ],
)
def test_anything_else_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match=r"month: .* is not a month such as 2026-11"):
        parse_month(text)


def test_a_running_month_is_not_final(november: Statement) -> None:
    assert november.standing == "Not final: the month runs until 30 November 2026."


def test_a_passed_month_is_final_once_nothing_is_reserved(november: Statement) -> None:
    later = replace(november, as_of=datetime(2026, 12, 1, tzinfo=UTC))
    assert later.passed
    assert later.standing == "Final: the month is over and all of its jobs have ended."
    held = replace(later, budget=replace(later.budget, reserved=Decimal("7.50")))
    assert held.standing == "Not final: $7.50 are reserved for jobs that have not ended."


def test_the_last_minute_of_a_month_belongs_to_it(november: Statement) -> None:
    assert not replace(november, as_of=datetime(2026, 11, 30, 23, 59, tzinfo=UTC)).passed


def test_a_month_ends_on_its_last_day(november: Statement) -> None:
    february = replace(november.budget, month=date(2028, 2, 1))
    assert last_day(february) == date(2028, 2, 29)


def test_sums_are_to_the_cent(november: Statement) -> None:
    assert total(november.jobs) == (Decimal("25.68"), ZERO)
    assert total(()) == (ZERO, ZERO)
