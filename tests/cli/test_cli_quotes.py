"""quotes list, search, show, download: what was issued, as it was issued."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib.services import quotes

Make = Callable[..., Any]


@pytest.fixture
def owner(installation: str, person: Make) -> Any:
    return person(role="owner")


def test_quotes_are_listed_and_searched(owner: Any, cli: Make, program: Make, draft: Make) -> None:
    assert cli("quotes", "list").out == "No quotes.\n"
    opened = draft(owner, name="Red \x1b[31m run", client="Acmé 株式会社")
    first, second = quotes.issue(owner, opened), quotes.issue(owner, opened)
    listed = program("quotes", "list", "--json")
    assert listed.code == 0, listed.err
    assert [(q["number"], q["state"], q["revision"]) for q in listed.data] == [
        (second.number, "Valid", 2),
        (first.number, f"Replaced by {second.number}", 1),
    ]
    text = cli("quotes", "list").out
    assert "Red \\x1b[31m run" in text
    assert quotes.stored_total(first) in text
    assert len(cli("quotes", "search", "株式", "--json").data) == 2
    assert cli("quotes", "search", "'; DROP TABLE quotes").out == "No quotes.\n"


def test_a_quote_is_shown_with_its_alternatives(owner: Any, cli: Make, draft: Make) -> None:
    opened = draft(owner, client="Northwind")
    usual = [one for one in quotes.alternatives(opened) if one.usual]
    issued = quotes.issue_alternatives(owner, opened, [one.key for one in usual])
    shown = cli("quotes", "show", issued.number.lower(), "--json").data
    assert [one["total"] for one in shown["alternatives"]] == [
        one.choice.estimate.total for one in usual
    ]
    assert (shown["client"], shown["sha256"]) == ("Northwind", issued.sha256)
    text = cli("quotes", "show", issued.number).out
    assert all(one.choice.title in text for one in usual)


def test_a_quote_is_written_byte_for_byte(
    owner: Any, cli: Make, draft: Make, tmp_path: Path
) -> None:
    issued = quotes.issue(owner, draft(owner))
    out = tmp_path / "again.pdf"
    assert cli("quotes", "download", issued.number, "--out", out).code == 0
    assert out.read_bytes() == issued.pdf
    assert "cannot be written" in (
        cli("quotes", "download", issued.number, "--out", tmp_path / "no" / "x.pdf").refused()
    )


@pytest.mark.parametrize("number", ["Q-1999-00000", "", "' OR 1=1 --"])
def test_an_unknown_number_is_refused(owner: Any, cli: Make, tmp_path: Path, number: str) -> None:
    assert "no such quote" in cli("quotes", "show", number).refused()
    out = tmp_path / "none.pdf"
    assert "no such quote" in cli("quotes", "download", number, "--out", out).refused()
    assert list(tmp_path.iterdir()) == []
