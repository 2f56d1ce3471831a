"""The wizard in a real browser: the panel follows each click, and what is in view."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.clicks import MEASURE

pytestmark = pytest.mark.browser


def card(page: Page, name: str) -> Locator:
    return page.locator(".radio-card").filter(has=page.get_by_role("radio", name=name))


def click_until_the_panel_follows(page: Page, places: tuple[int, int]) -> None:
    """Two cards in turn; fails where the panel's range stays. How soon: `make bench`."""
    page.wait_for_timeout(1500)
    for place in (*places, *places):
        clicked = f".radio-card:nth-child({place}) [role=radio]"
        page.evaluate(MEASURE, [clicked, ".panel .range"])


def test_the_panel_follows_another_preset_and_another_gpu_at_once(
    wizard_page: Callable[[str], Page],
) -> None:
    page = wizard_page("preset")
    expect(page.get_by_role("radio", name="Balanced")).to_be_checked()
    click_until_the_panel_follows(page, (1, 2))  # Conservative and Balanced
    page.get_by_role("button", name="Continue to GPU").click()
    page.get_by_role("radio", name="This machine").click()
    panel = page.get_by_label("Cost estimate", exact=True)
    expect(panel).to_contain_text("measured steps on this machine", timeout=240_000)  # once
    click_until_the_panel_follows(page, (1, 3))  # spot and this machine: on demand would ask


def test_the_panel_is_in_view_wherever_the_page_is_scrolled_to(
    wizard_page: Callable[[str], Page],
) -> None:
    page = wizard_page("preset")
    panel = page.get_by_label("Cost estimate", exact=True)
    expect(panel.locator(".range")).to_be_in_viewport()
    page.get_by_role("button", name="Continue to GPU").scroll_into_view_if_needed()
    expect(panel.locator(".range")).to_be_in_viewport()
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.locator(".cost-strip")).to_be_in_viewport()


def test_the_chosen_preset_has_the_blue_border_and_the_guide_opens_in_another_tab(
    wizard_page: Callable[[str], Page],
) -> None:
    page = wizard_page("preset")
    expect(page.get_by_role("radio", name="Balanced")).to_be_checked()
    page.mouse.move(1, 400)  # a card under the pointer has a blue border too
    blue, top = "rgb(47, 91, 234)", "border-top-color"
    expect(card(page, "Balanced")).to_have_css(top, blue)
    expect(card(page, "Conservative")).not_to_have_css(top, blue)
    expect(card(page, "Balanced").locator("u")).to_have_css("color", "rgb(255, 255, 255)")  # ✓
    expect(card(page, "Conservative").locator("u")).to_have_css("color", "rgba(0, 0, 0, 0)")

    with page.expect_popup() as opened:
        page.get_by_role("link", name="Understanding LoRA Hyperparameters").click()
    expect(opened.value.get_by_role("heading", name="Understanding LoRA")).to_be_visible()
    assert opened.value.url.endswith("/guide")
    assert "/preset?job=" in page.url
