"""Every page, reached directly and signed out, shows the way in and nothing else."""

from collections.abc import Callable

import pytest
from streamlit.testing.v1 import AppTest

from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import accounts
from tests.pages.conftest import PAGES, said

ALL_PAGES = sorted(path.stem for path in PAGES.glob("*.py"))
#: What the way in is made of; anything else would be the page's own.
ENTRANCE = {
    "main",
    "flex_container",
    "column",
    "component_instance",  # of the cookie
    "form",
    "title",
    "subheader",
    "caption",
    "text_input",
    "button",
}


def test_the_table_of_pages_is_the_folder() -> None:
    assert {"jobs", "job", "budget", "dataset", "preset", "gpu", "details", "review"} <= set(
        ALL_PAGES
    )


@pytest.mark.parametrize("name", ALL_PAGES)
def test_before_the_owner_there_is_the_set_up_alone(
    installation: str, open_page: Callable[..., AppTest], name: str
) -> None:
    page = open_page(name)

    assert [title.value for title in page.title] == ["Set up LoRA Pipeline"]
    assert {element.type for element in page.main} <= ENTRANCE
    assert [button.label for button in page.button] == ["Create the owner"]
    assert not page.exception


@pytest.mark.parametrize("name", ALL_PAGES)
def test_signed_out_there_is_the_sign_in_alone(
    installation: str,
    person: Callable[..., Person],
    started_job: Callable[..., object],
    open_page: Callable[..., AppTest],
    name: str,
) -> None:
    job = started_job(person(role="owner"), JobStatus.RUNNING, name="Secret of somebody")

    page = open_page(name, None, job)

    assert [title.value for title in page.title] == ["Sign in"]
    assert {element.type for element in page.main} <= ENTRANCE
    assert [field.label for field in page.text_input] == ["E-mail", "Password"]
    assert [button.label for button in page.button] == ["Sign in"]
    assert "Secret" not in said(page)
    assert "$" not in said(page)
    assert not page.exception


def test_a_session_that_has_ended_opens_nothing(
    installation: str, person: Callable[..., Person], open_page: Callable[..., AppTest]
) -> None:
    page = open_page("jobs", person(role="owner"))
    assert page.title[0].value == "Jobs"
    accounts.end_session(page.session_state["session_id"])

    page.run()

    assert [title.value for title in page.title] == ["Sign in"]
    assert {element.type for element in page.main} <= ENTRANCE
