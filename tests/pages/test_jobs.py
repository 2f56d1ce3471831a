"""The job history: searched, filtered, shared by its address, chosen from."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

from streamlit.testing.v1 import AppTest

from lib.domain.states import JobStatus
from lib.services import job_bulk, job_search_words
from lib.services.drafts import OpenDraft
from tests.pages.conftest import in_job_list, move, said, sent, train
from tests.races.drafts_alike import copies_of

Make = Callable[..., Any]
LIST = "job-list"


def rows(page: AppTest) -> dict[str, str]:
    """The listed jobs in their order: name, and all that the row shows as HTML."""
    assert not page.exception
    return {row["name"]: " ".join(row["cells"]) for row in sent(page, LIST)["rows"]}


def names(page: AppTest) -> list[str]:
    return list(rows(page)) if listed(page) else []


def listed(page: AppTest) -> bool:
    found = (getattr(element, "proto", None) for element in page._tree)
    return any(getattr(proto, "component_name", "") == "job_list" for proto in found)


def search(page: AppTest, text: str) -> AppTest:
    return page.text_input(key="job-search").set_value(text).run()


def choose(page: AppTest, *jobs: UUID) -> AppTest:
    return in_job_list(page, "chosen", ids=[str(job) for job in jobs])


def address(page: AppTest) -> dict[str, str]:
    return dict(page.query_params.items())


def test_without_jobs_it_says_what_to_do_first(
    person: Make, open_page: Callable[..., AppTest], switches: list[tuple[str, str | None]]
) -> None:
    ana = person()
    for label in ("New job", "Choose a training file"):
        page = open_page("jobs", ana)
        assert not page.exception
        assert "Start your first job" in said(page)
        assert not listed(page)
        next(one for one in page.button if one.label == label).click().run()
    assert switches == [("dataset", None)] * 2


def test_a_job_is_a_row_with_its_state_progress_and_money(
    person: Make, started_job: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.STARTING, name="Tone of support")
    move(job, JobStatus.RUNNING, actual_cost="4.20")
    train(job, range(1, 46), total=90)

    row = rows(open_page("jobs", ana))["Tone of support"]

    for shown in ("Running", "50 %", "$4.20", "of about $10.00", "This machine, own hardware"):
        assert shown in row
    assert f'href="/job?job={job}"' in row


def test_a_draft_has_no_cost_and_opens_in_the_wizard(
    person: Make, draft: Make, open_page: Callable[..., AppTest], switches: list[Any]
) -> None:
    ana = person()
    opened = draft(ana, name="Half an idea")

    page = open_page("jobs", ana)
    row = rows(page)["Half an idea"]
    assert "Draft" in row and "–" in row and "$" not in row
    assert "H100 PCIe 80GB, spot" in row

    in_job_list(page, "opened", id=str(opened.job_id))
    assert switches == [("preset", str(opened.job_id))]


def test_the_search_marks_what_it_finds_and_says_how_often(
    person: Make, draft: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    draft(ana, name="Warm and brief", notes=f"{'x ' * 60}warmth, warmer, warm{' y' * 60}")
    draft(ana, name="Formal")
    page = search(open_page("jobs", ana), "warm")

    ((_, row),) = rows(page).items()
    assert "<mark>Warm</mark> and brief" in row
    assert "3 matches in notes" in row
    (quoted,) = re.findall(r'<q class="job-match">(.*?)</q>', row)
    assert re.sub("</?mark>", "", quoted) == f"…{'x ' * 25}warmth, warmer, warm{' y' * 18}…"
    assert page.text_input(key="job-search").proto.placeholder == (
        "Search by name, description, notes, or tags"
    )
    assert page.text_input(key="job-search").proto.live_debounce_ms == 500


def test_what_is_typed_stands_in_the_address_and_a_shared_address_finds_the_same(
    person: Make, draft: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    draft(ana, name="Warm", tags=["poc"])
    draft(ana, name="Warmer")
    page = search(open_page("jobs", ana), "warm")
    assert names(page) == ["Warm", "Warmer"] or names(page) == ["Warmer", "Warm"]
    page = in_job_list(page, "tagged", tag="poc")
    assert names(page) == ["Warm"]
    assert address(page) == {"q": "warm", "tag": "poc"}

    shared = open_page("jobs", ana, q="warm", tag="poc")
    assert names(shared) == ["Warm"]
    assert shared.text_input(key="job-search").value == "warm"
    shared.button(key="chip-Tag: poc").click().run()
    assert len(names(shared)) == 2
    assert address(shared) == {"q": "warm"}


def test_filters_apply_as_chips_that_go_away_one_by_one_or_all_at_once(
    person: Make, draft: Make, started_job: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    draft(ana, name="Not started")
    started_job(ana, JobStatus.FAILED, name="Went wrong")
    page = open_page("jobs", ana)
    page.session_state["job-filters"] = True
    page.run()
    page.multiselect(key="filter-statuses").set_value([JobStatus.FAILED]).run()
    assert names(page) == ["Went wrong"]
    page.number_input(key="filter-least").set_value(5000.0).run()
    assert names(page) == []
    assert "No job matches" in said(page)

    page.button(key="chip-At least $5,000.00").click().run()
    assert names(page) == ["Went wrong"]
    page.button(key="clear-all").click().run()
    assert names(page) == ["Went wrong", "Not started"]
    assert address(page) == {}


def test_a_misspelt_word_is_mended_and_that_is_said(
    person: Make, draft: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    draft(ana, name="Financial letters")
    job_search_words.gather()

    page = search(open_page("jobs", ana), "finacial ")

    assert names(page) == ["Financial letters"]
    assert "Nothing for 'finacial'; showing '**financial**'" in said(page)


def test_without_a_match_it_offers_ways_on(
    person: Make, draft: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    kept = draft(ana, name="Formal")
    job_bulk.archive(ana, [kept.job_id])
    page = search(open_page("jobs", ana), "formal")
    assert "No job matches" in said(page)
    next(one for one in page.button if one.label == "Search archived jobs").click().run()
    assert names(page) == ["Formal"]
    page.button(key="chip-Archived").click().run()
    next(one for one in page.button if one.label.startswith("Clear the search")).click().run()
    assert address(page) == {}


def test_chosen_jobs_are_archived_and_brought_back(
    person: Make, draft: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    one, other = draft(ana, name="One"), draft(ana, name="Other")
    page = choose(open_page("jobs", ana), one.job_id)
    assert "**1 selected**" in said(page)
    assert sent(page, LIST)["chosen"] == [str(one.job_id)]

    page.button(key="bulk-archive").click().run()
    assert names(page) == ["Other"]
    assert "1 job archived" in said(page)
    page.button(key="bulk-undo").click().run()
    assert set(names(page)) == {"One", "Other"}

    choose(page, one.job_id, other.job_id)
    assert not page.button(key="bulk-compare").disabled
    page.button(key="bulk-none").click().run()
    assert sent(page, LIST)["chosen"] == []


def test_chosen_jobs_are_tagged_and_a_bad_tag_is_refused_in_words(
    person: Make, draft: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    one, other = draft(ana, name="One", tags=["poc"]), draft(ana, name="Other")
    page = choose(open_page("jobs", ana), one.job_id, other.job_id)
    page.session_state["bulk-tags"] = True
    page.run()
    page.multiselect(key="bulk-add").set_value(["research", "No Good"])
    next(button for button in page.button if button.label == "Change 2 jobs").click().run()
    assert "Tag names may have lowercase letters, digits and hyphens only" in said(page).replace(
        "\\", ""
    )

    page.session_state["bulk-tags"] = True
    page.run()
    page.multiselect(key="bulk-add").set_value(["research"])
    page.multiselect(key="bulk-remove").set_value(["poc"])
    next(button for button in page.button if button.label == "Change 2 jobs").click().run()
    assert "Tags of 2 jobs changed" in said(page)
    for row in rows(page).values():
        assert ">research</a>" in row and ">poc</a>" not in row


def test_a_running_job_is_not_archived(
    person: Make, started_job: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    job = started_job(ana, JobStatus.RUNNING, name="Runs on")
    page = choose(open_page("jobs", ana), job)
    page.button(key="bulk-archive").click().run()
    assert names(page) == ["Runs on"]
    assert "Only jobs that have ended, and drafts, can be archived" in said(page).replace("\\", "")


def test_analysts_see_their_own_jobs_and_managers_everybodys(
    person: Make, draft: Make, open_page: Callable[..., AppTest]
) -> None:
    ana, ben, manager = person(name="Ana"), person(name="Ben"), person(role="manager")
    draft(ana, name="Only Ana's")
    draft(ben, name="Only Ben's")

    page = open_page("jobs", ana)
    assert names(page) == ["Only Ana's"]
    assert "Creator" not in sent(page, LIST)["columns"]
    everybodys = open_page("jobs", manager)
    assert {"Only Ana's", "Only Ben's"} <= set(names(everybodys))
    assert "Creator" in sent(everybodys, LIST)["columns"]


def test_pages_follow_each_other_and_the_address_knows_which(
    person: Make, draft: Make, open_page: Callable[..., AppTest]
) -> None:
    ana = person()
    opened: OpenDraft = draft(ana)
    copies_of(opened, 59, ana.id)
    page = open_page("jobs", ana)
    first = {row["id"] for row in sent(page, LIST)["rows"]}
    next(button for button in page.button if button.label == "Next page").click().run()
    second = {row["id"] for row in sent(page, LIST)["rows"]}
    assert (len(first), len(second), first & second) == (50, 10, set())
    after = address(page)["after"]
    again = open_page("jobs", ana, after=after)
    assert {row["id"] for row in sent(again, LIST)["rows"]} == second
