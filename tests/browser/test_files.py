"""The Dataset page in a real browser: import, choose, rename, and Enter through the dialog."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from lib.datafiles.sample import write_sample
from tests.browser.conftest import App

pytestmark = pytest.mark.browser

PASSWORD = "four words nobody guesses"
HOSTILE = "<img src=x onerror=alert(1)> **bold**.json"
WAIT = 60_000  # ms; the machine may be busy


def test_a_file_is_chosen_renamed_and_made_a_job_with_the_keyboard(
    app: App, browser: Browser, tmp_path: Path
) -> None:
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    set_up_owner(page, app)
    for number, name in enumerate(("first.json", "second.json")):
        write_sample(tmp_path / name, conversations=50 + number, seed=number)
        page.locator("input[type=file]").set_input_files(tmp_path / name)
        expect(page.get_by_role("heading", name=name)).to_be_visible()
        expect(page.get_by_role("button", name="Create Training Job")).to_be_enabled()

    choose(page, "fir", "first.json")
    rename(page, HOSTILE)
    assert alerts == []

    page.get_by_role("button", name="Create Training Job").click()
    name = page.get_by_role("textbox", name="Job name")
    expect(name).to_have_value(re.compile(r"^<img src=x .* - \d{4}-\d\d-\d\d$"))
    page.keyboard.press("Enter")  # the focus is wherever the dialog put it
    expect(page.get_by_role("heading", name="Preset")).to_be_visible()
    assert re.search(r"/preset\?job=[0-9a-f-]{36}$", page.url)

    page.goto(f"{app.address}/dataset")
    page.get_by_role("button", name="Create Training Job").click()
    page.get_by_role("textbox", name="Job name").fill("Typed and entered")
    page.get_by_role("textbox", name="Job name").press("Enter")
    expect(page.get_by_role("heading", name="Preset")).to_be_visible()
    page.goto(f"{app.address}/jobs")
    expect(page.get_by_text(re.compile("2 jobs|Typed and entered")).first).to_be_attached()


def set_up_owner(page: Page, app: App) -> None:
    page.goto(f"{app.address}/dataset")
    page.get_by_label("Your name").fill("Ada Owner")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create the owner").click()
    expect(page.get_by_text("There is no training file yet")).to_be_visible()


def choose(page: Page, typed: str, name: str) -> None:
    """The list narrows while somebody types, and closes with the choice."""
    page.locator(".st-key-file-chooser button").click()
    entries = page.locator(".st-key-file-entries button")
    expect(entries).to_have_count(2)
    page.get_by_placeholder("Search by name").press_sequentially(typed)
    expect(entries).to_have_count(1)
    entries.click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    expect(entries).to_have_count(0)


def rename(page: Page, name: str) -> None:
    page.get_by_role("button", name="Manage").click()
    field = page.get_by_role("textbox", name="Name", exact=True)
    field.fill(name)
    field.press("Enter")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
