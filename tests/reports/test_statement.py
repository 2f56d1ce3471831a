"""The statement PDF: every job, sums that add up, any script, and always the same bytes."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from lib.domain.money import ZERO, usd
from lib.domain.statement import Statement
from lib.reports import chart, render
from tests.paper.test_fonts import NAMES
from tests.reports.conftest import job, statement_of

PAGE = (595, 842)  # points of an A4 sheet
MARGIN = 18 * 72 / 25.4  # the left and right margin in points


def pages(document: bytes) -> list[str]:
    """The text of each page as poppler reads it, with its layout."""
    shown = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=document, capture_output=True, check=True
    )
    assert shown.stderr == b""
    return shown.stdout.decode().split("\f")[:-1]


def text(document: bytes) -> str:
    return "\n".join(pages(document))


def flat(document: bytes) -> str:
    return " ".join(text(document).split())


def section(document: bytes, begin: str, end: str) -> str:
    return text(document).split(begin)[1].split(end)[0]


def last_amounts(printed: str) -> list[tuple[Decimal, Decimal]]:
    """Spent and reserved at the end of each line that has both."""
    found = re.findall(r"\$([\d,]+\.\d\d)\s+\$([\d,]+\.\d\d)$", printed, re.MULTILINE)
    return [(amount(spent), amount(reserved)) for spent, reserved in found]


def amount(printed: str) -> Decimal:
    return Decimal(printed.replace(",", ""))


def test_the_head_says_whose_month_it_is_and_as_of_when(team_month: Statement) -> None:
    (first, *_) = pages(render(team_month))
    for said in (
        "Northwind Language Models",
        "November 2026",
        "As of 24 November 2026, 09:30 UTC",
        "Ada Kowalska and team",
        "4 people",
    ):
        assert said in first


def test_the_summary_has_every_figure_of_the_month(team_month: Statement) -> None:
    (first, *_) = pages(render(team_month))
    budget = team_month.budget
    for figure in (
        budget.limit,
        budget.ceiling,
        budget.spent,
        budget.reserved,
        budget.remaining,
        team_month.projection.expected,
        team_month.projection.least,
        team_month.projection.most,
    ):
        assert usd(figure) in first
    assert "With 10 % grace" in first
    assert "within ±8% for past 6 months" in first


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("By person", "By client"),
        ("By client and project", "By preset"),
        ("By preset and tier", "Every job"),
        ("Every job of the month", "Limits"),
    ],
)
def test_each_table_adds_up_as_printed_to_the_months_figures(
    team_month: Statement, begin: str, end: str
) -> None:
    *rows, sums = last_amounts(section(render(team_month), begin, end))
    assert len(rows) >= 3
    assert (sum(spent for spent, _ in rows), sum(held for _, held in rows)) == sums
    assert sums == (team_month.budget.spent, team_month.budget.reserved)


def test_every_job_is_listed_with_its_details_and_the_count_is_stated(
    team_month: Statement,
) -> None:
    document = render(team_month)
    listed = " ".join(section(document, "Every job of the month: 40 jobs", "Limits").split())
    for one in team_month.jobs:
        assert f"Advisor conversations {team_month.jobs.index(one) + 1} " in listed
        assert usd(one.spent) in listed
    assert listed.count("Running") == 2
    assert listed.count("Completed") == 38
    assert "on demand" in listed and "Acme" in listed


def test_a_thousand_jobs_run_over_pages_that_all_have_headings_and_numbers() -> None:
    jobs = tuple(job(n % 40, name=f"Job number {n:04d}") for n in range(1000))
    found = pages(render(statement_of(jobs)))
    whole = "\n".join(found)
    assert "Every job of the month: 1,000 jobs" in whole
    assert {f"Job number {n:04d}" for n in range(1000)} <= set(
        re.findall(r"Job number \d{4}", whole)
    )
    for number, page in enumerate(found, 1):
        assert f"Page {number} of {len(found)}" in page
        if "Job number" in page:
            assert re.search(r"Started\s+Job\s+Client\s+Preset\s+Status\s+Spent\s+Reserved", page)


def test_the_limits_are_told_with_month_setter_and_grace(team_month: Statement) -> None:
    told = " ".join(section(render(team_month), "Limits and since when", "Notes").split())
    assert "November 2026 Ada Kowalska Grace Hopper 10 % $500.00" in told
    assert told.count("June 2026") == 4


def test_the_audit_logs_end_is_printed_where_the_reader_may_see_it(team_month: Statement) -> None:
    assert "1,234 entries when this was made, ending in " + "ab" * 32 in flat(render(team_month))
    assert "Audit log" not in text(render(replace(team_month, head=None)))


def test_one_persons_month_has_no_table_of_people_and_an_empty_one_no_table() -> None:
    alone = render(statement_of((job(0, person=""),), people=()))
    assert "By person" not in text(alone)
    assert "Every job of the month: 1 job" in text(alone)
    empty = render(statement_of((), people=()))
    assert "No job was started in this month." in text(empty)
    assert "By client" not in text(empty)
    assert len(pages(empty)) == 1


def test_a_passed_month_says_what_it_came_to_and_projects_nothing(team_month: Statement) -> None:
    later = replace(team_month, as_of=datetime(2027, 1, 2, tzinfo=UTC))
    shown = text(render(later))
    assert "Came to" in shown
    assert "Projection:" not in shown and "projected" not in shown


def test_a_limit_of_nothing_and_the_largest_amounts_are_drawn_too() -> None:
    nothing = statement_of((), people=())
    free = replace(nothing, budget=replace(nothing.budget, limit=ZERO))
    assert "$0.00" in text(render(free))
    largest = Decimal("9999999999.99")
    rich = statement_of((job(0, spent=largest),))
    assert usd(largest) in text(render(rich))
    inside_the_margins(render(rich))


def test_the_chart_ends_at_what_is_spent(team_month: Statement) -> None:
    assert chart.steps(team_month)[-1][1] == team_month.budget.spent
    amounts = [amount for _, amount in chart.steps(team_month)]
    assert amounts == sorted(amounts)


def test_the_chart_is_drawn_in_vectors(team_month: Statement) -> None:
    reader = PdfReader(BytesIO(render(team_month)))
    assert all(not page.images for page in reader.pages)
    assert b" l" in reader.pages[0].get_contents().get_data()


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_in_any_script_are_set_in_embedded_fonts(name: str) -> None:
    document = render(statement_of((job(0, name=name, person=name, client=name),), subject=name))
    fonts = subprocess.run(["pdffonts", "-"], input=document, capture_output=True, check=True)
    rows = fonts.stdout.decode().splitlines()[2:]
    assert rows and all(row.split()[-5] == "yes" for row in rows)
    inside_the_margins(document)


@pytest.mark.parametrize(
    "name",
    [
        "x" * 100,
        "\u202egnp.exe",
        "<b>bold</b> **x** (Tj) \\) ET",
        "a\x00b\nc",
        "\u0300" * 60,
        "𒀀" * 30,
        "",
        "%PDF-1.4 endobj",
    ],
)
def test_hostile_names_stay_text_inside_the_margins(name: str) -> None:
    document = render(
        statement_of(
            (job(0, name=name, person=name, client=name, project=name),),
            subject=name,
            about=name,
            company=name,
            accuracy=name,
        )
    )
    inside_the_margins(document)
    assert PdfReader(BytesIO(document)).get_fields() is None


def inside_the_margins(document: bytes) -> None:
    """No word begins left of the left margin or ends right of the right one, by poppler."""
    boxes = subprocess.run(
        ["pdftotext", "-bbox", "-", "-"], input=document, capture_output=True, check=True
    ).stdout.decode()
    found = re.findall(
        r'xMin="([-\d.]+)" yMin="([-\d.]+)" xMax="([-\d.]+)" yMax="([-\d.]+)"', boxes
    )
    assert found
    for left, top, right, bottom in (map(float, edges) for edges in found):
        assert MARGIN - 1 <= left <= right <= PAGE[0] - MARGIN + 1
        assert 0 <= top <= bottom <= PAGE[1]


@settings(max_examples=8, deadline=None)
@given(st.lists(st.decimals(0, 10**6, places=2), min_size=1, max_size=12))
def test_any_amounts_add_up_as_printed(amounts: list[Decimal]) -> None:
    jobs = tuple(job(n, spent=spent) for n, spent in enumerate(amounts))
    document = render(statement_of(jobs))
    *rows, sums = last_amounts(section(document, "Every job of the month", "Limits"))
    assert len(rows) == len(jobs)
    assert sum(spent for spent, _ in rows) == sums[0] == sum(amounts)


def test_the_same_statement_gives_the_same_bytes_in_another_process(team_month: Statement) -> None:
    code = (
        "import hashlib\n"
        "from lib.reports import render\n"
        "from tests.reports.conftest import job, statement_of\n"
        "print(hashlib.sha256(render(statement_of(tuple(map(job, range(40)))))).hexdigest())"
    )
    hashes = {
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            env={"PYTHONHASHSEED": seed, "PATH": "/usr/bin"},
        ).stdout
        for seed in ("1", "2")
    }
    assert len(hashes) == 1
    assert render(team_month) == render(team_month)
