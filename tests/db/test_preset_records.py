"""How the presets have done: by quarter, rented and here apart, completed and failed jobs alone."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from lib.db import preset_records
from lib.db.connection import reading
from lib.domain.preset_record import QUARTERS, QuarterRecord


@pytest.fixture(autouse=True)
def own_database(installation: str) -> None:
    """Each test has a history of its own."""


def read() -> list[QuarterRecord]:
    with reading() as connection:
        return preset_records.read(connection)


def test_without_history_there_is_nothing() -> None:
    assert read() == []


def test_jobs_are_counted_by_preset_and_place(past_job: Callable[..., Any]) -> None:
    past_job(preset="balanced", actual_hours="12", days_ago=0)
    past_job(preset="balanced", actual_hours="9", tier="on_demand", days_ago=0)
    past_job(preset="balanced", status="failed", actual_hours="40", days_ago=0)
    past_job(preset="balanced", status="cancelled", days_ago=0)
    past_job(preset="balanced", engine="local", tier="local", gpu="this-machine", days_ago=0)
    past_job(preset="conservative", days_ago=0)

    counted = {(one.preset, one.rented): (one.completed, one.failed) for one in read()}
    assert counted == {
        ("balanced", True): (2, 1),
        ("balanced", False): (1, 0),
        ("conservative", True): (1, 0),
    }
    shares = {(one.preset, one.rented): one.difference for one in read()}
    assert round(shares["balanced", True] or Decimal(9), 4) == Decimal("0.05")  # +20 % and -10 %
    assert shares["balanced", False] is None  # it cost nothing, as estimated


def test_a_year_is_looked_back_quarter_by_quarter(past_job: Callable[..., Any]) -> None:
    for days_ago in range(0, 500, 46):  # at least one in each quarter
        past_job(days_ago=days_ago)
    quarters = [one.quarter for one in read()]
    assert len(quarters) == QUARTERS
    assert quarters == sorted(quarters, reverse=True)
    assert all((found.month % 3, found.day) == (1, 1) for found in quarters)


def test_a_quarter_is_named_by_its_year_and_number() -> None:
    names = [
        QuarterRecord("balanced", True, date(2026, month, 1), 1, 0, None).quarter_text
        for month in (1, 4, 7, 10)
    ]
    assert names == ["2026 Q1", "2026 Q2", "2026 Q3", "2026 Q4"]
