"""All quotes: who sees which, what a row says, looking one up, and several alternatives at once."""

import csv
import html
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from lib.db import quotes as stored
from lib.db.connection import transaction
from lib.domain.draft import change
from lib.domain.people import Person
from lib.services import drafts, quotes
from lib.services.drafts import OpenDraft, today
from lib.ui.quote_table import as_csv
from lib.ui.text import plain
from tests.pages.conftest import figures, said
from tests.pages.test_hostile_text import HOSTILE, as_text

Make = Callable[..., Any]
Open = Callable[..., AppTest]


def numbers(page: AppTest) -> list[str]:
    return list(page.dataframe[0].value["Quote"])


def test_without_quotes_it_says_how_one_comes_about(
    person: Make, open_page: Open, switches: list[Any]
) -> None:
    page = open_page("quotes", person())
    assert not page.exception
    assert "No quotes yet" in said(page)
    assert not page.dataframe
    page.button[0].click().run()
    assert switches == [("dataset", None)]


def test_a_quote_is_a_row_with_its_range_state_and_revision(
    person: Make, draft: Make, open_page: Open
) -> None:
    ana = person()
    opened = draft(ana, name="Tone of support", client="Northwind", project="Phase 2")
    first = quotes.issue(ana, opened)
    opened = drafts.save(ana, opened, change(opened.draft, today(), preset="conservative"))
    second = quotes.issue(ana, opened)

    page = open_page("quotes", ana)

    assert not page.exception
    newest, oldest = (row for _, row in page.dataframe[0].value.iterrows())
    assert (newest["Quote"], newest["State"], newest["Revision"]) == (second.number, "Valid", 2)
    assert (oldest["Quote"], oldest["Revision"]) == (first.number, 1)
    assert oldest["State"] == "Replaced"
    assert f"by {second.number}" in said(shown(open_page, ana, first.number))
    assert (newest["Job"], newest["Client"]) == ("Tone of support", "Northwind")
    assert newest["Quoted"] == "Conservative, on H100 PCIe 80GB, spot"
    least, most = quotes.stored_range(second)
    assert (newest["Min"], newest["Max"]) == (float(least), float(most))


@pytest.mark.parametrize(
    ("days", "state"), [(-1, "Expired"), (0, "Expires today"), (3, "Expires in 3 days")]
)
def test_a_quote_near_its_end_says_so(
    person: Make, draft: Make, open_page: Open, days: int, state: str
) -> None:
    ana = person()
    add_quote(ana, draft(ana), valid_until=today() + timedelta(days=days))
    assert list(open_page("quotes", ana).dataframe[0].value["State"]) == [state]


def add_quote(actor: Person, opened: OpenDraft, **values: Any) -> str:
    """A stored quote without a document, as an earlier version left it; returns its number."""
    estimate = quotes.alternatives(opened)[0].choice.estimate
    with transaction() as connection:
        number = stored.next_number(connection, today().year)
        row = {
            "number": number,
            "job_id": opened.job_id,
            "created_by": actor.id,
            "valid_until": today(),
            "draft_digest": "",
            "estimate": estimate.to_dict(),
            "job_name": opened.draft.name,
            "pdf": b"%PDF-",
            "sha256": "",
        }
        stored.add(connection, **{**row, **values})
    return number


def test_the_search_finds_text_and_says_so_when_there_is_none(
    person: Make, draft: Make, open_page: Open
) -> None:
    ana = person()
    warm = add_quote(ana, draft(ana, name="Warm and brief"))
    formal = add_quote(ana, draft(ana), client="100%_sure Ltd")
    page = open_page("quotes", ana)
    for search, found in (("WARM", [warm]), ("100%_s", [formal]), ("%", [formal]), (warm, [warm])):
        page.text_input[0].set_value(search).run()
        assert numbers(page) == found, search
    page.text_input[0].set_value("'; DROP TABLE quotes").run()
    assert not page.exception and not page.dataframe
    assert "No quote matches" in page.info[0].value


def test_analysts_see_their_own_quotes_and_managers_everybodys(
    person: Make, draft: Make, open_page: Open
) -> None:
    ana, ben, manager = person(name="Ana"), person(name="Ben"), person(role="manager")
    anas, bens = add_quote(ana, draft(ana)), add_quote(ben, draft(ben))

    page = open_page("quotes", ana)
    assert numbers(page) == [anas]
    assert "Made by" not in page.dataframe[0].value
    everybodys = open_page("quotes", manager)
    assert {anas, bens} <= set(numbers(everybodys))
    makers = everybodys.dataframe[0].value.set_index("Quote")["Made by"]
    assert (makers[anas], makers[bens]) == ("Ana", "Ben")


def test_of_very_many_quotes_the_newest_are_shown_first(
    person: Make, draft: Make, open_page: Open
) -> None:
    ana = person()
    opened = draft(ana)
    issued = [add_quote(ana, opened) for _ in range(203)]
    page = open_page("quotes", ana)
    assert numbers(page) == issued[:2:-1]
    next(button for button in page.button if button.label == "Show 200 more").click().run()
    assert numbers(page) == issued[::-1]
    assert "Show 200 more" not in {button.label for button in page.button}


def test_the_address_opens_one_quote_with_its_document_and_its_job(
    person: Make, draft: Make, open_page: Open, switches: list[Any]
) -> None:
    ana = person()
    opened = draft(ana, name="Tone of support")
    usual = [one for one in quotes.alternatives(opened) if one.usual]
    issued = quotes.issue_alternatives(ana, opened, [one.key for one in usual])
    page = shown(open_page, ana, issued.number)
    assert not page.exception
    assert page.subheader[0].value == "Tone of support"
    assert plain(issued.number) in page.caption[0].value
    assert figures(page)["Expected"] == quotes.stored_total(issued)
    for one in usual:
        assert figures(page)[one.choice.title] == f"${one.choice.estimate.total:,.2f}"
    assert "Download PDF" in said(page)
    next(button for button in page.button if button.label == "Open the job").click().run()
    assert switches == [("job", str(opened.job_id))]


def shown(open_page: Open, actor: Person, number: str) -> AppTest:
    page = open_page("quotes", actor)
    page.query_params["quote"] = number
    return page.run()


def test_the_address_opens_nobody_elses_quote(person: Make, draft: Make, open_page: Open) -> None:
    ana, ben = person(), person()
    number = add_quote(ana, draft(ana, name="Only Ana's"))
    for asked in (number, "Q-1999-00000", "<b>", "\x00"):
        page = shown(open_page, ben, asked)
        assert not page.exception
        assert "no such quote" in page.warning[0].value
        assert "Only Ana's" not in said(page)


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_text(person: Make, draft: Make, open_page: Open, hostile: str) -> None:
    ana = person(name=hostile)
    opened = draft(ana, name=hostile, client=hostile, project=hostile)
    number = quotes.issue(ana, opened).number
    page = shown(open_page, ana, number)
    as_text(page)
    assert page.dataframe[0].value["Job"].iloc[0] == hostile.strip()
    assert plain(hostile) in said(page) or html.escape(hostile) in said(page)


def test_the_table_exports_to_a_spreadsheet_without_formulas(person: Make, draft: Make) -> None:
    ana = person()
    opened = draft(ana)
    add_quote(ana, opened, client='=HYPERLINK("x")', project='two\n"lines", 漢字')
    (row,) = csv.DictReader(StringIO(as_csv(quotes.listing(ana)).decode("utf-8-sig")))
    assert row["client"] == '\'=HYPERLINK("x")'
    assert row["project"] == 'two\n"lines", 漢字'
    least, most = quotes.stored_range(quotes.listing(ana)[0])
    assert (row["min"], row["max"]) == (str(least), str(most))
    assert row["state"] == "Expires today"


def alternatives_popover(actor, job_id) -> None:
    """A script for AppTest: the popover alone."""
    from uuid import UUID

    from lib.services import drafts
    from lib.ui import quote_list

    quote_list.draw_alternatives(actor, drafts.load(actor, UUID(job_id)))


def test_several_alternatives_are_ticked_and_counted(person: Make, draft: Make) -> None:
    ana = person()
    opened = draft(ana, preset="balanced")
    kwargs = {"actor": ana, "job_id": str(opened.job_id)}
    page = AppTest.from_function(alternatives_popover, kwargs=kwargs).run()
    assert not page.exception
    ticked = {box.label.split(" ")[0] for box in page.checkbox if box.value}
    assert ticked == {"Conservative", "Balanced", "Aggressive"}
    assert sum(box.value for box in page.checkbox) == 4
    assert len(page.checkbox) == 6
    assert "Quote 4 alternatives" in said(page)
    for box in page.checkbox[:]:
        box.uncheck()
    page.run()
    assert "Choose 2 to 6" in said(page)
