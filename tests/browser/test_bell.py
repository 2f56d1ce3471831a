"""The bell in a real browser: a run ends while somebody looks elsewhere, and the number appears."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PROJECT, App, sign_in

pytestmark = pytest.mark.browser

_TELL = """
import sys
from decimal import Decimal
from uuid import UUID
from lib.db import jobs
from lib.db.connection import dispose, transaction
from lib.domain.states import JobStatus
from lib.services import notifications

with transaction() as connection:
    job = jobs.lock(connection, UUID(sys.argv[1]))
    notifications.job_started(connection, job, "this machine")
    why = "The machine ran out of memory. Choose a lower rank and start again."
    notifications.job_ended(connection, job, JobStatus.FAILED, why, Decimal("1.25"))
dispose()
"""


def tell(app: App, job_id: str) -> None:
    command = [sys.executable, "-c", _TELL, job_id]
    subprocess.run(command, cwd=PROJECT, env=app.environment(), check=True)


def test_the_bell_rings_by_itself_leads_to_the_job_and_is_quiet_again(
    app: App, wizard_page: Callable[[str], Page], browser: Browser
) -> None:
    page = wizard_page("preset")
    job_id = re.findall(r"job=([\w-]+)", page.url)[0]
    bell = page.get_by_test_id("stSidebar").get_by_role("link", name="Notifications")
    expect(bell).to_be_visible()
    page.get_by_role("link", name="Jobs", exact=True).click()
    expect(page.get_by_role("heading", name="Jobs")).to_be_visible()
    expect(bell).to_have_accessible_name(re.compile(r"Notifications$"))

    tell(app, job_id)
    expect(bell).to_have_accessible_name(re.compile(r"Notifications 2$"))  # nobody pressed anything
    bell.click()
    expect(page.get_by_text("Training started for")).to_be_visible()
    failed = page.locator("[class*=st-key-notice-unread-]").filter(has_text="Training failed for")
    expect(failed).to_contain_text("Choose a lower rank and start again. The run cost $1.25.")
    failed.get_by_role("button", name="Open the job").click()
    page.wait_for_url(f"**/job?job={job_id}")
    expect(bell).to_have_accessible_name(re.compile(r"Notifications 1$"))

    phone = browser.new_page(viewport={"width": 390, "height": 844})
    phone.goto(app.address)
    sign_in(phone)
    on_phone = phone.locator(".st-key-bell-phone").get_by_role("link")
    expect(on_phone).to_be_in_viewport()
    expect(on_phone).to_contain_text("1")
    on_phone.click()
    phone.get_by_role("button", name="Mark all as read").click()
    expect(phone.get_by_text("all read")).to_be_visible()
    expect(phone.locator(".st-key-bell-phone strong")).to_have_count(0)
