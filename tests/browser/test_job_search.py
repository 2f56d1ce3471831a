"""The job history in a real browser: found while typing, chosen, filtered, shared."""

import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from bench.server import PROJECT
from tests.browser.conftest import App

PASSWORD = "four words nobody guesses"
PREPARE = f"""
import sys
import time
from decimal import Decimal
from pathlib import Path
from lib.datafiles.sample import write_sample
from lib.db.connection import dispose
from lib.domain.draft import change
from lib.services import accounts, drafts, training_files
from lib.services.training_files import import_training_file

owner = accounts.create_owner("Ada", "ada@example.com", {PASSWORD!r}, Decimal("5000.00"))
sample = Path(sys.argv[1]) / "workshop.json"
write_sample(sample, conversations=60)
row, _ = import_training_file(owner, sample, sample.name)
while training_files.why_not(training_files.get(row.id)):  # until the worker has counted it
    time.sleep(0.2)
for name, tags in (("Warm letters", ["poc"]), ("Letters that warm", []), ("Formal", ["poc"])):
    opened = drafts.load(owner, drafts.create(owner, row.id))
    notes = "A warm tone, <b>not</b> speed." if tags else ""
    values = dict(name=name, tags=tags, notes=notes)
    drafts.save(owner, opened, change(opened.draft, drafts.today(), **values))
dispose()
"""


def signed_in(page: Page, address: str) -> Page:
    page.set_default_timeout(60_000)
    expect.set_options(timeout=30_000)
    page.goto(address)
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    return page


def names(page: Page) -> list[str]:
    return page.locator(".job-list .job-name").all_inner_texts()


def test_jobs_are_found_while_typing_chosen_filtered_and_shared(
    app: App, browser: Browser, open_folder: Path
) -> None:
    subprocess.run(
        [sys.executable, "-c", PREPARE, str(open_folder)],
        cwd=PROJECT,
        env=app.environment(),
        check=True,
    )
    page = signed_in(browser.new_page(viewport={"width": 1280, "height": 800}), app.address)
    expect(page.locator(".job-list .job-name")).to_have_count(3)

    # Typed, without Enter.
    field = page.get_by_placeholder("Search by name, description, notes, or tags")
    field.press_sequentially("warm lett", delay=40)
    expect(page.locator(".job-list .job-name")).to_have_count(2)
    expect(field).to_be_focused()
    expect(page.locator(".job-list mark", has_text="warm").first).to_be_visible()
    expect(page.get_by_text("1 match in notes")).to_be_visible()
    expect(page.locator(".job-match")).to_have_text(["A warm tone, <b>not</b> speed."])
    expect(page).to_have_url(re.compile(r"\?q=warm\+lett|\?q=warm%20lett"))

    # Chosen, by mouse and by keyboard.
    boxes = page.locator(".job-list tbody input")
    boxes.nth(0).click()
    expect(page.get_by_text("1 selected")).to_be_visible()
    boxes.nth(0).press("ArrowDown")
    expect(boxes.nth(1)).to_be_focused()
    boxes.nth(1).press("Space")
    expect(page.get_by_text("2 selected")).to_be_visible()
    expect(page.get_by_role("button", name="Compare")).to_be_enabled()

    # Filtered by a click on a tag; what is chosen stays chosen.
    page.locator(".job-list").get_by_role("link", name="poc").click()
    expect(page.locator(".job-list .job-name")).to_have_text(["Warm letters"])
    expect(page.get_by_text("2 selected, 1 not on this page")).to_be_visible()
    expect(page.get_by_role("button", name="Tag: poc")).to_be_visible()
    shared = page.url

    # A reload keeps it, and so does another browser.
    page.reload()
    expect(page.locator(".job-list .job-name")).to_have_text(["Warm letters"])
    expect(field).to_have_value("warm lett")
    other = signed_in(browser.new_context().new_page(), shared)
    expect(other.locator(".job-list .job-name")).to_have_text(["Warm letters"])

    # Archived and brought back; then opened.
    page.locator(".job-list tbody input").nth(0).click()
    page.get_by_role("button", name="Archive").click()
    expect(page.get_by_text("No job matches")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".job-list .job-name")).to_have_text(["Warm letters"])
    page.locator(".job-list .job-name").click()
    expect(page).to_have_url(re.compile(r"/preset\?job="))
