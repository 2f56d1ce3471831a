"""Choosing a GPU with real clicks and keys: cards, toggle, the question before a dear choice."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


@pytest.fixture
def gpu_page(wizard_page: Callable[[str], Page]) -> Page:
    """The GPU page of a draft whose on-demand estimate is above $150."""
    page = wizard_page("gpu")
    expect(page.get_by_role("heading", name="GPU", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Continue to Details")).to_be_visible()
    return page


def card(page: Page, name: str) -> Locator:
    return page.locator(".radio-card").get_by_role("radio", name=name)


def side(page: Page, name: str) -> Locator:
    """One side of the toggle."""
    return page.locator(".st-key-gpu-toggle").get_by_role("radio", name=name)


def test_toggle_cards_and_panel_always_say_the_same(gpu_page: Page) -> None:
    page = gpu_page
    panel = page.get_by_label("Cost estimate", exact=True)
    expect(card(page, "Spot Instance")).to_be_checked()
    expect(side(page, "Spot Instance")).to_be_checked()

    for cancel in ("click", "Escape"):
        card(page, "On-Demand Instance").click()
        expect(page.get_by_text("High-Cost On-Demand Instance - Estimated cost:")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_be_visible()  # the last to be drawn
        if cancel == "click":
            page.mouse.click(5, 400)  # beside the question: it stays
            page.get_by_role("button", name="Cancel").click()
        else:
            page.keyboard.press("Escape")
        expect(page.get_by_role("button", name="Continue with On-Demand")).to_have_count(0)
        expect(card(page, "Spot Instance")).to_be_checked()
        expect(card(page, "On-Demand Instance")).not_to_be_checked()
        expect(side(page, "Spot Instance")).to_be_checked()
        expect(panel).to_contain_text("$2.49/hr")

    side(page, "On-Demand Instance").click()
    page.get_by_role("button", name="Continue with On-Demand").click()
    expect(card(page, "On-Demand Instance")).to_be_checked()
    expect(side(page, "On-Demand Instance")).to_be_checked()
    expect(panel).to_contain_text("$7.99/hr")

    card(page, "On-Demand Instance").press("ArrowRight")
    expect(card(page, "This machine")).to_be_checked()
    expect(side(page, "On-Demand Instance")).not_to_be_checked()
    expect(panel).not_to_contain_text("$7.99/hr", timeout=240_000)  # it is measured first
