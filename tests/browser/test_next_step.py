"""From a failure on the job's page to a draft that avoids it, with real clicks."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import App, open_signed_in

pytestmark = pytest.mark.browser

_PREPARE = """
from tests.past_jobs import insert_past_job
print(insert_past_job(owner, row, status="failed", failure_code="out_of_memory",
    failure_message="CUDA out of memory.", configuration={
        "hyperparameters": {}, "overrides": {}, "max_steps": None, "gpu_title": "H100 PCIe 80GB"}))
"""


def test_out_of_memory_leads_to_a_review_with_half_the_batch(app: App, browser: Browser) -> None:
    made = app.prepare(_PREPARE)
    page = open_signed_in(app, browser, f"/job?job={made.split()[-1]}")
    expect(page.get_by_role("alert").filter(has_text="Not enough memory")).to_be_visible()
    expect(page.get_by_text("CUDA out of memory.")).to_be_hidden()
    page.get_by_text("Technical detail", exact=True).click()
    expect(page.get_by_text("CUDA out of memory.").first).to_be_visible()

    smaller = page.get_by_role("button", name="Smaller batch: 2 → 1")
    smaller.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Review", exact=True)).to_be_visible()
    for name, value in (("Batch Size", "1"), ("Gradient Accumulation", "4")):
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=name))
        expect(row.get_by_role("cell")).to_have_text(value)
