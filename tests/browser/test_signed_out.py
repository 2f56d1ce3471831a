"""A page that is asked for first in a fresh process, signed out, is the sign-in and nothing else.

Streamlit can serve a page of `pages/` without the shell in exactly this case; the guard in each
page's first line must hold then too.
"""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PROJECT, App
from tests.conftest import open_temporary_folder

pytestmark = pytest.mark.browser

#: A fresh process each takes seconds; tests/pages/test_signed_out.py asks every page by itself.
PAGES = ("gpu", "job", "audit")


@pytest.fixture(scope="module")
def stopped_app() -> Iterator[App]:
    """An installation with an owner, not running."""
    with open_temporary_folder() as folder:
        app = App(folder)
        set_up_owner(app)
        yield app


def set_up_owner(app: App) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "lib.cli", "users", "add", "--role", "owner"),
            *("--name", "Ada Owner", "--email", "ada@example.com", "--password-stdin"),
        ],
        input=b"four words nobody guesses\n",
        cwd=PROJECT,
        env=app.environment(),
        check=True,
    )


@pytest.mark.parametrize("page_name", PAGES)
def test_a_page_asked_for_first_in_a_fresh_process_is_the_sign_in(
    stopped_app: App, browser: Browser, page_name: str
) -> None:
    stopped_app.start()
    try:
        page = browser.new_page()
        page.goto(f"{stopped_app.address}/{page_name}?job=00000000-0000-4000-8000-000000000000")
        expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=60_000)
        page.wait_for_timeout(500)  # whatever a page would draw below it
        shown = page.locator("body").inner_text()
        for secret in ("Ada Owner", "Remaining", "Training file", "New job", "$"):
            assert secret not in shown, secret
        assert page.locator("[data-testid=stSidebar]").count() == 0
        page.close()
    finally:
        stopped_app.stop()
