"""The one query behind interruptions, success and accuracy."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from lib.db import history
from lib.db.connection import reading
from lib.domain.history import History, Share, TrackRecord
from lib.domain.offers import H100_PCIE, Tier
from tests.past_jobs import insert_past_job


@pytest.fixture
def past(
    installation: str, person: Callable[..., Any], training_file: Callable[..., Any]
) -> Callable[..., History]:
    """`past({"tier": "spot"}, ...)`: what is read in an installation with exactly these jobs."""

    def make(*jobs: dict[str, Any]) -> History:
        actor = person()
        file = training_file(actor=actor)
        for values in jobs:
            insert_past_job(actor, file, **values)
        with reading() as connection:
            return history.read(connection)

    return make


def test_nothing_is_read_from_nothing(past: Callable[..., History]) -> None:
    assert past() == History()


def test_each_window_counts_its_own_days(past: Callable[..., History]) -> None:
    found = past(
        {"days_ago": 1, "recoveries": 1},
        {"days_ago": 29},
        {"days_ago": 31, "recoveries": 3},
        {"days_ago": 89, "status": "failed"},
        {"days_ago": 91, "status": "failed"},
    )
    assert found.interruptions() == Share(1, 2)
    assert found.success(Tier.SPOT) == Share(3, 4)


def test_a_run_counts_as_inside_up_to_fifteen_percent(past: Callable[..., History]) -> None:
    found = past(
        {"estimated_hours": "10", "actual_hours": "11.50"},
        {"estimated_hours": "10", "actual_hours": "11.51"},
        {"estimated_hours": "10", "actual_hours": "8.5", "tier": "on_demand"},
        {"estimated_hours": "10", "actual_hours": "99", "status": "failed"},
    )
    record = found.track("runpod", H100_PCIE, "balanced")
    assert (record.runs, record.inside, record.preset_runs) == (3, 2, 3)
    assert record.preset_error == pytest.approx(Decimal("0.1503"), abs=Decimal("0.0002"))


def test_a_free_run_is_compared_by_its_hours(past: Callable[..., History]) -> None:
    found = past(
        {
            "engine": "local",
            "gpu": "this-machine",
            "tier": "local",
            "estimated_hours": "0.0020",
            "actual_hours": "0.0021",
        }
    )
    assert found.track("local", "this-machine", "balanced") == TrackRecord(1, 1, 1, Decimal("0.05"))


def test_a_run_without_an_estimated_time_is_not_compared(past: Callable[..., History]) -> None:
    found = past({"tier": "local", "engine": "local", "estimated_hours": "0"})
    (only,) = found.tallies
    assert (only.completed, only.compared) == (1, 0)


def test_a_cancelled_run_is_neither_success_nor_failure(past: Callable[..., History]) -> None:
    found = past({"status": "cancelled"}, {})
    assert found.success(Tier.SPOT) == Share(1, 1)


def test_rows_of_another_version_are_passed_over(past: Callable[..., History]) -> None:
    found = past({}, {"gpu_pricing_tier": None}, {"gpu_pricing_tier": "leased"})
    assert found.success(Tier.SPOT) == Share(1, 1)
