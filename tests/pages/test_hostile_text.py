"""What users typed is text on every page: never markup, never markdown, never an icon."""

import html
from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import drafts
from lib.services.drafts import OpenDraft
from lib.ui.text import plain, safe
from tests.pages.conftest import move, said, texts

FIRST = (
    "# big\n- list",
    "<script>alert(1)</script>",
    "![x](https://evil.example/a.png)",
    "$x^2$ $y$",
)
SECOND = (
    ":material/delete:",
    "**bold**",
    "[a](javascript:alert(1))",
    "`code`",
    ":red[x]",
    "\" on='x'",
)
HOSTILE = {"first": " ".join(FIRST), "second": " ".join(SECOND)}
#: Elements that show their text as it is.
LITERAL = {"text", "text_input", "text_area", "code", "selectbox"}


def as_text(page: AppTest) -> None:
    """Asserts that no element of the page would render any of it as anything but itself."""
    assert not page.exception
    for kind, text in texts(page):
        for hostile in (*FIRST, *SECOND):
            harmless = kind == "html" and html.escape(hostile, quote=True) == hostile
            assert kind in LITERAL or harmless or hostile not in text, kind


def shown_somewhere(page: AppTest, text: str) -> bool:
    written = (html.escape(text, quote=True), plain(text))
    return any(
        any(form in shown for form in written) or (kind in LITERAL and text in shown)
        for kind, shown in texts(page)
    )


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_in_the_wizard(
    person: Callable[..., Person],
    local_draft: Callable[..., OpenDraft],
    open_page: Callable[..., AppTest],
    hostile: str,
) -> None:
    ana = person()
    opened = local_draft(ana)
    fields = ("name", "description", "notes", "client", "project")
    drafts.save(ana, opened, replace(opened.draft, **dict.fromkeys(fields, hostile)))

    for name in ("preset", "gpu", "details", "review"):
        as_text(open_page(name, ana, opened.job_id))
    assert shown_somewhere(open_page("review", ana, opened.job_id), hostile)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_on_the_pages_around_it(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
    hostile: str,
) -> None:
    ana = person(name=hostile)
    fields = dict.fromkeys(("name", "description", "notes", "client", "project"), hostile)
    job = started_job(ana, JobStatus.STARTING, **fields)
    move(job, JobStatus.FAILED, failure_code="error", failure_message=hostile)

    page = open_page("job", ana, job)
    as_text(page)
    assert shown_somewhere(page, hostile)
    assert safe(" ".join(hostile.split())) in said(page)
    page = open_page("budget", ana)
    as_text(page)
    assert page.dataframe[0].value["Name"].iloc[0].lstrip("\u2060") == hostile.strip()
    page = open_page("jobs", ana, q="big delete")
    as_text(page)
    page = open_page("jobs", ana)
    as_text(page)
    assert shown_somewhere(page, hostile.strip())


def test_a_managers_view_of_somebody_with_a_hostile_name(
    person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    boss = person(role="manager")
    ana = person(name=HOSTILE["first"], manager=boss)
    page = open_page("budget", boss)

    page.selectbox("whose").set_value(str(ana.id)).run()

    as_text(page)


@pytest.mark.parametrize(
    "name", ["\u202ertl \u05e9\u05dc\u05d5\u05dd", "n" * 100, "\U0001f469\u200d\U0001f680 rocket"]
)
def test_long_and_unusual_names_are_shown_whole(
    person: Callable[..., Person],
    started_job: Callable[..., UUID],
    open_page: Callable[..., AppTest],
    name: str,
) -> None:
    ana = person()
    job = started_job(ana, name=name)

    assert shown_somewhere(open_page("job", ana, job), name)
    assert shown_somewhere(open_page("jobs", ana), name)
