"""The month's page: its figures for everybody, the limits for who manages."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import accounts, budgets
from lib.services.spending import months_before
from lib.ui.text import plain
from tests.pages.conftest import PAGES, figures, move, said
from tests.past_jobs import book


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


def test_nothing_reserved_is_said_in_words(
    person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    shown = said(open_page("budget", person()))
    assert "<small>no active job</small>" in shown
    assert "what 0 active jobs" not in shown


@pytest.fixture
def spent_before(past_job: Callable[..., UUID]) -> Callable[..., date]:
    """`spent_before(ana, 2, "12.50")`: a job of two months ago; returns its month."""

    def make(actor: Person, months: int, cost: str) -> date:
        month = months_before(budgets.this_month(), months)
        ended = datetime(month.year, month.month, 15, 12, tzinfo=UTC)
        moments = {"queued_at": ended, "ended_at": ended, "budget_month": month}
        book(past_job(actor, actual_cost=Decimal(cost), **moments))
        return month

    return make


def test_a_month_that_has_passed_is_shown_by_its_address(
    person: Callable[..., Person],
    spent_before: Callable[..., date],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    month = spent_before(ana, 2, "12.50")
    started_job(ana)
    page = open_page("budget", ana)
    assert figures(page)["Spent"] == "$0.00"
    assert page.selectbox("month-shown").options == [
        f"{budgets.this_month():%B %Y}",
        f"{month:%B %Y}",
    ]

    page.selectbox("month-shown").set_value(f"{month:%Y-%m}").run()

    assert not page.exception
    assert page.query_params["month"] == f"{month:%Y-%m}"
    assert figures(page)["Spent"] == figures(page)["Came to"] == "$12.50"
    assert f"{month:%B %Y} · this month is over" in said(page)
    labels = [button.label for button in page.button] + [one.label for one in page.expander]
    assert "Increase Budget Limit" not in labels


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2026-13", "is not a month such as 2026-11"),
        ("![x](https://evil.example/a.png)", "is not a month such as 2026-11"),
        ("1999-01", "there is nothing to show for January 1999"),
    ],
)
def test_a_bad_month_is_told_and_the_current_one_shown(
    person: Callable[..., Person], text: str, complaint: str
) -> None:
    path = str(PAGES / "budget.py")
    page = AppTest.from_file(path, default_timeout=20)
    page.session_state["session_id"] = accounts.open_session(person(limit="77.00").email)
    page.query_params["month"] = text
    page.run()

    assert not page.exception
    (error,) = page.error
    assert plain(complaint) in error.value
    assert f"This is the current month, {budgets.this_month():%B %Y}" in error.value
    assert "![x]" not in error.value
    assert figures(page)["Limit"] == "$77.00"


def test_the_months_pdf_is_offered_and_not_made_before_it_is_asked_for(
    person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    page = open_page("budget", person())
    (button,) = page.get("download_button")
    assert button.proto.label == "PDF for finance"
    assert button.proto.deferred_file_id


def test_a_team_limit_is_set_shown_and_lifted(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    started_job(person(manager=manager), cost="10.00")
    page = open_page("budget", admin)
    page.selectbox("whose").set_value(str(manager.id)).run()
    assert "There is none now" in said(page)

    page.text_input(f"team-limit-{manager.id}-None").set_value("$1,200")
    press(page, "Set the team limit").run()
    assert not page.error
    assert budgets.team_month(manager, manager.id).limit == Decimal("1200.00")
    assert figures(page)["Team limit"] == "$1,200.00"
    assert "$1,188.50 left of it" in said(page)

    field = f"team-limit-{manager.id}-1200.00"
    page.text_input(field).set_value(" ")
    press(page, "Set the team limit").run()
    assert "to lift the limit press" in page.error[0].value
    page.text_input(field).set_value("plenty")
    press(page, "Set the team limit").run()
    assert plain("team limit: 'plenty' is not an amount") in page.error[0].value
    assert budgets.team_month(manager, manager.id).limit == Decimal("1200.00")

    press(page, "Lift the team limit").run()
    assert not page.error
    assert budgets.team_month(manager, manager.id) is None
    assert "Team limit" not in figures(page)


def test_managers_see_their_teams_limit_and_cannot_set_it(
    person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    admin, manager = person(role="admin"), person(role="manager")
    ana = person(manager=manager)
    budgets.set_team_limit(admin, manager.id, Decimal("300.00"))
    page = open_page("budget", manager)
    assert figures(page)["Team limit"] == "$300.00"
    page.selectbox("whose").set_value("team").run()
    assert figures(page)["Team limit"] == "$300.00"
    page.selectbox("whose").set_value(str(ana.id)).run()
    assert "Team limit" not in figures(page)
    assert "Set the team limit" not in [button.label for button in page.button]
