"""The team page: its figures, its period and people in the address, its lists and empty states."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert
from streamlit.testing.v1 import AppTest

from lib.db.connection import transaction
from lib.db.tables import review_visits
from lib.domain.people import Person
from lib.domain.team_insight import Span
from lib.services import accounts, team_insight
from tests.pages.conftest import PAGES, figures, said

Make = Callable[..., Any]
TABS = ["Tags", "Names", "Documentation", "Presets and GPUs", "Estimates", "Review"]


@pytest.fixture(autouse=True)
def own_database(installation: str) -> None:
    """Each test has jobs of its own."""


@pytest.fixture
def team_page(switches: Any) -> Callable[..., AppTest]:
    """`team_page(actor, period="year")`: the page at an address."""

    def run(actor: Person, **address: str) -> AppTest:
        page = AppTest.from_file(PAGES / "team.py", default_timeout=20)
        page.session_state["session_id"] = accounts.open_session(actor.email)
        for name, value in address.items():
            page.query_params[name.rstrip("_")] = value
        return page.run()

    return run


def grid(page: AppTest, *columns: str) -> Any:
    """The page's first table that has these columns, as people see it."""
    return next(one.value for one in page.dataframe if {*columns} <= {*one.value.columns})


def test_without_a_job_the_page_says_what_to_do(person: Make, team_page: Make) -> None:
    page = team_page(person())

    assert not page.exception
    assert "No job was started in this period" in said(page)
    assert figures(page)["Jobs started"] == "0"
    assert figures(page)["Documentation complete"] == "–"
    assert "No visits yet" in said(page)
    assert not page.tabs
    assert not page.dataframe


def test_the_tiles_have_the_period_and_the_change_against_the_one_before(
    person: Make, past_job: Make, team_page: Make
) -> None:
    ana = person()
    past_job(ana, days_ago=2, description="Why", notes="How", actual_cost=Decimal("30.00"))
    past_job(ana, days_ago=3, status="failed", actual_cost=Decimal("30.00"))
    past_job(ana, days_ago=40, actual_cost=Decimal("80.00"))

    page = team_page(ana)

    assert not page.exception
    assert [tab.label for tab in page.tabs] == TABS
    shown = figures(page)
    assert shown["Jobs started"] == "2"
    assert shown["Completed"] == "50 %"
    assert shown["Cost"] == "$60.00"
    assert shown["Documentation complete"] == "50 %"
    for change in ("+100.0 %", "-50.0 points", "-25.0 %", "+50.0 points"):
        assert f"{change} against the 30 days before" in said(page)


def test_every_tab_tells_what_its_jobs_show(person: Make, past_job: Make, team_page: Make) -> None:
    ana = person(name="Ana")
    for days_ago, name, tags in (
        (2, "Nightly 1", ["poc"]),
        (40, "Nightly 2", ["poc", "test"]),
        (41, "Nightly 3", []),
    ):
        past_job(ana, days_ago=days_ago, tags=tags, name=name, draft={"name_edited": True})

    page = team_page(ana, period="year")

    assert not page.exception
    assert list(grid(page, "Tag")["Tag"]) == ["poc", "test"]
    assert list(grid(page, "Name")["Name"]) == ["Nightly 3"]
    assert "One job. Open one to tag it" in said(page)
    names = grid(page, "Pattern").iloc[0]
    assert (names["Pattern"], names["Share"]) == ("nightly {n}", 100.0)
    hers = grid(page, "To document").iloc[0]
    assert (hers["Person"], hers["To document"], hers["Complete"]) == ("Ana", 3, 0.0)
    assert f"creator={ana.id}" in hers["Open"]
    assert set(grid(page, "Lacks")["Lacks"]) == {"description and notes"}
    assert list(grid(page, "Preset", "Runs")["Runs"]) == [3]
    assert list(grid(page, "GPU")["Tier"]) == ["spot"]
    assert figures(page)["Within the range"] == "100 %"
    assert list(grid(page, "Person", "Compared")["Person"]) == ["Ana"]
    assert len(page.get("plotly_chart")) == 5


def test_a_period_of_one_month_has_nothing_over_time(
    person: Make, past_job: Make, team_page: Make
) -> None:
    ana = person()
    past_job(ana, days_ago=0, tags=["poc"], actual_hours="0.001")
    today = str(team_insight.today())

    page = team_page(ana, from_=today, to=today)

    assert not page.exception
    assert figures(page)["Jobs started"] == "1"
    assert len(page.get("plotly_chart")) == 2  # tags, and estimates by preset
    assert "nothing in the day before" in said(page)


def test_the_review_is_told_with_what_is_wished(
    person: Make, past_job: Make, team_page: Make
) -> None:
    ana = person()
    job_id, now = past_job(ana), datetime.now(UTC)
    with transaction() as connection:
        connection.execute(
            insert(review_visits).values(
                job_id=job_id,
                user_id=ana.id,
                opened_at=now - timedelta(seconds=45),
                ended_at=now,
                checked=3,
                outcome="started",
            )
        )

    page = team_page(ana)

    shown = figures(page)
    assert (shown["Views"], shown["Median time"], shown["All boxes ticked"]) == (
        "1",
        "45 s",
        "100 %",
    )
    assert "within the wished 30 to 60 s" in said(page)
    assert list(grid(page, "Boxes ticked")["Ended visits"]) == [0, 0, 0, 1]


def test_choosing_a_period_and_people_writes_the_address(
    person: Make, past_job: Make, team_page: Make
) -> None:
    boss = person(role="manager", name="Boss")
    ana = person(manager=boss, name="Ana")
    past_job(ana, days_ago=2)
    past_job(boss, days_ago=2)
    page = team_page(boss)
    assert figures(page)["Jobs started"] == "2"

    page.selectbox("team-who").set_value(str(ana.id)).run()
    assert page.query_params["who"] == str(ana.id)
    assert figures(page)["Jobs started"] == "1"

    page.button_group("team-period").set_value(Span.YEAR).run()
    assert page.query_params["period"] == "year"

    page.button_group("team-period").set_value(Span.OWN).run()
    today = team_insight.today()
    assert "period" not in page.query_params
    assert page.query_params["from"] == f"{today.year}-01-01"
    assert page.query_params["to"] == str(today)

    page.date_input("team-from").set_value(today).run()
    assert page.query_params["from"] == str(today)
    assert page.query_params["who"] == str(ana.id)
    assert not page.exception


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ({"from_": "yesterday"}, "from: 'yesterday' is not a day"),
        ({"to": "2026-02-30"}, "to: '2026-02-30' is not a day"),
        ({"from_": "0001-01-01"}, "from: '0001-01-01' is not a day"),
        ({"from_": "2026-10-02", "to": "2026-10-01"}, "until: 2026-10-01 is before 2026-10-02"),
        ({"period": "decade"}, "period: the address names none of these"),
        ({"who": "nobody"}, "who: the address names somebody whom you do not oversee"),
        ({"from_": "![x](https://evil.example/a.png)"}, "from: '"),
    ],
)
def test_a_bad_address_is_told_by_its_field(
    person: Make, team_page: Make, address: dict[str, str], told: str
) -> None:
    page = team_page(person(), **address)

    assert not page.exception
    words = [box.value.replace("\\", "") for box in (*page.error, *page.warning)]
    assert any(told in text for text in words), words
    assert "![x](" not in said(page)


def test_an_analyst_sees_themselves_alone_even_by_the_address_of_another(
    person: Make, past_job: Make, team_page: Make
) -> None:
    ana, ben = person(), person()
    past_job(ben)

    page = team_page(ana, who=str(ben.id))

    assert figures(page)["Jobs started"] == "0"
    assert not page.selectbox


def test_what_people_typed_is_text_in_every_table(
    person: Make, past_job: Make, team_page: Make
) -> None:
    hostile = "=1+1 <b>![x](https://evil.example/a.png)</b>"
    ana = person(name=hostile)
    past_job(ana, name=hostile, tags=["<b>", "=1+1"])

    page = team_page(ana)

    assert not page.exception
    assert hostile not in said(page)
    assert list(grid(page, "Lacks")["Name"]) == [hostile]
    chart = next(one for one in page.get("plotly_chart") if "&lt;b&gt;" in one.proto.spec)
    assert '"<b>  "' not in chart.proto.spec
