"""Notes in the whole app: the server is killed while they are typed, and so is the browser."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bench.server import CHROMIUM_OPTIONS, PROJECT
from tests.browser.conftest import App, sign_in

pytestmark = pytest.mark.browser


def notes(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Notes")


def state(page: Page) -> Locator:
    """What the notes' field says about being saved."""
    field = page.locator(".kept").filter(has=page.get_by_role("textbox", name="Notes"))
    return field.locator(".kept-state")


def in_the_database(app: App, job: str) -> str:
    code = (
        "import sys; from uuid import UUID; from lib.db import jobs;"
        "from lib.db.connection import reading\n"
        "with reading() as c: sys.stdout.write(jobs.by_id(c, UUID(sys.argv[1])).notes)"
    )
    return subprocess.run(
        [sys.executable, "-c", code, job],
        cwd=PROJECT,
        env=app.environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout


def job_of(page: Page) -> str:
    found = re.search(r"job=([0-9a-f-]{36})", page.url)
    assert found
    return found[1]


def test_a_server_killed_while_typing_gets_every_word_once_it_is_back(
    app: App, wizard_page: Callable[[str], Page]
) -> None:
    page = wizard_page("details")
    notes(page).press_sequentially("Before. ", delay=20)
    expect(state(page)).to_have_text("Saved")
    job = job_of(page)
    assert in_the_database(app, job) == "Before. "

    page.keyboard.type("Half a sen", delay=20)
    app.kill()
    page.keyboard.type("tence, and one more. ", delay=20)
    expect(state(page)).to_contain_text("kept in this browser")
    app.start()
    # A new session draws the page anew, sign-in included: what is typed into nothing is not kept.
    expect(state(page)).to_have_text("Saved", timeout=60_000)
    expect(notes(page)).to_have_value("Before. Half a sentence, and one more. ")
    notes(page).press_sequentially("After.", delay=20)
    expect(state(page)).to_have_text("Saved")
    written = "Before. Half a sentence, and one more. After."
    expect(notes(page)).to_have_value(written)
    assert in_the_database(app, job) == written


def browser_with_a_memory(browser: Browser, chromium: str | None, profile: Path) -> Page:
    """A page of a second browser, whose store is on the disk and outlives it."""
    context = browser.browser_type.launch_persistent_context(
        profile, executable_path=chromium, args=CHROMIUM_OPTIONS
    )
    page = context.pages[0]
    page.set_default_timeout(60_000)
    return page


def of_profile(profile: Path) -> Iterator[psutil.Process]:
    """The browser's processes on this profile."""
    for process in psutil.process_iter(["cmdline"]):
        if f"--user-data-dir={profile}" in (process.info["cmdline"] or []):
            yield process


def test_a_browser_killed_in_the_middle_of_typing_has_its_notes_in_the_draft(
    app: App,
    browser: Browser,
    chromium: str | None,
    wizard_page: Callable[[str], Page],
    tmp_path: Path,
) -> None:
    """Its own store is of no use then: Chromium writes that to the disk once a minute at most."""
    first = wizard_page("details")  # makes the draft
    expect(notes(first)).to_be_visible()
    address, job = first.url, job_of(first)
    first.close()
    page = browser_with_a_memory(browser, chromium, tmp_path)
    page.goto(address)
    sign_in(page)
    expect(notes(page)).to_be_visible()
    page.wait_for_timeout(2000)  # signing in draws the page twice
    notes(page).click()
    words = [f"word{number} " for number in range(60)]
    for word in words:  # without a pause that would be taken for the end
        page.keyboard.type(word, delay=30)
    for process in of_profile(tmp_path):
        process.kill()

    page = browser_with_a_memory(browser, chromium, tmp_path)
    page.goto(address)
    entrance = page.get_by_label("E-mail")
    expect(entrance.or_(notes(page))).to_be_visible()
    if entrance.is_visible():  # the cookie had not been written to the disk yet
        sign_in(page)
    expect(notes(page)).to_have_value(re.compile("^word0 word1 "))
    found = notes(page).input_value()
    assert "".join(words).startswith(found)
    assert len(found) > len("".join(words[:30]))  # all but the last seconds
    assert in_the_database(app, job) == found
    page.context.close()
