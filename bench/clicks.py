"""From a click to the changed figure in a real browser, beside the same on an empty page."""

import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from bench.reconciling import connected_to
from bench.server import PROJECT, browser_page, serving
from lib.datafiles.sample import write_sample
from tests.fake_runpod.client import FakeRunPod

CLICKS = 40
PASSWORD = "a bench of four words"

#: Clicks an element, and resolves with the milliseconds until the text of another one differs.
MEASURE = """([clicked, watched]) => new Promise((resolve, reject) => {
  const target = document.querySelector(clicked);
  const text = () => Array.from(document.querySelectorAll(watched)).map(e => e.innerText).join();
  const before = text(), began = performance.now();
  const look = () => {
    if (text() && text() !== before) resolve(performance.now() - began);
    else if (performance.now() - began > 10000) reject(new Error('nothing changed'));
    else requestAnimationFrame(look);
  };
  target.click();
  requestAnimationFrame(look);
})"""


def run() -> dict[str, list[float]]:
    """Milliseconds a click, for the empty page, the presets and the GPU offers; the last two
    also where RunPod is connected.
    """
    with browser_page() as page, tempfile.TemporaryDirectory() as folder:
        with serving(PROJECT / "bench" / "empty_page.py", Path(folder), "/_stcore/health") as (
            address,
            _seconds,
        ):
            measured = {"empty page": _empty_page(page, address)}
        measured["preset"], measured["gpu"] = _wizard(page)
        with FakeRunPod() as runpod:
            measured["preset, RunPod"], measured["gpu, RunPod"] = _wizard(
                page, **connected_to(runpod)
            )
    return measured


def _wizard(page: Page, **environment: str) -> tuple[list[float], list[float]]:
    """The clicks on two presets and on two offers, in an installation of its own."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        serving(PROJECT / "app.py", Path(folder), "/readyz", **environment) as (address, _seconds),
    ):
        page.context.clear_cookies()
        _open_draft(page, address, Path(folder))
        presets = _alternate(page, [2, 1])
        page.get_by_role("button", name="Continue to GPU").click()
        page.locator(".radio-card").nth(2).wait_for()
        page.wait_for_timeout(1500)
        # This machine and spot: on demand would be asked about first.
        return presets, _alternate(page, [3, 1])


def _empty_page(page: Page, address: str) -> list[float]:
    page.goto(address)
    page.get_by_text("figure-first").wait_for()
    page.wait_for_timeout(1500)
    options = ["label:has(input[value='1'])", "label:has(input[value='0'])"]
    return [
        _measure(page, options[turn % 2], "[data-testid=stMarkdownContainer]")
        for turn in range(CLICKS)
    ]


def _alternate(page: Page, places: list[int]) -> list[float]:
    """Clicks two radio cards in turn, by their places from 1."""
    cards = [f".radio-card:nth-child({place}) [role=radio]" for place in places]
    return [_measure(page, cards[turn % 2], ".panel .range") for turn in range(CLICKS)]


def _measure(page: Page, clicked: str, watched: str) -> float:
    taken: Any = page.evaluate(MEASURE, [clicked, watched])
    page.wait_for_timeout(250)  # the next click meets a page at rest, as a person's would
    return float(taken)


def _open_draft(page: Page, address: str, folder: Path) -> None:
    """Makes a job of the sample, as a new user would."""
    set_up_and_import(page, address, folder)
    page.get_by_role("button", name="Create Training Job").click()
    page.get_by_role("textbox", name="Job name").press("Enter")
    page.get_by_role("radio", name="Balanced").wait_for()
    page.wait_for_timeout(2000)


def set_up_and_import(page: Page, address: str, folder: Path) -> None:
    """Sets up the owner and imports the sample, until a job can be made from it."""
    sample = folder / "sample.json"
    write_sample(sample)
    page.goto(f"{address}/dataset")
    page.get_by_label("Your name").fill("Bench")
    page.get_by_label("E-mail").fill("bench@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_label("Password again").fill(PASSWORD)
    page.get_by_role("button", name="Create the owner").click()
    page.locator("input[type=file]").set_input_files(sample)
    page.wait_for_function(
        "() => Array.from(document.querySelectorAll('button'))"
        ".some(b => b.innerText.includes('Create Training Job') && !b.disabled)",
        timeout=60_000,
    )
