"""What a client's jobs have cost, in sums that add up."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import uuid4

from lib.domain.client_costs import Costs, Entry, Part, summed, total


def costs(jobs: int, actual: str, **more: object) -> Costs:
    return Costs(jobs, Decimal(actual), **more)  # type: ignore[arg-type]


def test_costs_add_up_and_the_last_run_is_the_latest() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 3, 1, tzinfo=UTC)
    both = costs(1, "2.50", last_run=late) + costs(2, "1.25", last_run=early) + Costs()
    assert (both.jobs, both.actual, both.last_run) == (3, Decimal("3.75"), late)
    assert total([]) == Costs()


def test_variance_is_of_completed_jobs_alone_and_none_without_history() -> None:
    assert costs(3, "90.00").variance is None
    done = costs(4, "120.00", completed_actual=Decimal("110"), completed_estimated=Decimal("100"))
    assert done.variance == Decimal("10.0")


def test_what_belongs_to_no_project_is_the_rest() -> None:
    project = Entry(uuid4(), "Q4", None, costs(2, "20.00"))
    client = Entry(uuid4(), "Acme", None, costs(5, "50.00"), (project,))
    assert (client.without_project.jobs, client.without_project.actual) == (3, Decimal("30.00"))


def test_parts_are_summed_by_any_key_in_their_order() -> None:
    parts = [
        Part("", date(2026, month, 1), preset, "Ada", costs(1, "1.00"))
        for month, preset in ((1, "balanced"), (1, "aggressive"), (2, "balanced"))
    ]
    by_preset = summed(parts, lambda part: part.preset)
    assert {preset: one.jobs for preset, one in by_preset.items()} == {
        "balanced": 2,
        "aggressive": 1,
    }
    assert list(summed(parts, lambda part: part.month)) == [date(2026, 1, 1), date(2026, 2, 1)]
