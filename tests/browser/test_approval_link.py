"""From the mail's link to the raised limit, on a phone, through the sign-in, in a real browser."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PROJECT, App

pytestmark = pytest.mark.browser
PASSWORD = "four words nobody guesses"
WHY = "Acme's second model has to be trained before the quarter ends. <script>x</script> **b**"


def cli(app: App, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "lib.cli", *arguments, "--json"],
        input=f"{PASSWORD}\n".encode(),
        cwd=PROJECT,
        env=app.environment(),
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(done.stdout)


def add(app: App, role: str, name: str, *more: str) -> None:
    email = f"{name.lower()}@example.com"
    options = ("--role", role, "--name", name, "--email", email, *more)
    cli(app, "users", "add", *options, "--password-stdin")


def test_a_manager_approves_from_the_mail_in_two_presses(app: App, browser: Browser) -> None:
    add(app, "owner", "Ada")
    add(app, "analyst", "Ana", "--manager", "ada@example.com")
    asked = ("--user", "ana@example.com", "--limit", "800", "--justification", WHY)
    cli(app, "requests", "ask", *asked)
    (mail,) = cli(app, "outbox", "list")
    body = cli(app, "outbox", "show", mail["id"])["body_text"]
    path = re.findall(r"/approvals/[\w-]+$", body, re.M)[0]

    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(app.address + path)
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_role("textbox", name="Password").fill(PASSWORD)
    page.get_by_role("textbox", name="Password").press("Tab")
    page.get_by_role("button", name="Sign in").click()

    card = page.locator("[class*=st-key-card-request-][class*=-selected]")
    expect(card.get_by_text("Ana asks for $800.00 a month")).to_be_visible(timeout=30_000)
    expect(card.get_by_text(WHY, exact=True)).to_be_visible()
    approve = card.get_by_role("button", name="Approve")
    expect(approve).to_be_in_viewport()  # nothing to scroll for
    assert cli(app, "requests", "list")[0]["status"] == "pending"
    approve.click()

    expect(page.get_by_text("Approved. The requester is told by mail.")).to_be_visible()
    assert "token" not in page.url
    assert cli(app, "budget", "show", "--user", "ana@example.com")["limit"] == 800
    subjects = [one["subject"] for one in cli(app, "outbox", "list")]
    assert subjects[0] == "Budget increase approved: $800.00"
