"""Taking jobs away and bringing them in: the links of the menu, and the dialog."""

import html
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.job_search import JobQuery
from lib.domain.offers import Tier
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import accounts, drafts, job_export
from lib.ui import export_buttons
from tests.pages.conftest import said
from tests.pages.test_hostile_text import FIRST, as_text

Make = Callable[..., Any]


# AppTest runs the source of these two by itself: no name of this module is known there.
def dialog_of(person: object) -> None:
    from lib.ui.job_import import import_button

    import_button(person)


def menu_of(what: object) -> None:
    from lib.ui.export_buttons import export_buttons

    export_buttons(what)


@pytest.fixture
def opened(database: Any) -> Callable[[Person], AppTest]:
    """`opened(person)`: the dialog, as a press of the button opens it."""

    def run(person: Person) -> AppTest:
        page = AppTest.from_function(dialog_of, args=(person,), default_timeout=20).run()
        return within(page)

    return run


def upload(page: AppTest, content: Any) -> AppTest:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    page.file_uploader[0].set_value(("jobs.json", data, "application/json"))
    return within(page)


def within(page: AppTest) -> AppTest:
    """A run of the open dialog: AppTest runs the page with it, so its opener is pressed along."""
    return page.button(key="import-jobs").click().run()


def press_import(page: AppTest) -> AppTest:
    page.button(key="import-now").click()
    return within(page)


def job(of: Any, /, **values: Any) -> dict[str, Any]:
    return {
        "name": "Run of elsewhere",
        "file": {"name": of.name, "content_hash": of.content_hash},
        "configuration": {"preset": "aggressive"},
        **values,
    }


def export_of(*jobs: Any) -> dict[str, Any]:
    return {"schema": 1, "jobs": list(jobs)}


def lines(page: AppTest) -> list[str]:
    return re.findall(r"<tr>.*?</tr>", said(page), re.DOTALL)


def test_the_preview_says_what_becomes_of_each_job_and_makes_none(
    opened: Callable[[Person], AppTest], person: Make, training_file: Make
) -> None:
    ana = person()
    file = training_file(actor=ana)
    content = export_of(job(file), job(file, name="Second", file={"name": "gone.json"}))
    page = upload(opened(ana), content)
    assert not page.exception
    assert "1 job can be imported, 1 cannot." in said(page)
    ready, missing = lines(page)
    for shown in ("Run of elsewhere", html.escape(file.name), "Aggressive", "Ready", "offer: none"):
        assert shown in ready
    assert "import “gone.json” first" in missing
    assert "Not possible" in missing
    assert page.button(key="import-now").label == "Import 1 job"
    assert in_export(ana) == []


def in_export(person: Person) -> list[dict[str, Any]]:
    return json.loads(b"".join(job_export.stream_json(person, JobQuery())))["jobs"]


def test_the_import_makes_the_drafts_once_and_leads_to_them(
    opened: Callable[[Person], AppTest], person: Make, training_file: Make
) -> None:
    ana = person()
    page = upload(opened(ana), export_of(job(training_file(actor=ana), tags=["poc"])))
    page = press_import(page)
    assert not page.exception
    assert "1 job imported as a draft of yours." in said(page)
    (line,) = lines(page)
    job_id = UUID(re.search(r'href="/preset\?job=([0-9a-f-]{36})"', line)[1])
    assert drafts.load(ana, job_id).draft.tags == ("poc",)
    assert not any(button.key == "import-now" for button in page.button)
    within(page)
    assert len(in_export(ana)) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"[]", "This is no export of jobs"),
        (b'{"schema": 9, "jobs": []}', "schema: 9 is not known here"),
        (b'{"schema": 1, "jobs": [{"name": NaN}]}', "is not a usable number"),
    ],
)
def test_a_file_that_is_no_good_is_told(
    opened: Callable[[Person], AppTest], person: Make, content: bytes, message: str
) -> None:
    page = upload(opened(person()), content)
    assert not page.exception
    assert message in page.error[0].value.replace("\\", "")
    assert not any(button.key == "import-now" for button in page.button)


def test_an_empty_export_is_told(opened: Callable[[Person], AppTest], person: Make) -> None:
    assert "There is no job in this file." in said(upload(opened(person()), export_of()))


def test_what_is_in_the_file_is_text(
    opened: Callable[[Person], AppTest], person: Make, training_file: Make
) -> None:
    ana, hostile = person(), " ".join(FIRST)
    file = training_file(actor=ana)
    content = export_of(
        job(file, name=hostile, offer={"key": hostile}),
        job(file, name=hostile, tags=[hostile], file={"name": hostile}),
        job(file, name=hostile, configuration={"preset": hostile}),
    )
    page = upload(opened(ana), content)
    as_text(page)
    assert len(lines(page)) == 3
    assert html.escape(hostile, quote=True) in said(page)
    as_text(press_import(page))


def test_the_menu_links_to_the_files_of_a_search() -> None:
    query = JobQuery(
        text='zebra "a&b" <x>', statuses=(JobStatus.FAILED,), tiers=(Tier.SPOT,), tags=("poc",)
    )
    page = AppTest.from_function(menu_of, args=(query,)).run()
    assert not page.exception
    links = [html.unescape(found) for found in re.findall(r'href="([^"]*)"', said(page))]
    assert [urlsplit(link).path for link in links] == ["/exports/jobs.csv", "/exports/jobs.json"]
    for link in links:
        assert JobQuery.from_params(parse_qs(urlsplit(link).query)) == query


def test_a_selection_is_named_in_the_address_as_long_as_it_fits(person: Make, draft: Make) -> None:
    few = [uuid4() for _ in range(export_buttons.MOST_IN_ADDRESS)]
    page = AppTest.from_function(menu_of, args=(few,)).run()
    links = re.findall(r'href="([^"]*)"', html.unescape(said(page)))
    assert max(map(len, links)) < 8_000
    query = parse_qs(urlsplit(links[0]).query)
    assert [UUID(one) for one in query["job"]] == few

    ana = person()
    many = [draft(ana).job_id, *(uuid4() for _ in range(export_buttons.MOST_IN_ADDRESS))]
    page = AppTest.from_function(menu_of, args=(many,))
    page.session_state["session_id"] = accounts.open_session(ana.email)
    page = page.run()
    assert not page.exception
    assert re.findall(r'href="([^"]*)"', said(page)) == []
    assert [element.label for element in page.get("download_button")] == ["CSV", "JSON"]
