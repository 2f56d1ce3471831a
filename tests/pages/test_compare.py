"""The page compare: jobs by address, more by search and likeness, and what is said of them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from tests.pages.conftest import compare_only, look_for_jobs, said, sent, texts, train

Make = Callable[..., Any]


@pytest.fixture
def actor(person: Make) -> Person:
    return person(role="manager", name="Manager")


@pytest.fixture
def tag() -> str:
    """One that no other test uses."""
    return f"t{uuid4().hex[:12]}"


@pytest.fixture
def jobs(actor: Person, training_file: Make, past_job: Make, tag: str) -> list[UUID]:
    """Eight completed jobs on one file: "Run 0", which cost least, to "Run 7"."""
    file = training_file(actor=actor)
    return [
        past_job(
            actor,
            file=file,
            name=f"Run {at}",
            actual_hours=str(10 + at),
            tags=[tag] if at % 2 == 0 else [],
        )
        for at in range(8)
    ]


@pytest.fixture
def compare(open_page: Make, actor: Person) -> Callable[..., AppTest]:
    """`compare(ids, axis="time")`: the page at that address."""

    def opened(ids: Sequence[object], who: Person = actor, **address: str) -> AppTest:
        return open_page("compare", who, jobs=",".join(map(str, ids)), **address)

    return opened


def names(page: AppTest) -> list[str]:
    return [job["name"] for job in sent(page, "compared")["jobs"]]


def address(page: AppTest, name: str) -> str:
    return "".join(page.query_params.get(name, []))


# Which jobs


def test_jobs_stand_side_by_side_in_the_order_of_the_address(
    compare: Make, jobs: list[UUID]
) -> None:
    page = compare([jobs[2], jobs[0]])
    assert not page.exception
    assert names(page) == ["Run 2", "Run 0"]
    assert "“Run 0” is ahead in time taken and cost and behind in nothing." in said(page)
    assert "<td>$29.88</td>" in said(page).replace('<span dir="auto">', "").replace("</span>", "")


def test_one_job_is_shown_and_asks_for_another(compare: Make, jobs: list[UUID]) -> None:
    page = compare(jobs[:1])
    assert [info.value for info in page.info] == ["Add another job to compare this one with."]
    assert names(page) == ["Run 0"]
    assert "verdict" not in said(page)


def test_no_job_at_all_says_what_to_do(compare: Make) -> None:
    page = compare([])
    assert "Choose two to six jobs" in said(page)
    assert not page.exception


def test_what_cannot_be_compared_is_told_and_the_rest_is_shown(
    compare: Make, jobs: list[UUID], past_job: Make, person: Make
) -> None:
    analyst = person()
    own, never = past_job(analyst, name="Their own"), uuid4()
    page = compare(["[x](http://e.vil)", own, own, jobs[0], never], who=analyst)
    (warning,) = page.warning
    told = warning.value.replace("\\", "").replace("\u2060", "")
    assert told.split("  \n") == [
        "“[x](http://e.vil)” is not the id of a job; it was left out.",
        f"The job {own} is named twice; it is shown once.",
        f"There is no job {jobs[0]}, or it is not yours to see.",
        f"There is no job {never}, or it is not yours to see.",
    ]
    assert names(page) == ["Their own"]
    assert "Run 0" not in said(page)


def test_of_seven_jobs_six_are_shown(compare: Make, jobs: list[UUID]) -> None:
    page = compare(jobs[:7])
    assert names(page) == [f"Run {at}" for at in range(6)]
    assert "At most 6 jobs are compared" in page.warning[0].value


def test_a_long_list_of_nonsense_is_summed_up(compare: Make) -> None:
    page = compare(["x"] * 300)
    assert page.warning[0].value.count("\n") == 5
    assert "295 more of the kind" in page.warning[0].value


def test_jobs_are_added_moved_and_removed_in_the_address(compare: Make, jobs: list[UUID]) -> None:
    page = compare_only(compare(jobs[:2]), jobs[1], jobs[0], jobs[4])
    assert names(page) == ["Run 1", "Run 0", "Run 4"]
    assert address(page, "jobs") == f"{jobs[1]},{jobs[0]},{jobs[4]}"
    page = compare_only(page, jobs[4], "nonsense")
    assert names(page) == ["Run 4"]


def test_the_search_finds_jobs_as_one_types_and_leaves_out_those_compared(
    compare: Make, jobs: list[UUID]
) -> None:
    page = look_for_jobs(compare(jobs[:1]), "Run")
    found = sent(page, "compared")
    assert found["searched"] == "Run"
    assert {job["name"] for job in found["found"]} == {f"Run {at}" for at in range(1, 8)}


def test_nobody_finds_jobs_that_they_may_not_see(
    compare: Make, jobs: list[UUID], person: Make
) -> None:
    page = look_for_jobs(compare([], who=person()), "Run")
    assert sent(page, "compared")["found"] == []


def test_a_shared_tag_offers_jobs_and_narrows_the_compared_ones(
    compare: Make, jobs: list[UUID], tag: str
) -> None:
    page = compare(jobs[:3])
    tags = page.button_group(key="compare-tag")
    assert tags.label == "Filter by shared tags"
    assert [option.content for option in tags.proto.options] == [f"{tag} · 2"]
    page = tags.set_value(tag).run()
    assert [button.label for button in page.button][1:] == ["Run 6", "Run 4"]
    narrowed = page.button[0].click().run()
    assert names(narrowed) == ["Run 0", "Run 2"]
    assert names(narrowed.button(key=f"add-{jobs[6]}").click().run()) == ["Run 0", "Run 2", "Run 6"]


def test_jobs_on_the_same_file_are_offered_until_there_are_six(
    compare: Make, jobs: list[UUID]
) -> None:
    page = compare(jobs[:5])
    page = page.button_group(key="compare-like").set_value("file").run()
    page = page.button(key=f"add-{jobs[7]}").click().run()
    assert names(page)[-1] == "Run 7"
    assert all(button.disabled for button in page.button if button.label.startswith("Run"))


# What is shown of them


def test_only_differences_are_shown_where_most_is_equal_and_the_switch_shows_all(
    compare: Make, jobs: list[UUID]
) -> None:
    page = compare(jobs[:2])
    (switch,) = (toggle for toggle in page.toggle if toggle.label == "Only differences")
    assert switch.value
    assert "configured alike" in said(page)
    page = switch.set_value(False).run()
    assert "Learning Rate" in said(page)
    assert address(page, "diff") == "0"


def test_differences_are_marked(compare: Make, past_job: Make, actor: Person) -> None:
    page = compare([past_job(actor), past_job(actor, preset="aggressive")], diff="0")
    rows = said(page).split("<tr")
    (rank,) = (row for row in rows if "Rank (r)" in row)
    (schedule,) = (row for row in rows if "Schedule" in row)
    assert "class=differs" in rank
    assert "≠" in rank
    assert "differs" not in schedule


def test_the_axis_and_smoothing_are_in_the_address(compare: Make, jobs: list[UUID]) -> None:
    train(jobs[0], range(1, 20))
    page = compare(jobs[:2], axis="time")
    axis = next(group for group in page.button_group if group.label == "Loss along")
    assert axis.value == "time"
    page = axis.set_value("cost").run()
    assert address(page, "axis") == "cost"
    page = next(toggle for toggle in page.toggle if toggle.label == "Smooth").set_value(True).run()
    assert address(page, "smooth") == "1"
    assert address(compare(jobs[:2], axis="sideways"), "axis") == "sideways"


def test_a_job_without_metrics_says_so(compare: Make, jobs: list[UUID]) -> None:
    train(jobs[0], range(1, 20))
    page = compare(jobs[:2])
    assert [chart.type for chart in page.get("plotly_chart")] == ["plotly_chart"]
    assert "B has no metrics: no step of it was trained" in said(page).replace("\\", "")


def test_what_people_wrote_is_text(compare: Make, past_job: Make, actor: Person) -> None:
    payload = "<img src=x onerror=alert(1)> [a](http://e.vil) $x$ =1+1 ![b](http://e.vil/i.png)"
    one = past_job(actor, name=payload[:100], description=payload, tags=["baseline"])
    other = past_job(actor, ended_at=datetime.now(UTC))
    train(one, range(1, 5))
    page = compare([one, other])
    assert not page.exception
    written = [text for kind, text in texts(page) if kind == "html"]
    assert sum("&lt;img" in text for text in written) == 2  # both tables
    assert not any("<img" in text for text in written)


def test_the_comparison_and_the_jobs_themselves_can_be_exported(
    compare: Make, jobs: list[UUID]
) -> None:
    page = compare(jobs[:2])
    labels = [button.proto.label for button in page.get("download_button")]
    assert labels == ["Comparison as CSV", "Comparison as PDF"]
    assert f"/exports/jobs.csv?job={jobs[0].hex}&amp;job={jobs[1].hex}" in said(page)
