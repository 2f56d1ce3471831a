"""The final check in a real browser: axe, keyboard alone, mouse, changes, a closed tab."""

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect

from bench.server import PROJECT, serving
from tests.conftest import open_temporary_folder

pytestmark = pytest.mark.browser

PASSWORD = "four words nobody guesses"
WAIT = 30_000
BEGIN = """
import sys, time
from decimal import Decimal
from pathlib import Path
from lib.datafiles.sample import write_sample
from lib.db import connection, review_visits
from lib.db.tables import measurements
from lib.domain.draft import change
from lib.domain.offers import LOCAL_KEY
from lib.engines.configuration import measurement_key
from lib.services import accounts, budgets, drafts, jobs, people, training_files
from lib.services.training_files import import_training_file
folder, number = Path(sys.argv[1]), int(sys.argv[2])
"""
OWNER = "accounts.create_owner('Ada', 'ada@example.com', sys.argv[3], Decimal('100.00'))"
AS_OWNER = "owner = accounts.person_of_session(accounts.open_session('ada@example.com'))\n"
#: A job that takes `hours`, at $1.00 an hour, on a file of its own.
DRAFT = """
sample = folder / f"workshop-{number}.json"
write_sample(sample, conversations=50, seed=number)
row, _ = import_training_file(owner, sample, sample.name)
while training_files.why_not(training_files.get(row.id)):  # until the app's worker has counted it
    time.sleep(0.2)
opened = drafts.load(owner, drafts.create(owner, row.id))
changed = change(opened.draft, drafts.today(), offer_key=LOCAL_KEY, preset="conservative")
opened = drafts.save(owner, opened, changed)
parameters = opened.draft.hyperparameters
tokens = 1000 * parameters.num_train_epochs
with connection.transaction() as database:
    database.execute(measurements.insert().values(
        config_key=measurement_key(opened.file.content_hash, parameters.to_dict()),
        engine="local", request={}, status="completed",
        result={"startup_seconds": 0, "tokens_per_second": tokens / (hours * 3600),
                "tokens_per_epoch": 1000, "tokens_total": tokens, "finish_seconds": 0,
                "steps_total": 10 * parameters.num_train_epochs, "steps_measured": 20}))
print(opened.job_id)
"""
VISIT = """
from sqlalchemy import select
from lib.db.tables import review_visits as table
with connection.transaction() as database:
    found = select(table).where(table.c.job_id == job).order_by(table.c.opened_at)
    print([(row.outcome, row.checked, row.ended_at is not None)
           for row in database.execute(found)])
"""


class Desk:
    """An app with an owner, and drafts made beside it."""

    def __init__(self, address: str, folder: Path) -> None:
        self.address, self.folder = address, folder
        self.numbers = count(1)

    def run(self, script: str) -> str:
        """A script beside the app, on its database; what it printed."""
        whole = f"{BEGIN}{script}\nconnection.dispose()"
        done = subprocess.run(
            [sys.executable, "-c", whole, str(self.folder), str(next(self.numbers)), PASSWORD],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def draft(self, hours: float = 10) -> str:
        return self.run(f"{AS_OWNER}hours = {hours}{DRAFT}")

    def visits(self, job: str) -> str:
        return self.run(f"job = {job!r}{VISIT}")


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with pytest.MonkeyPatch.context() as patch, open_temporary_folder() as folder:
        patch.setenv("LOCAL_HOURLY_RATE", "1.00")
        patch.setenv("DATA_DIR", str(folder))
        with serving(PROJECT / "app.py", folder, "/readyz") as (address, _seconds):
            found = Desk(address, folder)
            found.run(OWNER)
            yield found


@pytest.fixture
def review(desk: Desk, browser: Browser) -> Callable[..., Page]:
    """`review(job, color_scheme="dark")`: the review page of a draft, signed in."""

    def open_page(job: str, **options: str) -> Page:
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)  # type: ignore[arg-type]
        page = context.new_page()
        page.set_default_timeout(WAIT)
        expect.set_options(timeout=WAIT)
        page.goto(f"{desk.address}/review?job={job}")
        page.get_by_label("E-mail").fill("ada@example.com")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(opener(page)).to_be_visible()
        at_rest = page.locator("[data-testid=stApp][data-test-script-state=notRunning]")
        expect(at_rest).to_be_visible()  # the sign-in brings another run or two of the page
        return page

    return open_page


def opener(page: Page) -> Locator:
    return page.get_by_role("button", name="Review & Start Training")


def modal(page: Page) -> Locator:
    return page.get_by_role(
        "dialog", name="Review Training Configuration - Final Check Before Starting"
    )


def opened(page: Page) -> Locator:
    opener(page).click()
    expect(modal(page)).to_be_visible()
    return modal(page)


def start_button(page: Page) -> Locator:
    return modal(page).get_by_role("button", name="Start Training")


def tick_all(page: Page) -> None:
    for box in modal(page).get_by_role("checkbox").all():
        box.check()


def in_the_modal(page: Page) -> bool:
    return bool(page.evaluate("!!document.activeElement.closest('dialog.final-check')"))


def focused(page: Page) -> str:
    return str(
        page.evaluate(
            "(e => e.id || e.getAttribute('aria-labelledby') || e.type || e.className)"
            "(document.activeElement)"
        )
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_in_the_open_check(
    desk: Desk, review: Callable[..., Page], scheme: str
) -> None:
    page = review(desk.draft(hours=80), color_scheme=scheme)  # with warnings, and a yellow budget
    dialog = opened(page)
    expect(dialog).to_contain_text("Limited Budget Remaining")
    tick_all(page)
    expect(start_button(page)).to_be_enabled()
    found = Axe().run(page, context="dialog.final-check")
    serious = [
        (violation["id"], [node["html"] for node in violation["nodes"]])
        for violation in found.response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []
    assert len(found.response["passes"]) > 10  # it did look


def test_the_button_to_it_is_large_and_blue_and_its_own_start_is_green(
    desk: Desk, review: Callable[..., Page]
) -> None:
    page = review(desk.draft(), contrast="more")
    box = opener(page).bounding_box()
    assert box is not None
    assert box["height"] >= 48
    assert box["width"] >= 400
    red, green, blue = colour(opener(page))
    assert blue > 1.5 * max(red, green)

    dialog = opened(page)
    tick_all(page)
    expect(start_button(page)).to_be_enabled()
    red, green, blue = colour(start_button(page))
    assert green > 1.4 * max(red, blue)
    section = dialog.get_by_role("region", name="GPU Configuration")
    width = section.evaluate("element => getComputedStyle(element).borderTopWidth")
    assert width == "2px"  # who wants more contrast sees each section's frame


def colour(element: Locator) -> list[int]:
    """Red, green and blue of what it stands on."""
    written = element.evaluate("element => getComputedStyle(element).backgroundColor")
    return [int(part) for part in re.findall(r"\d+", written)[:3]]


def test_all_of_it_by_the_keyboard_alone(desk: Desk, review: Callable[..., Page]) -> None:
    job = desk.draft()
    page = review(job)
    opener(page).focus()
    page.keyboard.press("Enter")
    expect(modal(page)).to_be_visible()
    expect(modal(page)).to_have_accessible_description("Total Estimated Cost: $8.50-11.50")
    expect(modal(page).get_by_role("heading", level=2)).to_be_focused()
    expect(modal(page).locator("[data-part=spoken]")).to_contain_text("Sections: Training Dataset")

    way = []
    for _ in range(60):  # around, and never out of it
        page.keyboard.press("Tab")
        assert in_the_modal(page)
        way.append(focused(page))
        if len(way) > 1 and way[-1] == way[0]:
            break
    for name in ("dataset", "parameters", "gpu", "costs", "budget", "warnings"):
        assert f"fc-{name}-title" in way
    assert way.count("checkbox") == 3
    assert len(way) < 60
    page.keyboard.press("Shift+Tab")
    assert in_the_modal(page)
    expect(modal(page).get_by_role("button", name="Cancel")).to_be_focused()

    expect(start_button(page)).to_be_disabled()
    for _ in range(4):  # back over Edit Configuration to the boxes
        page.keyboard.press("Shift+Tab")
        if focused(page) == "checkbox":
            page.keyboard.press("Enter")
    expect(modal(page).get_by_role("checkbox", checked=True)).to_have_count(3)
    expect(start_button(page)).to_be_enabled()

    for _ in range(3):  # from the first box to the button behind the last one
        page.keyboard.press("Tab")
    expect(start_button(page)).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Edit Configuration
    expect(modal(page)).to_be_hidden()
    expect(opener(page)).to_be_focused()

    page.keyboard.press("Enter")
    expect(modal(page)).to_be_visible()
    expect(modal(page).get_by_role("checkbox", checked=True)).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.get_by_text("The job is kept as a draft")).to_be_visible()
    expect(modal(page)).to_be_hidden()
    page.wait_for_url(f"{desk.address}/")
    assert desk.visits(job) == "[('edited', 3, True), ('cancelled', 0, True)]"


def test_a_click_beside_it_does_nothing_and_a_double_click_starts_once(
    desk: Desk, review: Callable[..., Page]
) -> None:
    job = desk.draft()
    page = review(job)
    dialog = opened(page)
    expect(dialog.locator("h2 i")).to_have_text("warning")
    box = dialog.bounding_box()
    assert box is not None
    assert box["width"] * box["height"] > 0.9 * 1280 * 800
    backdrop = "element => getComputedStyle(element, '::backdrop').backgroundColor"
    assert dialog.evaluate(backdrop) == "rgba(8, 12, 24, 0.68)"
    page.mouse.click(4, 4)  # the dimmed page
    page.wait_for_timeout(300)
    expect(modal(page)).to_be_visible()
    expect(start_button(page)).to_be_disabled()
    tick_all(page)
    start_button(page).dblclick()
    page.wait_for_url(f"**/job?job={job}")
    started = desk.run(
        f"{AS_OWNER}print([event.kind for event in jobs.view(owner, {job!r}).events "
        "if event.message.startswith('Started by')])"
    )
    assert started == "['status']"
    assert desk.visits(job) == "[('started', 3, True)]"


def test_a_budget_that_moved_meanwhile_is_told_and_asked_about_again(
    desk: Desk, review: Callable[..., Page]
) -> None:
    job = desk.draft()
    page = review(job)
    opened(page)
    tick_all(page)
    desk.run(f"{AS_OWNER}budgets.set_limit(owner, owner.id, Decimal('99.00'))")
    try:
        start_button(page).click()
        notice = modal(page).get_by_role("alert")
        expect(notice).to_contain_text("Monthly budget: $100.00 → $99.00")
        expect(notice).to_be_focused()
        expect(modal(page).get_by_role("checkbox", checked=True)).to_have_count(0)
        expect(start_button(page)).to_be_disabled()
        tick_all(page)
        start_button(page).click()
        page.wait_for_url(f"**/job?job={job}")
    finally:
        desk.run(f"{AS_OWNER}budgets.set_limit(owner, owner.id, Decimal('100.00'))")


def test_two_tabs_start_it_once_and_both_lead_to_the_job(
    desk: Desk, review: Callable[..., Page]
) -> None:
    job = desk.draft()
    one, two = review(job), review(job)
    for page in (one, two):
        opened(page)
        tick_all(page)
    for page in (one, two):
        start_button(page).click()
    for page in (one, two):
        page.wait_for_url(f"**/job?job={job}")
    assert "('started', 3, True)" in desk.visits(job)
    assert desk.visits(job).count("started") == 1


def test_a_closed_tab_is_an_abandoned_visit_with_what_was_ticked(
    desk: Desk, review: Callable[..., Page]
) -> None:
    job = desk.draft()
    page = review(job)
    opened(page)
    modal(page).get_by_role("checkbox").first.check()
    page.goto("about:blank")
    for _ in range(20):
        if (found := desk.visits(job)) == "[(None, 1, True)]":
            break
    assert found == "[(None, 1, True)]"


def test_a_sign_in_on_the_review_of_a_job_too_dear_opens_the_ways_out(
    desk: Desk, review: Callable[..., Page]
) -> None:
    page = review(desk.draft(hours=500))
    expect(page.get_by_role("dialog").get_by_text("Shortfall")).to_be_visible()
    page.wait_for_timeout(1500)  # whatever runs of the page the sign-in still brings
    expect(page.get_by_role("dialog").get_by_text("Shortfall")).to_be_visible()
    page.keyboard.press("Escape")
    expect(opener(page)).to_be_disabled()
