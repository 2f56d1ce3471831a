"""The Accuracy page: what finished jobs show, what was learned, and who may do what about it."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update
from streamlit.testing.v1 import AppTest

from lib.db.connection import transaction
from lib.db.tables import calibrations
from lib.domain.people import Person
from lib.services import calibration
from lib.ui.accuracy_charts import error_chart, scatter_chart
from tests.pages.conftest import figures, said

Make = Callable[..., Any]


@pytest.fixture
def people(installation: str, person: Make) -> dict[str, Person]:
    return {role: person(role=role, name=role) for role in ("analyst", "manager", "admin", "owner")}


@pytest.fixture
def history(people: dict[str, Person], past_job: Make, training_file: Make) -> None:
    """Four rented jobs of the analyst: three near their estimate, one 40 % longer."""
    file = training_file(actor=people["analyst"])
    for number, actual in enumerate(("10.5", "9.5", "11", "14")):
        name = "<b>**Alpha**</b>" if number == 3 else f"job {number}"
        past_job(
            people["analyst"],
            file=file,
            preset="balanced" if number else "conservative",
            actual_hours=actual,
            days_ago=5 - number,
            name=name,
        )


def labels(page: AppTest) -> set[str]:
    return {button.label for button in page.button}


def test_without_a_finished_job_the_page_says_what_to_do_next(
    people: dict[str, Person], open_page: Callable[..., AppTest], switches: list[Any]
) -> None:
    page = open_page("accuracy", people["analyst"])

    assert not page.exception
    assert "No finished job to compare with yet" in said(page)
    assert "nothing has been learned yet" in said(page)
    assert not page.get("plotly_chart")
    next(button for button in page.button if button.label == "Run a rehearsal").click().run()
    assert switches == [("dataset", None)]


def test_estimates_are_held_against_what_jobs_took(
    people: dict[str, Person], history: None, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("accuracy", people["analyst"])

    assert not page.exception
    shown = figures(page)
    assert shown["Finished jobs"] == "4"
    assert shown["Within ±15 %"] == "75.0 %"
    assert shown["Median error"] == "7.5 %"
    assert len(page.get("plotly_chart")) == 2
    table = page.dataframe[0].value.set_index("Preset")
    assert table.loc["Balanced", "Jobs"] == 3
    assert table.loc["Balanced", "Within ±15 %"] == pytest.approx(200 / 3)
    assert table.loc["Conservative", "Median error"] == pytest.approx(5.0)


def test_a_manager_refits_and_is_told_what_came_of_it(
    people: dict[str, Person], history: None, open_page: Callable[..., AppTest]
) -> None:
    page = open_page("accuracy", people["manager"])
    assert "4 finished runs will be learned from" in said(page)

    next(button for button in page.button if button.label == "Refit now").click().run()

    assert not page.exception
    assert "Revision 1" in page.success[0].value
    assert "It has learned from 4 finished runs" in said(page)
    assert "each predicted without itself" in said(page)
    assert "the published time" in said(page)
    assert list(page.dataframe[1].value["In use"]) == ["now"]
    assert list(page.dataframe[1].value["By"]) == ["manager"]
    page.run()
    assert not page.success  # told once


def test_an_admin_adopts_the_cards_and_withdraws_them(
    people: dict[str, Person], open_page: Callable[..., AppTest]
) -> None:
    page = open_page("accuracy", people["admin"])
    assert "the formula gives **235 h**" in said(page)
    assert "**12 to 15 h**" in said(page)

    page.button[-1].click().run()
    assert "Until then estimates there follow the cards: admin adopted them" in said(page)
    assert labels(page) >= {"Withdraw the card durations"}

    page.button[-1].click().run()
    assert not page.exception
    assert "withdrawn" in page.success[0].value
    assert labels(page) >= {"Adopt the published card durations"}


@pytest.mark.parametrize(
    ("role", "buttons"),
    [
        ("analyst", set()),
        ("manager", {"Refit now"}),
        ("owner", {"Refit now", "Adopt the published card durations"}),
    ],
)
def test_buttons_are_for_who_may(
    people: dict[str, Person],
    history: None,
    open_page: Callable[..., AppTest],
    role: str,
    buttons: set[str],
) -> None:
    assert labels(open_page("accuracy", people[role])) == buttons


def test_names_are_text_and_those_of_other_peoples_jobs_are_not_shown(
    people: dict[str, Person], history: None, person: Make
) -> None:
    def hovers(actor: Person) -> str:
        jobs = calibration.compared_jobs(actor)
        charts = (scatter_chart(jobs), error_chart(jobs))
        return " ".join(
            label for chart in charts for line in chart.data for label in line.customdata or ()
        )

    own, others = hovers(people["analyst"]), hovers(person())

    assert "&lt;b&gt;**Alpha**" in own
    assert "<b>**Alpha**" not in own
    assert "Alpha" not in others
    assert "Another person" in others


def test_why_the_last_fit_was_not_adopted_is_said(
    people: dict[str, Person], history: None, open_page: Callable[..., AppTest]
) -> None:
    calibration.refit(people["manager"])
    with transaction() as connection:  # in use is now a version that was right about every run
        (row,) = connection.execute(select(calibrations)).all()
        perfect = {**row.back_test, "left_out": dict.fromkeys(row.back_test["left_out"], 0.0)}
        connection.execute(update(calibrations).values(back_test=perfect))
    calibration.refit(people["manager"])

    page = open_page("accuracy", people["analyst"])

    assert "Last fit, revision 2: Not adopted, it predicts worse" in said(page)
    assert list(page.dataframe[1].value["In use"]) == ["no", "now"]


def test_settled_by_finished_runs(
    people: dict[str, Person], history: None, open_page: Callable[..., AppTest]
) -> None:
    calibration.refit(people["manager"])

    assert "4 finished runs on that GPU settled it" in said(
        open_page("accuracy", people["analyst"])
    )


@pytest.mark.parametrize("actual", ["0.0001", "10", "99999"])
def test_any_single_job_can_be_drawn(
    people: dict[str, Person], past_job: Make, actual: str
) -> None:
    past_job(people["analyst"], actual_hours=actual, estimated_hours="0.0002")
    jobs = calibration.compared_jobs(people["analyst"])

    least, most = scatter_chart(jobs).layout.xaxis.range
    assert most - least >= 1
    assert 2 <= len(scatter_chart(jobs).layout.xaxis.tickvals) <= 8
    low, high = error_chart(jobs).layout.yaxis.range
    assert low < 0 < high <= 2.5
