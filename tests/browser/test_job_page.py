"""A rented job's page in each of its states, looked at by axe in both themes."""

import json
from typing import Literal

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from lib.services.sign_in_cookie import NAME
from tests.browser.conftest import App, open_signed_in

pytestmark = pytest.mark.browser

_PREPARE = """
import json
from datetime import UTC, datetime, timedelta
from lib.db import jobs, work
from lib.db.connection import transaction
from tests.past_jobs import insert_past_job
from tests.rented_offers import waiting_job

runs = {"started_at": datetime.now(UTC), "spending_cap": Decimal("10.00")}
configuration = {
    "hyperparameters": {}, "overrides": {}, "max_steps": None, "gpu_title": "H100 PCIe 80GB"}
ended = {"status": "failed", "configuration": configuration}
shown = {
    "No spot H100 PCIe 80GB is free": waiting_job(owner, row, "no_capacity", "no_capacity"),
    "Provisioning GPU": waiting_job(owner, row, None),
    "$9.00 of $10.00": waiting_job(owner, row, None, status="running", progress={
        "step": 40, "steps_total": 90, "percent": 44.0, "loss": 1.5}, **runs),
    "Not enough memory": insert_past_job(owner, row, failure_code="out_of_memory",
        failure_message="CUDA out of memory.", **ended),
    "Ended at its spending cap": insert_past_job(owner, row, failure_code="cap_reached",
        failure_message="The job has cost all of its cap.", **ended),
    "Completed": insert_past_job(owner, row, configuration=configuration),
}
with transaction() as connection:
    jobs.write(connection, shown["$9.00 of $10.00"], actual_cost=Decimal("9.00"))
    waits = shown["No spot H100 PCIe 80GB is free"]
    last = jobs.attempts(connection, waits)[-1]  # not looked for again while the test looks
    work.write_attempt(connection, last.id, retry_at=datetime.now(UTC) + timedelta(hours=1))
    for job_id in shown.values():
        if not jobs.events(connection, job_id):
            status = jobs.by_id(connection, job_id).status
            jobs.record(connection, job_id, "status", "The end", to_status=status)
print(json.dumps(shown, default=str))
"""


def test_axe_finds_nothing_serious_on_the_page_of_a_rented_job(app: App, browser: Browser) -> None:
    jobs = json.loads(app.prepare(_PREPARE))
    assert serious(browser, app, jobs, "light") == []
    assert serious(browser, app, jobs, "dark") == []


def serious(
    browser: Browser, app: App, jobs: dict[str, str], scheme: Literal["light", "dark"]
) -> list[tuple[str, str, list[str]]]:
    """What axe finds on the jobs' pages; `jobs` are their ids by what their page says."""
    page = open_signed_in(app, browser, "", color_scheme=scheme)
    page.wait_for_function("name => document.cookie.includes(name)", arg=NAME)
    found = []
    for shown, job in jobs.items():
        page.goto(f"{app.address}/job?job={job}")
        expect(page.get_by_text(shown).first).to_be_visible()
        expect(page.get_by_text("Estimate and actual")).to_be_visible()
        answer = Axe().run(page).response
        assert len(answer["passes"]) > 10  # it did look
        found += [
            (shown, violation["id"], [node["html"] for node in violation["nodes"]])
            for violation in answer["violations"]
            if violation["impact"] in ("serious", "critical")
        ]
    return found
