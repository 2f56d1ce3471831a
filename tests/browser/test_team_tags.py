"""The team page in a real browser: a click on a tag's bar leads to the jobs that have it."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from lib.demo.cast import PASSWORD
from tests.browser.conftest import PROJECT, App
from tests.conftest import open_temporary_folder

pytestmark = pytest.mark.browser


@pytest.fixture
def demo_app() -> Iterator[App]:
    """A running app with some made-up jobs."""
    with open_temporary_folder() as folder:
        app = App(folder)
        subprocess.run(
            [sys.executable, "-m", "lib.cli", "demo", "fill", "--jobs", "40"],
            cwd=PROJECT,
            env=app.environment(),
            capture_output=True,
            check=True,
        )
        app.start()
        yield app
        app.stop()


def test_a_click_on_a_tags_bar_leads_to_its_jobs(demo_app: App, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    page.goto(f"{demo_app.address}/team?from=2000-01-01&to=2999-12-31")
    page.get_by_label("E-mail").fill("owner@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    chart = page.locator(".st-key-team-tags")
    bar = chart.locator(".point path").first
    expect(bar).to_be_attached(timeout=60_000)
    tag = (chart.locator(".ytick text").first.text_content() or "").strip()
    box = bar.bounding_box()
    assert box is not None

    page.mouse.click(box["x"] + 8, box["y"] + box["height"] / 2)

    page.wait_for_url(f"**/?tag={tag}&from=2000-01-01&to=2999-12-31")
    expect(page.get_by_role("heading", name="Jobs", exact=True)).to_be_visible()
    page.close()
