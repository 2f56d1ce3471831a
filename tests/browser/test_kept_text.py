"""The field that loses nothing, in a real browser over a server of its own."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Locator, Page, expect

from bench.server import serving

pytestmark = pytest.mark.browser

SCRIPT = Path(__file__).with_name("kept_text_page.py")
_jobs = count(1)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(SCRIPT, tmp_path_factory.mktemp("kept"), "/_stcore/health") as (found, _):
        yield found


@pytest.fixture
def context(browser: Browser) -> BrowserContext:
    return browser.new_context(viewport={"width": 1280, "height": 800})


@pytest.fixture
def visit(context: BrowserContext, address: str) -> Callable[..., Page]:
    """`visit(who="bo")`: a new tab of the same browser, on a job of the test's own."""
    job = next(_jobs)

    def go(**query: Any) -> Page:
        page = context.new_page()
        asked = "&".join(f"{key}={value}" for key, value in {"job": job, **query}.items())
        page.goto(f"{address}/?{asked}")
        expect(notes(page)).to_be_visible(timeout=30_000)
        return page

    return go


def notes(page: Page) -> Locator:
    return page.get_by_role("textbox", name="Notes")


def state(page: Page) -> Locator:
    return page.locator(".kept-state").first


def stored(page: Page) -> list[dict[str, Any]]:
    """What lies in the browser's store."""
    texts = page.evaluate(
        "Object.entries(localStorage).filter(([k]) => k.startsWith('kept-text:')).map(([, v]) => v)"
    )
    return [json.loads(text) for text in texts]


def test_typing_goes_on_while_it_is_saved_and_the_caret_stays_where_it_is(
    visit: Callable[..., Page],
) -> None:
    page = visit()
    notes(page).press_sequentially("ends here", delay=20)
    notes(page).press("Home")
    text = "A long beginning that takes several seconds to type, so that it is saved in parts "
    page.keyboard.type(text[:40], delay=60)
    page.evaluate("document.querySelector('.kept textarea').mark = 'the same'")
    page.keyboard.type(text[40:], delay=60)
    expect(state(page)).to_have_text("Saved")
    expect(page.get_by_text(f"Saved: '{text}ends here', ''")).to_be_visible()
    expect(notes(page)).to_have_value(f"{text}ends here")
    caret = page.evaluate("document.querySelector('.kept textarea').selectionStart")
    assert caret == len(text)
    assert page.evaluate("document.querySelector('.kept textarea').mark") == "the same"
    assert stored(page) == []  # only once the server has it, but then at once


def test_at_rest_the_page_is_not_run(visit: Callable[..., Page]) -> None:
    page = visit()
    notes(page).fill("Once")
    expect(page.get_by_text("Saved: 'Once'")).to_be_visible()
    runs = page.get_by_text(re.compile(r"^Run \d+$")).inner_text()
    page.wait_for_timeout(6000)
    assert page.get_by_text(re.compile(r"^Run \d+$")).inner_text() == runs


def test_what_is_typed_lies_in_the_browser_at_once_and_is_found_after_the_tab_died(
    visit: Callable[..., Page],
) -> None:
    page = visit()
    notes(page).press_sequentially("In the middle of", delay=5)
    assert [one["text"] for one in stored(page)] == ["In the middle of"]
    crash(page)

    page = visit()
    expect(notes(page)).to_have_value("In the middle of")
    notice = page.locator(".kept-notice").first
    expect(notice).to_contain_text(re.compile(r"Your unsaved notes of \d\d:\d\d were restored\."))
    expect(page.get_by_text("Saved: 'In the middle of'")).to_be_visible()
    assert stored(page) == []
    notice.get_by_role("button", name="Take the saved version").click()
    expect(notes(page)).to_have_value("")
    expect(page.get_by_text("Saved: '', ''")).to_be_visible()
    expect(notice).to_be_hidden()


def test_an_older_state_than_was_saved_is_not_put_back_after_the_browser_died(
    visit: Callable[..., Page],
) -> None:
    """Chromium writes its store to the disk now and then, and a killed one no more."""
    page = visit()
    notes(page).press_sequentially("Older", delay=5)
    on_the_disk = page.evaluate("JSON.stringify(localStorage)")
    notes(page).press_sequentially(" and newer", delay=5)
    expect(page.get_by_text("Saved: 'Older and newer'")).to_be_visible()
    page.evaluate("disk => Object.assign(localStorage, JSON.parse(disk))", on_the_disk)
    assert [one["text"] for one in stored(page)] == ["Older"]
    crash(page)

    page = visit()
    expect(notes(page)).to_have_value("Older and newer")
    expect(page.locator(".kept-notice").first).to_be_hidden()
    assert stored(page) == []


def crash(page: Page) -> None:
    """The tab's process ends there and then; no event of the page is ever run."""
    with page.expect_event("crash"), suppress(Error):
        page.goto("chrome://crash", wait_until="commit")


def test_a_text_saved_elsewhere_meanwhile_is_asked_about_and_neither_is_lost(
    visit: Callable[..., Page],
) -> None:
    one, two = visit(), visit()
    notes(one).fill("From the first tab")
    expect(one.get_by_text("Saved: 'From the first tab'")).to_be_visible()

    notes(two).fill("From the second")
    notice = two.locator(".kept-notice").first
    expect(notice).to_contain_text("This was changed elsewhere meanwhile.")
    expect(notes(two)).to_have_value("From the second")
    notes(two).press_sequentially(" tab")
    two.wait_for_timeout(4000)
    expect(two.get_by_text("Saved: 'From the first tab'")).to_be_visible()
    notice.get_by_role("button", name="Keep this one").click()
    expect(two.get_by_text("Saved: 'From the second tab'")).to_be_visible()
    expect(notice).to_be_hidden()

    notes(one).press_sequentially(", continued")
    notice = one.locator(".kept-notice").first
    notice.get_by_role("button", name="Take the saved version").click()
    expect(notes(one)).to_have_value("From the second tab")
    assert stored(one) == []


@pytest.mark.parametrize("milliseconds", [0, 1, 3, 10, 30, 100])
def test_a_click_right_after_typing_does_not_break_the_saving_off(
    visit: Callable[..., Page], milliseconds: int
) -> None:
    page = visit()
    page.get_by_role("textbox", name="Name").fill("Clicked")
    page.evaluate(CLICK_AFTER, milliseconds)
    saved = page.get_by_text("Saved: '', 'Clicked'")
    expect(saved).to_be_visible(timeout=4000)  # the field sends it once more after five seconds


#: Leaves the field, and clicks elsewhere so many milliseconds later.
CLICK_AFTER = """milliseconds => {
  document.activeElement.blur();
  const buttons = [...document.querySelectorAll('button')];
  const other = buttons.find(button => button.innerText === 'Something else');
  setTimeout(() => other.click(), milliseconds);
}"""


def test_neither_another_user_nor_another_job_sees_unsaved_text(
    visit: Callable[..., Page],
) -> None:
    page = visit(refuse=1)
    notes(page).fill("Ana's own")
    page.close()
    for other in (visit(who="bo"), visit(job="another")):
        expect(notes(other)).to_have_value("")
        expect(other.locator(".kept-notice").first).to_be_hidden()
        other.close()
    expect(notes(visit())).to_have_value("Ana's own")


def test_a_server_that_takes_nothing_is_not_asked_forever_and_the_text_stays(
    visit: Callable[..., Page],
) -> None:
    page = visit(refuse=1)
    notes(page).fill("Refused")
    expect(page.get_by_text("Run 3", exact=True)).to_be_visible()  # tried twice
    page.wait_for_timeout(4000)
    expect(page.get_by_text("Run 3", exact=True)).to_be_visible()
    expect(notes(page)).to_have_value("Refused")
    assert [one["text"] for one in stored(page)] == ["Refused"]


def test_the_counter_counts_characters_and_more_than_the_limit_are_kept(
    visit: Callable[..., Page],
) -> None:
    page = visit()
    counter = page.locator(".kept-count").first
    expect(counter).to_have_text("0/2000")
    notes(page).fill("😀" * 2000)
    expect(counter).to_have_text("2000/2000")
    expect(counter).not_to_have_class(re.compile("over"))
    notes(page).fill("😀" * 2001)
    expect(counter).to_have_text("2001/2000")
    expect(counter).to_have_class(re.compile("over"))
    expect(page.get_by_role("alert").first).to_have_text("Notes must be at most 2000 characters")
    expect(notes(page)).to_have_value("😀" * 2001)


def test_the_preview_shows_markdown_and_loads_nothing(visit: Callable[..., Page]) -> None:
    page = visit()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    notes(page).fill(
        "**bold** *italic* `code`\n\n- one\n- two\n\n![x](http://127.0.0.1:9/a.png) "
        "<img src='http://127.0.0.1:9/b.png'><script>document.title = 'taken'</script>"
    )
    page.get_by_role("tab", name="Preview").click()
    preview = page.get_by_role("tabpanel")
    expect(preview.locator("strong")).to_have_text("bold")
    expect(preview.locator("em")).to_have_text("italic")
    expect(preview.locator("code")).to_have_text("code")
    expect(preview.locator("li")).to_have_text(["one", "two"])
    expect(preview).to_contain_text("![x](http://127.0.0.1:9/a.png)")
    assert preview.locator("img, script").count() == 0
    assert not [url for url in asked if ":9/" in url]
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Write")).to_be_focused()
    expect(notes(page)).to_be_visible()


def test_a_name_is_sent_when_it_is_left_and_made_anew_where_it_was_cleared(
    visit: Callable[..., Page],
) -> None:
    page = visit()
    name = page.get_by_role("textbox", name="Name")
    name.fill("My own")
    page.wait_for_timeout(2500)
    expect(page.get_by_text("Saved: '', ''")).to_be_visible()
    name.press("Enter")
    expect(page.get_by_text("Saved: '', 'My own'")).to_be_visible()
    name.fill("")
    notes(page).focus()
    expect(name).to_have_value("Made by itself")
