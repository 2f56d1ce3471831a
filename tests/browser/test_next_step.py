"""From a failure on the job's page to a draft that avoids it, with real clicks."""

import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from bench.server import PROJECT
from tests.browser.conftest import App, sign_in

pytestmark = pytest.mark.browser

_PREPARE = """
import sys
import time
from decimal import Decimal
from pathlib import Path
from lib.datafiles.sample import write_sample
from lib.db.connection import dispose
from lib.services import accounts, training_files
from tests.past_jobs import insert_past_job

password = "four words nobody guesses"
owner = accounts.create_owner("Ada", "ada@example.com", password, Decimal("5000.00"))
sample = Path(sys.argv[1]) / "workshop.json"
write_sample(sample, conversations=200)
row, _ = training_files.import_training_file(owner, sample, sample.name)
while training_files.why_not(training_files.get(row.id)):  # until the app's worker has counted it
    time.sleep(0.2)
print(insert_past_job(owner, row, status="failed", failure_code="out_of_memory",
    failure_message="CUDA out of memory.", configuration={
        "hyperparameters": {}, "overrides": {}, "max_steps": None, "gpu_title": "H100 PCIe 80GB"}))
dispose()
"""


def test_out_of_memory_leads_to_a_review_with_half_the_batch(
    app: App, browser: Browser, open_folder: Path
) -> None:
    made = subprocess.run(
        [sys.executable, "-c", _PREPARE, str(open_folder)],
        cwd=PROJECT,
        env=app.environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.set_default_timeout(60_000)
    expect.set_options(timeout=30_000)
    page.goto(f"{app.address}/job?job={made.stdout.split()[-1]}")
    sign_in(page)
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
