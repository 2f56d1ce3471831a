"""Radio cards in a real browser: keys, clicks, a locked card, and what outlives a run."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bench.server import serving

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).with_name("radio_cards_page.py")


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("radio-cards")
    with serving(SCRIPT, folder, "/_stcore/health") as (found, _seconds):
        yield found


@pytest.fixture
def page(browser: Browser, address: str) -> Page:
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.goto(address)
    expect(radio(opened, "Apple")).to_be_visible(timeout=30_000)
    return opened


def radio(page: Page, name: str) -> Locator:
    return page.get_by_role("radiogroup", name="Fruit").get_by_role("radio", name=name)


def card(page: Page, name: str) -> Locator:
    return page.locator(".radio-card").filter(has=page.get_by_role("radio", name=name))


def chosen(page: Page, fruit: str, *, asked: int) -> None:
    """The page was run, and says what it was told."""
    expect(page.get_by_text(f"Chosen {fruit} after {asked}", exact=True)).to_be_visible()


def only_checked(page: Page, name: str) -> None:
    """By its role for a screen reader, by border and checkmark for the eye."""
    checked = page.get_by_role("radio", checked=True)
    expect(checked).to_have_count(1)
    expect(checked).to_have_accessible_name(name)
    expect(page.locator(".radio-card.chosen u")).to_have_count(1)
    expect(card(page, name)).to_have_class(re.compile(r"\bchosen\b"))


def border(page: Page, name: str) -> str:
    return card(page, name).evaluate("card => getComputedStyle(card).borderTopColor")


def test_a_click_anywhere_on_a_card_chooses_it_once(page: Page) -> None:
    only_checked(page, "Apple")
    card(page, "Berry").get_by_text("Sour").click()
    chosen(page, "b", asked=1)
    only_checked(page, "Berry")
    assert border(page, "Berry") != border(page, "Apple")
    card(page, "Berry").get_by_text("Sour").click()  # chosen already: nothing to tell
    radio(page, "Apple").click()
    chosen(page, "a", asked=2)


def test_arrows_choose_around_the_group_and_tab_reaches_the_chosen_card_alone(page: Page) -> None:
    radio(page, "Apple").focus()
    for key, fruit, name in (("ArrowRight", "b", "Berry"), ("ArrowUp", "a", "Apple")):
        page.keyboard.press(key)
        expect(radio(page, name)).to_be_focused()
        only_checked(page, name)
        expect(page.get_by_text(re.compile(f"^Chosen {fruit}"))).to_be_visible()
        expect(radio(page, name)).to_be_focused()  # and still after the page was run
    reachable = page.locator("[role=radio][tabindex='0']")
    expect(reachable).to_have_count(1)
    expect(reachable).to_have_accessible_name("Apple")


def test_a_locked_card_says_why_and_is_not_chosen(page: Page) -> None:
    locked = radio(page, "Cherry")
    expect(locked).to_have_attribute("aria-disabled", "true")
    expect(locked).to_have_accessible_description("Not before June")
    card(page, "Berry").click()
    chosen(page, "b", asked=1)
    page.keyboard.press("ArrowRight")
    expect(locked).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Not before June")
    card(page, "Cherry").get_by_text("Red").click()
    only_checked(page, "Berry")
    page.keyboard.press("ArrowLeft")  # from the locked card on to where one came from
    expect(radio(page, "Berry")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    chosen(page, "a", asked=2)  # the locked card was never told of


def test_space_and_enter_choose_the_focused_card(page: Page) -> None:
    for turn, (key, fruit, name) in enumerate((("Space", "b", "Berry"), ("Enter", "a", "Apple"))):
        radio(page, name).focus()
        page.keyboard.press(key)
        chosen(page, fruit, asked=turn + 1)
        only_checked(page, name)
        expect(radio(page, name)).to_be_focused()


def test_quick_choices_end_at_the_last_one(page: Page) -> None:
    for name in ("Berry", "Apple") * 4:
        radio(page, name).click()
    radio(page, "Berry").click()
    expect(page.get_by_text(re.compile("^Chosen b"))).to_be_visible()
    page.wait_for_timeout(500)  # whatever is still on its way
    expect(page.get_by_text(re.compile("^Chosen b"))).to_be_visible()
    only_checked(page, "Berry")


def test_what_is_not_taken_is_not_shown_as_chosen(page: Page) -> None:
    for turn in (1, 2):
        card(page, "Durian").click()
        chosen(page, "a", asked=turn)
        only_checked(page, "Apple")


def test_a_run_of_the_page_keeps_the_cards_their_focus_and_what_was_opened(page: Page) -> None:
    page.evaluate("document.querySelector('.radio-cards').mark = 'the same'")
    card(page, "Apple").get_by_text("More").click()
    chosen(page, "a", asked=0)  # opening the details chooses nothing
    card(page, "Berry").click()
    chosen(page, "b", asked=1)
    assert page.evaluate("document.querySelector('.radio-cards').mark") == "the same"
    expect(card(page, "Apple").get_by_text("Seeds")).to_be_visible()
    expect(radio(page, "Berry")).to_be_focused()
