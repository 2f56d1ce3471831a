"""The list of jobs."""

from collections.abc import Callable

from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from lib.domain.states import JobStatus
from tests.pages.conftest import move, said, train


def names(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Name"])


def test_without_jobs_it_says_what_to_do_first(
    person: Callable[..., Person],
    open_page: Callable[..., AppTest],
    switches: list[tuple[str, str | None]],
) -> None:
    page = open_page("jobs", person())

    assert not page.exception
    assert "Start your first job" in said(page)
    assert not page.dataframe
    for button in list(page.button):
        assert button.label in {"New job", "Choose a training file"}
        button.click().run()
        button.set_value(False)
    assert switches == [("dataset", None)] * 2


def test_a_job_is_a_row_with_its_state_progress_and_money(
    person: Callable[..., Person],
    started_job: Callable[..., object],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.STARTING, name="Tone of support")
    move(job, JobStatus.RUNNING, actual_cost="4.20")
    train(job, range(1, 46), total=90)

    page = open_page("jobs", ana)

    assert not page.exception
    row = page.dataframe[0].value.iloc[0]
    assert row["Name"] == "Tone of support"
    assert list(row["Status"]) == ["Running"]
    assert row["Progress"] == 50.0
    assert (row["Actual"], row["Est. min"], row["Est. max"]) == (4.2, 8.5, 11.5)
    assert row["Runs on"] == "This machine, own hardware"


def test_drafts_are_listed_without_amounts(
    person: Callable[..., Person],
    draft: Callable[..., object],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    draft(ana, name="Half an idea")

    row = open_page("jobs", ana).dataframe[0].value.iloc[0]

    assert list(row["Status"]) == ["Draft"]
    assert row[["Actual", "Est. min", "Est. max"]].isna().all()
    assert row["Runs on"] == "H100 PCIe 80GB, spot"


def test_the_search_finds_text_and_says_so_when_there_is_none(
    person: Callable[..., Person],
    draft: Callable[..., object],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    draft(ana, name="Warm and brief")
    draft(ana, name="Formal", notes="for the 100%_sure client")
    page = open_page("jobs", ana)

    page.text_input[0].set_value("WARM").run()
    assert names(page) == ["Warm and brief"]

    page.text_input[0].set_value("100%_s").run()
    assert names(page) == ["Formal"]

    page.text_input[0].set_value("%").run()
    assert names(page) == ["Formal"]

    page.text_input[0].set_value("nothing like it").run()
    assert not page.dataframe
    assert "No job matches" in page.info[0].value


def test_analysts_see_their_own_jobs_and_managers_everybodys(
    person: Callable[..., Person],
    draft: Callable[..., object],
    open_page: Callable[..., AppTest],
) -> None:
    ana, ben, manager = person(), person(), person(role="manager")
    draft(ana, name="Only Ana's")
    draft(ben, name="Only Ben's")

    assert names(open_page("jobs", ana)) == ["Only Ana's"]
    everybodys = open_page("jobs", manager)
    assert {"Only Ana's", "Only Ben's"} <= set(names(everybodys))
    assert "Creator" in everybodys.dataframe[0].value
    assert "Creator" not in open_page("jobs", ana).dataframe[0].value


def test_a_name_that_looks_like_an_icon_stays_text(
    person: Callable[..., Person],
    draft: Callable[..., object],
    open_page: Callable[..., AppTest],
) -> None:
    ana = person()
    draft(ana, name=":material/delete: not an icon")

    (name,) = names(open_page("jobs", ana))

    assert name == "\u2060:material/delete: not an icon"  # the grid draws a leading icon only
