"""The pickers of tags and clients in a real browser, by mouse and by keyboard alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bench.server import serving

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).with_name("pickers_page.py")
ACME = "Client: Acme Financial → Project: Q4 2025 Model Enhancement"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(SCRIPT, tmp_path_factory.mktemp("pickers"), "/_stcore/health") as (found, _):
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Page:
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.goto(address)
    expect(field(opened, "Tags")).to_be_visible(timeout=30_000)
    return opened


def field(page: Page, name: str) -> Locator:
    return page.get_by_role("combobox", name=name)


def option(page: Page, name: str) -> Locator:
    return page.get_by_role("option", name=name, exact=True)


def told(page: Page, tags: str, client: str, *, times: int) -> None:
    """The page was run, and says what it was told."""
    expect(page.get_by_text(f"Tags {tags} and {client} after {times}", exact=True)).to_be_visible()


def test_tags_are_ticked_in_the_list_and_become_pills_that_an_x_takes_away(page: Page) -> None:
    expect(page.get_by_role("option")).to_have_count(0)
    field(page, "Tags").click()
    expect(page.get_by_role("option")).to_have_count(15)
    option(page, "poc").click()
    option(page, "research").click()
    told(page, "poc,research", " / ", times=2)
    expect(option(page, "poc")).to_have_attribute("aria-selected", "true")
    expect(page.locator(".tag-pill")).to_have_text(["poc×", "research×"])
    option(page, "poc").click()
    told(page, "research", " / ", times=3)
    page.get_by_test_id("stText").click()
    expect(page.get_by_role("option")).to_have_count(0)
    page.get_by_role("button", name="Remove tag research").click()
    told(page, "", " / ", times=4)
    expect(page.locator(".tag-pill")).to_have_count(0)


def test_typing_filters_the_tags_and_offers_a_new_one_only_where_there_is_none(page: Page) -> None:
    field(page, "Tags").focus()
    page.keyboard.type("iteration-1")
    expect(page.get_by_role("option")).to_have_text(["iteration-1"])
    page.keyboard.type("0")
    expect(page.get_by_role("option")).to_have_text(["Create new tag: 'iteration-10'"])
    page.get_by_role("option").click()
    told(page, "iteration-10", " / ", times=1)
    expect(option(page, "iteration-10")).to_have_attribute("aria-selected", "true")


def test_tags_by_keyboard_alone(page: Page) -> None:
    field(page, "Tags").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(field(page, "Tags")).to_have_attribute("aria-activedescendant", "pick-tags-list-1")
    page.keyboard.press("Enter")
    told(page, "production", " / ", times=1)
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    told(page, "production,experiment", " / ", times=2)
    page.keyboard.type("my-own")
    page.keyboard.press("Enter")
    told(page, "production,experiment,my-own", " / ", times=3)
    expect(page.locator(".pick-tags [role=status]")).to_have_text("my-own added, 3 of 10 tags")
    page.keyboard.press("Backspace")
    told(page, "production,experiment", " / ", times=4)
    page.keyboard.press("Escape")
    expect(page.get_by_role("option")).to_have_count(0)
    expect(field(page, "Tags")).to_be_focused()


def test_a_tag_that_breaks_a_rule_is_told_and_stays_to_be_mended(page: Page) -> None:
    field(page, "Tags").focus()
    page.keyboard.type("Two words")
    page.keyboard.press("Enter")
    alert = page.locator(".pick-tags [role=alert]")
    expect(alert).to_have_text("Tag names may have lowercase letters, digits and hyphens only")
    expect(field(page, "Tags")).to_have_value("Two words")
    expect(page.locator(".tag-pill")).to_have_count(0)
    field(page, "Tags").fill("two-words")
    expect(alert).to_be_empty()
    page.keyboard.press("Enter")
    told(page, "two-words", " / ", times=1)


def test_the_eleventh_tag_is_refused(page: Page) -> None:
    field(page, "Tags").click()
    for at in range(11):
        page.get_by_role("option").nth(at).click()
    expect(page.locator(".pick-tags [role=alert]")).to_have_text("Maximum 10 tags allowed")
    expect(page.locator(".tag-pill")).to_have_count(10)
    page.get_by_test_id("stText").click()
    page.get_by_role("button", name="Remove tag poc").click()
    expect(page.locator(".pick-tags [role=alert]")).to_be_empty()
    expect(page.locator(".tag-pill")).to_have_count(9)


def test_a_project_is_found_by_what_is_typed_with_the_matches_marked(page: Page) -> None:
    field(page, "Client").click()
    expect(page.get_by_role("option")).to_have_count(6)
    page.keyboard.type("acme q4")
    expect(page.get_by_role("option")).to_have_text([ACME, "Create New Client/Project"])
    expect(page.locator("mark")).to_have_text(["Acme", "Q4"])
    option(page, ACME).click()
    told(page, "", "Acme Financial / Q4 2025 Model Enhancement", times=1)
    expect(field(page, "Client")).to_have_value(ACME)
    page.get_by_role("button", name="Clear").click()
    told(page, "", " / ", times=2)
    expect(field(page, "Client")).to_have_value("")


def test_a_new_client_and_project_are_named_in_place_by_keyboard_alone(page: Page) -> None:
    field(page, "Client").focus()
    page.keyboard.type("Northwind")
    expect(page.get_by_role("option")).to_have_text(["Create New Client/Project"])
    page.keyboard.press("Enter")
    form = page.get_by_role("group", name="New client and project")
    expect(form.get_by_label("Client")).to_have_value("Northwind")
    expect(form.get_by_label("Project")).to_be_focused()
    page.keyboard.type("Spring")
    page.keyboard.press("Enter")
    told(page, "", "Northwind / Spring", times=1)
    expect(field(page, "Client")).to_have_value("Client: Northwind → Project: Spring")
    expect(form).to_be_hidden()


def test_a_new_project_of_a_known_client_is_offered_as_that(page: Page) -> None:
    field(page, "Client").focus()
    page.keyboard.type("acme financial Next year")
    page.get_by_role("option", name="Create New Client/Project").click()
    form = page.get_by_role("group", name="New client and project")
    expect(form.get_by_label("Client")).to_have_value("Acme Financial")
    expect(form.get_by_label("Project")).to_have_value("Next year")
    form.get_by_label("Client").fill("")
    form.get_by_role("button", name="Create").click()
    expect(page.locator(".pick-client [role=alert]")).to_have_text("Client must have a name")
    form.get_by_label("Client").fill("ACME FINANCIAL")
    form.get_by_role("button", name="Create").click()
    told(page, "", "Acme Financial / Next year", times=1)
    field(page, "Client").click()
    page.keyboard.press("Escape")
    expect(field(page, "Client")).to_have_value("Client: Acme Financial → Project: Next year")


def test_names_are_text_and_a_run_of_the_page_keeps_the_list_open(page: Page) -> None:
    field(page, "Client").click()
    expect(option(page, "Client: <b>Bold & Sons</b>")).to_be_visible()
    assert page.locator(".pick b").count() == 0
    field(page, "Tags").click()
    page.evaluate("document.querySelector('.pick-tags').mark = 'the same'")
    option(page, "poc").click()
    told(page, "poc", " / ", times=1)
    expect(page.get_by_role("option")).to_have_count(15)
    expect(field(page, "Tags")).to_be_focused()
    assert page.evaluate("document.querySelector('.pick-tags').mark") == "the same"
