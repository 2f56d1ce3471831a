"""A new user's whole way in a real browser: owner's set-up to trained adapter, quote and budget."""

import io
import re
import time
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from pypdf import PdfReader

from lib.datafiles import summarise
from lib.datafiles.sample import write_sample
from lib.domain.estimate import published_estimate
from lib.domain.money import usd
from lib.domain.offers import published_offers
from tests.browser.conftest import App

pytestmark = pytest.mark.browser

PASSWORD = "four words nobody guesses"
NAME = "Rehearsal Ελένη 東京 דנה"
EPOCHS = 12  # enough steps to be interrupted among them
WAIT = 240_000  # ms; where the machine is busy, runs give way


def test_from_the_owners_set_up_to_the_adapter_the_quote_and_the_budget(
    app: App, browser: Browser, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True)
    page = context.new_page()
    page.set_default_timeout(WAIT)
    expect.set_options(timeout=WAIT)
    sample = tmp_path / "workshop.json"
    write_sample(sample, conversations=60)

    set_up_owner(page, app)
    refuse_a_broken_file(page, tmp_path)
    job = import_and_create(page, sample)
    follow_the_figures(page, summarise(sample).dataset_size)
    carry_on_in_another_browser(browser, app, job)
    choose_this_machine(page)
    name_it(page)
    quote_twice(page)
    start(page, job)
    survive_the_kill_of_trainer_and_app(page, app)
    download_the_adapter(page)
    look_at_the_budget(page, app)
    sign_out_everywhere(page, context, browser, app)


def set_up_owner(page: Page, app: App) -> None:
    """A deep link shows the set-up and is still there afterwards, also after a refresh."""
    page.goto(f"{app.address}/dataset?from=mail")
    page.get_by_label("Your name").fill("Ada Owner")
    page.get_by_label("E-mail").fill("ada@example.com")
    for password in ("short", PASSWORD):
        page.get_by_label("Password", exact=True).fill(password)
        page.get_by_label("Password again").fill(password)
        page.get_by_role("button", name="Create the owner").click()
        if password != PASSWORD:
            expect(page.get_by_text("must be 12 to 128 characters long")).to_be_visible()
    expect(page.get_by_text("There is no training file yet")).to_be_visible()
    for _ in range(40):  # the browser is asked to keep the cookie after the page is drawn
        if any("lora" in cookie["name"] for cookie in page.context.cookies()):
            break
        page.wait_for_timeout(250)
    page.reload()
    expect(page.get_by_text("There is no training file yet")).to_be_visible()
    assert page.url.endswith("/dataset?from=mail")


def refuse_a_broken_file(page: Page, folder: Path) -> None:
    """The message names the file and the place, nothing is stored, the page is alive."""
    broken = folder / "broken.json"
    broken.write_text('{"training_file_metadata": {"total_conversations": 1}, "conversations": [')
    page.locator("input[type=file]").set_input_files(broken)
    expect(page.get_by_test_id("stAlertContentError")).to_contain_text("broken.json")
    expect(page.get_by_text("There is no training file yet")).to_be_visible()


def import_and_create(page: Page, sample: Path) -> str:
    """The worker counts, the page explains, the job gets an address of its own."""
    page.locator("input[type=file]").set_input_files(sample)
    create = page.get_by_role("button", name="Create Training Job")
    expect(create).to_be_enabled()
    expect(page.get_by_text("have a target response and are trained")).to_be_visible()
    create.click()
    page.get_by_role("textbox", name="Job name").press("Enter")
    expect(page.get_by_role("heading", name="Preset")).to_be_visible()
    found = re.search(r"job=([0-9a-f-]{36})", page.url)
    assert found, page.url
    return found[1]


def follow_the_figures(page: Page, pairs: int) -> None:
    """The panel shows the published formula for each preset and number of epochs, to the cent."""
    page.get_by_text("Set each parameter yourself").click()
    for preset, epochs in (("balanced", 3), ("conservative", 2), ("conservative", EPOCHS)):
        if epochs == EPOCHS:
            field = page.get_by_role("spinbutton", name="Epochs")
            expect(field).to_have_value("2")  # the preset's own: the page is drawn
            field.fill(str(EPOCHS))
            field.press("Enter")
        else:
            page.get_by_role("radio", name=preset.title()).click()
        estimate = published_estimate(
            training_pairs=pairs, preset=preset, epochs=epochs, offer=published_offers()[0]
        )
        panel = page.get_by_label("Cost estimate", exact=True)
        expect(panel).to_contain_text(f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}")
        for line in estimate.lines:
            expect(panel).to_contain_text(usd(line.amount))
        expect(panel).to_contain_text("published formula")


def carry_on_in_another_browser(browser: Browser, app: App, job: str) -> None:
    """The draft is where it was, behind a sign-in; an unknown job says nothing."""
    other = browser.new_context()
    page = other.new_page()
    page.set_default_timeout(WAIT)
    page.goto(f"{app.address}/training-jobs/{job}/configure")
    page.get_by_label("E-mail").fill("ada@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("radio", name="Conservative")).to_be_checked()
    assert job in page.url
    page.goto(f"{app.address}/training-jobs/00000000-0000-4000-8000-000000000000")
    expect(page.get_by_text("it is not yours to see")).to_be_visible()
    other.close()


def choose_this_machine(page: Page) -> None:
    """A few real steps give the time; the H100's formula is gone from the panel."""
    page.get_by_role("button", name="Continue to GPU").click()
    page.get_by_role("radio", name="This machine").click()
    panel = page.get_by_label("Cost estimate", exact=True)
    expect(panel).to_contain_text("measured steps on this machine")
    expect(panel).to_contain_text("$0.00 – $0.00")
    expect(panel).not_to_contain_text("published formula")


def name_it(page: Page) -> None:
    page.get_by_role("button", name="Continue to Details").click()
    field = page.get_by_label("Job name")
    field.fill(NAME)
    field.press("Tab")
    page.get_by_label("Description").fill("Does the whole way work?")
    page.get_by_label("Description").press("Tab")
    page.get_by_role("button", name="Continue to Review").click()
    expect(page.get_by_role("heading", name=NAME)).to_be_visible()


def quote_twice(page: Page) -> None:
    """Every figure of the PDF is the panel's, and the stored quote is the same byte for byte."""
    with page.expect_download() as download:
        page.get_by_role("button", name="Download Cost Estimate").click()
    first = download.value.path().read_bytes()
    page.reload()
    expect(page.get_by_text(re.compile(r"Q-\d{4}-\d{5}"))).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="PDF", exact=True).click()
    assert download.value.path().read_bytes() == first
    written = " ".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(first)).pages)
    panel = page.get_by_label("Cost estimate", exact=True).inner_text()
    for figure in set(re.findall(r"\$[\d,.]*\d|\d+ min \d\d s", panel)):
        assert figure in written, figure
    for text in ("Ada Owner", "ada@example.com", "Ελένη", "東京", "workshop.json"):
        assert text in written, text


def start(page: Page, job: str) -> None:
    page.get_by_role("button", name="Review & Start Training").click()
    final_check = page.get_by_role("dialog", name="Final Check Before Starting")
    expect(final_check).to_be_visible()
    for box in final_check.get_by_role("checkbox").all():
        box.check()
    final_check.get_by_role("button", name="Start Training").click()
    expect(page.get_by_text("Running", exact=True).first).to_be_visible()
    assert page.url.endswith(f"/job?job={job}")
    expect(page.get_by_text(re.compile(r"Step ([3-9]|\d\d+) of \d+")).first).to_be_visible()


def survive_the_kill_of_trainer_and_app(page: Page, app: App) -> None:
    """kill -9 for both; after a restart the run goes on and finishes, and the page says so."""
    app.kill()
    victims = app.trainers()
    assert victims, "a trainer outlives its app"
    for trainer in victims:
        trainer.kill()
    app.start()
    page.reload()
    expect(page.get_by_text(re.compile("[Ii]nterrupted")).first).to_be_visible()
    expect(page.get_by_role("button", name="Download LoRA adapter")).to_be_visible()
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    expect(page.get_by_text(re.compile("1 recovery")).first).to_be_visible()


def download_the_adapter(page: Page) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Download LoRA adapter").click()
    with zipfile.ZipFile(download.value.path()) as archive:
        names = set(archive.namelist())
    assert {"adapter_config.json", "adapter_model.safetensors"} <= names


def look_at_the_budget(page: Page, app: App) -> None:
    page.goto(f"{app.address}/budget")
    for label, figure in (("Limit", "$500.00"), ("Spent", "$0.00"), ("Remaining", "$500.00")):
        tile = page.locator(".facts div").filter(has_text=label).first
        expect(tile).to_contain_text(figure)


def sign_out_everywhere(page: Page, context: BrowserContext, browser: Browser, app: App) -> None:
    """Signing out ends the session on the server: a kept copy of the cookie opens nothing."""
    kept = context.storage_state()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    thief = browser.new_context(storage_state=kept).new_page()
    thief.goto(f"{app.address}/budget")
    expect(thief.get_by_role("button", name="Sign in")).to_be_visible()
    time.sleep(1)  # whatever would be drawn behind it
    assert "Remaining" not in thief.content()
