"""Choosing a GPU with real clicks and keys: cards, toggle, the question before a dear choice."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from lib.settings import PROJECT
from tests.browser.conftest import App

pytestmark = pytest.mark.browser

PASSWORD = "four words nobody guesses"
PREPARE = f"""
import sys
import time
from decimal import Decimal
from pathlib import Path
from lib.datafiles.sample import write_sample
from lib.db.connection import dispose
from lib.services import accounts, drafts, training_files
from lib.services.training_files import import_training_file

owner = accounts.create_owner("Ada", "ada@example.com", {PASSWORD!r}, Decimal("5000.00"))
sample = Path(sys.argv[1]) / "workshop.json"
write_sample(sample, conversations=200)
row, _ = import_training_file(owner, sample, sample.name)
while training_files.why_not(training_files.get(row.id)):  # until the app's worker has counted it
    time.sleep(0.2)
print(drafts.create(owner, row.id))
dispose()
"""


@pytest.fixture
def gpu_page(app: App, browser: Browser, open_folder: Path) -> Page:
    """The GPU page of a draft whose on-demand estimate is above $150."""
    made = subprocess.run(
        [sys.executable, "-c", PREPARE, str(open_folder)],
        cwd=PROJECT,
        env=app.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(60_000)
    expect.set_options(timeout=30_000)
    page.goto(f"{app.address}/gpu?job={made.stdout.split()[-1]}")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
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
    expect(panel).not_to_contain_text("$7.99/hr")
