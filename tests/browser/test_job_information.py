"""Editing and sharing in a real browser: two people in the dialog at once, and a mail to one."""

import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bench.server import PROJECT
from tests.browser.conftest import App

pytestmark = pytest.mark.browser

_PASSWORD = "four other words there"


def add_a_colleague(app: App) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "lib.cli", "users", "add", "--role", "admin"),
            *("--name", "Max", "--email", "max@example.com", "--password-stdin"),
        ],
        cwd=PROJECT,
        env=app.environment(),
        input=f"{_PASSWORD}\n",
        text=True,
        check=True,
        capture_output=True,
    )


def write(dialog: Locator, label: str, text: str) -> None:
    field = dialog.get_by_role("textbox", name=label, exact=True)
    field.fill(text)
    field.blur()


def edit(page: Page) -> Locator:
    page.get_by_role("button", name="Edit Metadata").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("textbox", name="Notes", exact=True)).to_be_visible()
    return dialog


def save(dialog: Locator) -> None:
    dialog.get_by_role("button", name="Save", exact=True).click()


def test_two_edit_at_once_the_second_merges_and_shares_the_job(
    app: App, wizard_page: Callable[[str], Page], browser: Browser
) -> None:
    mine = wizard_page("job")
    expect(mine.get_by_text("Job Information")).to_be_visible()
    add_a_colleague(app)
    other = browser.new_context().new_page()
    other.set_default_timeout(60_000)
    other.goto(mine.url)
    other.get_by_label("E-mail").fill("max@example.com")
    other.get_by_label("Password", exact=True).fill(_PASSWORD)
    other.get_by_role("button", name="Sign in").click()

    my_dialog, other_dialog = edit(mine), edit(other)
    write(my_dialog, "Notes", "Mine, typed for minutes")
    write(my_dialog, "Name", "Tone of support")
    write(other_dialog, "Description", "By Max")
    write(other_dialog, "Notes", "Max's hypothesis")
    save(other_dialog)
    expect(other_dialog).to_be_hidden()
    expect(other.get_by_text("By Max")).to_be_visible()

    save(my_dialog)
    expect(my_dialog.get_by_text("Max changed this job while you were writing")).to_be_visible()
    expect(my_dialog.locator("ins", has_text="By Max")).to_be_visible()
    notes = my_dialog.get_by_role("textbox", name="Notes", exact=True)
    expect(notes).to_have_value("Mine, typed for minutes")
    my_dialog.get_by_role("button", name="Merge both").click()
    expect(notes).to_have_value("Max's hypothesis\n\n---\n\nMine, typed for minutes")
    save(my_dialog)
    expect(my_dialog).to_be_hidden()
    expect(mine.get_by_role("heading", name="Tone of support")).to_be_visible()
    expect(mine.get_by_text("By Max")).to_be_visible()
    expect(mine.locator(".notes hr")).to_be_visible()

    mine.get_by_role("button", name="Share").click()
    sharing = mine.get_by_role("dialog")
    expect(sharing.get_by_text("Check out this training job: Tone of support")).to_be_visible()
    sharing.get_by_role("combobox", name="Colleagues").click()
    mine.get_by_role("option", name="Max · admin").click()
    sharing.get_by_text("Share this job").click()  # closes the list
    sharing.get_by_role("button", name="Send mail").click()
    expect(sharing.get_by_text("The mail is on its way.")).to_be_visible()
    mine.goto(f"{app.address}/outbox")
    expect(mine.get_by_text("Ada shared a training job: Tone of support")).to_be_visible()
