"""The budget page tells how somebody has used spot and on demand, and what spot has saved."""

from collections.abc import Callable
from typing import Any

from tests.pages.conftest import figures, said

Make = Callable[..., Any]


def test_without_a_rented_job_it_says_so(person: Make, open_page: Make) -> None:
    page = open_page("budget", person())
    assert "No job on a rented GPU has ended: no history yet." in said(page)


def test_shares_success_and_savings_are_told_by_tier(
    installation: str, person: Make, past_job: Make, open_page: Make
) -> None:
    ana = person()
    for tier, status in (
        *(("spot", "completed"), ("spot", "completed"), ("spot", "failed")),
        ("on_demand", "completed"),
    ):
        past_job(ana, tier=tier, status=status, actual_hours="10", actual_cost="24.90")
    past_job(ana, engine="local", tier="local", gpu="this-machine")

    page = open_page("budget", ana)

    assert not page.exception
    shown = figures(page)
    assert (shown["On spot"], shown["On demand"]) == ("75 %", "25 %")
    assert (shown["Spot success"], shown["On-demand success"]) == ("66.7 %", "100 %")
    assert shown["Saved by spot"] == "$110.00"  # two runs of 10 hours at $7.99, less $24.90 each
