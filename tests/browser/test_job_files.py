"""Jobs out of the app and into it again in a real browser: the links' downloads, the dialog."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from lib.services.sign_in_cookie import NAME
from tests.browser.conftest import App

pytestmark = pytest.mark.browser


def test_a_job_is_taken_away_by_a_link_and_comes_back_as_a_draft(
    app: App, wizard_page: Callable[[str], Page], tmp_path: Path
) -> None:
    page = wizard_page("job")
    (line,) = csv.DictReader(StringIO(taken(page, "CSV").decode("utf-8-sig"), newline=""))
    assert line["file.name"] == "workshop.json"
    content = json.loads(taken(page, "JSON"))
    assert [job["id"] for job in content["jobs"]] == [line["id"]]
    expect(page.get_by_role("button", name="Export Job Data")).to_be_visible()  # still this page

    content["jobs"][0] |= {"name": "Brought back <b>in</b>", "tags": ["poc"]}
    file = tmp_path / "jobs.json"
    file.write_text(json.dumps(content))
    page.goto(app.address)
    page.get_by_role("button", name="Import jobs").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("input[type=file]").set_input_files(file)
    expect(dialog.get_by_text("1 job can be imported.")).to_be_visible()
    dialog.get_by_role("button", name="Import 1 job").click()
    expect(dialog.get_by_text("1 job imported as a draft of yours.")).to_be_visible()
    dialog.get_by_role("link", name="Brought back <b>in</b>").click()
    expect(page.get_by_role("heading", name="Preset")).to_be_visible()

    cookies = {found["name"]: found["value"] for found in page.context.cookies()}  # type: ignore[typeddict-item]
    assert status(app, cookies) == 200
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert status(app, cookies) == 401  # the copy opens nothing any more


def taken(page: Page, name: str) -> bytes:
    """The file behind a link of the menu."""
    page.get_by_role("button", name="Export Job Data").click()
    with page.expect_download() as download:
        page.locator("a.export-link", has_text=name).click()
    assert download.value.suggested_filename.endswith(f".{name.lower()}")
    page.keyboard.press("Escape")
    return Path(download.value.path()).read_bytes()


def status(app: App, cookies: dict[str, Any]) -> int:
    kept = {NAME: cookies[NAME]}
    return httpx.get(f"{app.address}/exports/jobs.csv", cookies=kept, timeout=60).status_code
