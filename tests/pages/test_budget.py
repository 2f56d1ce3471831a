"""The month's page: its figures for everybody, the limits for who manages."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import budgets
from tests.pages.conftest import figures, move, said


def press(page: AppTest, label: str) -> Any:
    (button,) = [button for button in page.button if button.label == label]
    return button.click()


def test_the_months_figures_and_jobs(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person(limit="100.00")
    done = started_job(ana, JobStatus.RUNNING, cost="10.00", name="Done")
    move(done, JobStatus.COMPLETED, cost="9.50")
    started_job(ana, cost="20.00", name="Waits")

    page = open_page("budget", ana)

    assert not page.exception
    shown = figures(page)
    assert shown["Limit"] == "$100.00"
    assert shown["Spent"] == "$9.50"
    assert shown["Reserved"] == "$23.00"
    assert shown["Remaining"] == "$67.50"
    assert "up to $110.00 with the grace" in said(page)
    assert len(page.get("plotly_chart")) == 2  # the month, and the months before it
    table = page.dataframe[0].value.set_index("Name")
    assert list(table.loc["Done", ["Spent", "Reserved", "Est. max"]]) == [9.5, 0.0, 11.5]
    assert list(table.loc["Waits", ["Spent", "Reserved", "Est. max"]]) == [0.0, 23.0, 23.0]


def test_a_month_without_jobs_says_so_instead_of_an_empty_chart(
    person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    page = open_page("budget", person())

    assert not page.exception
    assert "Nothing spent this month" in said(page)
    assert not page.get("plotly_chart")
    assert not page.dataframe


@pytest.mark.parametrize(("limit", "told"), [("14.00", "Budget Alert"), ("12.00", "Critical")])
def test_the_alerts_are_shown(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
    limit: str,
    told: str,
) -> None:
    ana = person(limit=limit)
    started_job(ana, cost="10.00")

    assert told in open_page("budget", ana).warning[0].value


def test_analysts_neither_choose_people_nor_set_limits(
    person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    page = open_page("budget", person())

    assert not page.selectbox
    assert not [button for button in page.button if button.label == "Set the limit"]


def test_a_manager_sets_the_limit_of_somebody_else(
    person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    manager = person(role="manager", limit="900.00")
    ana = person(limit="100.00", manager=manager)
    page = open_page("budget", manager)
    assert figures(page)["Limit"] == "$900.00"

    page.selectbox("whose").set_value(str(ana.id)).run()
    assert figures(page)["Limit"] == "$100.00"
    page.text_input(f"limit-{ana.id}").set_value("$1,250.50")
    press(page, "Set the limit").run()

    assert not page.error
    assert figures(page)["Limit"] == "$1,250.50"
    assert budgets.budget_of(ana.id).limit == Decimal("1250.50")
    assert budgets.budget_of(manager.id).limit == Decimal("900.00")


@pytest.mark.parametrize(
    ("amount", "complaint"),
    [
        ("", "is not an amount"),
        ("lots", "is not an amount"),
        ("-1", "must be between"),
        ("1e6", "write a plain amount"),
        ("NaN", "write a plain amount"),
        ("99999999999", "must be between"),
        ("![x](https://evil.example/a.png)", "is not an amount"),
    ],
)
def test_a_bad_amount_is_refused_and_changes_nothing(
    person: Callable[..., Person],
    open_page: Callable[..., AppTest],
    amount: str,
    complaint: str,
) -> None:
    manager = person(role="manager")
    ana = person(limit="300.00", manager=manager)
    page = open_page("budget", manager)
    page.selectbox("whose").set_value(str(ana.id)).run()

    page.text_input(f"limit-{ana.id}").set_value(amount)
    press(page, "Set the limit").run()

    assert not page.exception
    assert complaint in page.error[0].value
    assert "![x]" not in page.error[0].value
    assert budgets.budget_of(ana.id).limit == Decimal("300.00")


def test_nobody_sees_a_form_for_their_own_limit_but_the_owner(
    installation: str, person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    for role, may in (("analyst", False), ("manager", False), ("admin", False), ("owner", True)):
        page = open_page("budget", person(role=role))
        assert any(button.label == "Set the limit" for button in page.button) is may, role


def test_a_team_is_added_up_and_each_member_listed(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    manager = person(role="manager", limit="50.00")
    ana, ben = (person(limit="100.00", manager=manager, name=name) for name in ("Ana", "Ben"))
    started_job(ana, cost="10.00")
    started_job(ben, cost="20.00")
    stranger = person(limit="7777.00")
    started_job(stranger, cost="30.00")
    page = open_page("budget", manager)

    page.selectbox("whose").set_value("team").run()

    assert not page.exception
    assert figures(page)["Limit"] == "$250.00"
    assert figures(page)["Reserved"] == "$34.50"
    team = page.dataframe[0].value.set_index("Name")
    assert list(team.loc[["Ana", "Ben"], "Reserved"]) == [11.5, 23.0]
    assert str(stranger.id) not in page.selectbox("whose").options
