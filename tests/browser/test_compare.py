"""Comparing jobs with real keys and clicks: search, order, address, a table that scrolls."""

import subprocess
import sys
from collections.abc import Callable
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Locator, Page, expect

from bench.server import PROJECT
from tests.browser.conftest import App

pytestmark = pytest.mark.browser

_PAST = """
from sqlalchemy import select
from lib.db import users
from lib.db.connection import dispose, reading
from lib.db.tables import training_files
from lib.domain.people import Person, Role
from tests.past_jobs import insert_past_job

with reading() as connection:
    user = users.by_email(connection, "ada@example.com")
    file = connection.execute(select(training_files)).one()
ada = Person(user.id, user.email, user.name, Role.OWNER)
for at, name in enumerate(("Fox run", "Owl run", "Bee run")):
    print(insert_past_job(ada, file, name=name, actual_hours=str(10 + at)))
dispose()
"""


@pytest.fixture
def compared(wizard_page: Callable[[str], Page], app: App) -> tuple[Page, dict[str, str]]:
    """The page compare without any jobs, and the ids of three that have completed, by name."""
    page = wizard_page("compare")
    expect(page.get_by_role("heading", name="Choose two to six jobs")).to_be_visible()
    made = subprocess.run(
        [sys.executable, "-c", _PAST],
        cwd=PROJECT,
        env=app.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    return page, dict(zip(("Fox run", "Owl run", "Bee run"), made.stdout.split(), strict=True))


def chips(page: Page) -> Locator:
    return page.get_by_role("list", name="Compared jobs").locator("li > span")


def expect_address(page: Page, *ids: str) -> None:
    """That the address comes to name these jobs, in this order."""
    page.wait_for_url(lambda url: parse_qs(urlparse(url).query).get("jobs") == [",".join(ids)])


def test_jobs_are_found_as_one_types_and_everything_is_in_the_address(
    compared: tuple[Page, dict[str, str]],
) -> None:
    page, ids = compared
    field = page.get_by_role("combobox", name="Add a job")
    field.click()
    field.press_sequentially("fo")  # nobody presses Enter to search
    option = page.get_by_role("option", name="Fox run")
    expect(option).to_be_visible()
    expect(page.get_by_role("option", name="Owl run")).to_have_count(0)
    field.press("ArrowDown")
    field.press("Enter")
    expect(chips(page)).to_have_text(["Fox run"])
    expect(page.get_by_text("Add another job to compare this one with.")).to_be_visible()

    field.click()
    field.press_sequentially("owl")
    page.get_by_role("option", name="Owl run").click()
    expect(chips(page)).to_have_text(["Fox run", "Owl run"])
    expect(page.get_by_text("“Fox run” is ahead in time taken and cost")).to_be_visible()
    expect_address(page, ids["Fox run"], ids["Owl run"])

    left = page.get_by_role("button", name="Move Owl run to the left")
    left.focus()
    page.keyboard.press("Enter")
    expect(chips(page)).to_have_text(["Owl run", "Fox run"])
    expect(page.get_by_role("button", name="Remove Owl run")).to_be_focused()
    expect(page.locator(".side-by-side thead th").first).to_contain_text("Owl run")
    expect_address(page, ids["Owl run"], ids["Fox run"])

    page.get_by_role("radio", name="By time").click()
    page.wait_for_url("**axis=time**")
    page.reload()
    expect(chips(page)).to_have_text(["Owl run", "Fox run"])
    expect(page.get_by_role("radio", name="By time")).to_be_checked()

    page.get_by_role("button", name="Remove Owl run").click()
    expect(chips(page)).to_have_text(["Fox run"])
    expect(page.locator(".side-by-side thead th")).to_have_count(2)  # both tables
    expect_address(page, ids["Fox run"])


def test_on_a_phone_the_table_scrolls_beneath_its_first_column(
    compared: tuple[Page, dict[str, str]], app: App
) -> None:
    page, ids = compared
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{app.address}/compare?jobs={','.join(ids.values())}")
    expect(chips(page)).to_have_text(list(ids))
    table = page.locator(".side-by-side").first
    cells = table.locator("tbody tr").first.locator("th, td")
    expect(cells.first).to_be_visible()  # the chips are drawn before it
    name, figure = cells.all()[:2]
    before, moving = name.bounding_box(), figure.bounding_box()
    table.evaluate("element => { element.scrollLeft = 120; }")
    after, moved = name.bounding_box(), figure.bounding_box()
    assert before and moving and after and moved
    assert after["x"] == pytest.approx(before["x"], abs=1)
    assert moved["x"] < moving["x"] - 60
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
