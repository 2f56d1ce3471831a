"""From a job to a template, and from the template to the next draft, in a real browser."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=alert(1)> [l](javascript:alert(2))"


def test_a_template_is_saved_from_a_job_and_a_draft_begins_from_it(
    wizard_page: Callable[[str], Page],
) -> None:
    page = wizard_page("preset")
    alerts: list[str] = []
    page.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    expect(page.get_by_role("heading", name="Preset", exact=True)).to_be_visible()
    first = re.search(r"job=([0-9a-f-]{36})", page.url)
    assert first is not None
    origin = page.url.split("/preset")[0]

    page.goto(f"{origin}/job?job={first[1]}")
    page.get_by_role("button", name="Save as template").click()
    dialog = page.get_by_role("dialog")
    name = dialog.get_by_label("Template name")
    name.fill("ab")
    dialog.get_by_role("button", name="Save template").click()
    expect(dialog.get_by_text("Template name must be between 3 and 100")).to_be_visible()
    name.fill(HOSTILE)
    dialog.get_by_label("Template description").fill("For workshops")
    dialog.get_by_role("button", name="Save template").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_text("Saved as the template")).to_be_visible()

    page.goto(f"{origin}/templates")
    expect(page.get_by_text(HOSTILE)).to_be_visible()
    page.get_by_role("button", name="Start from it").click()
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    page.get_by_role("button", name="Start from this template").click()
    expect(page.get_by_role("heading", name="Preset", exact=True)).to_be_visible()
    second = re.search(r"/preset\?job=([0-9a-f-]{36})", page.url)
    assert second is not None
    assert second[1] != first[1]

    page.goto(f"{origin}/job?job={second[1]}")
    told = page.get_by_text("Based on Template:")
    expect(told).to_be_visible()
    page.get_by_role("link", name=HOSTILE).click()
    expect(page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    expect(page.get_by_text("used once")).to_be_visible()
    assert alerts == []
