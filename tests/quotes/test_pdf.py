"""The quote PDF: its figures are the estimate's, its text the user's, its bytes always the same."""

import pickle
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from lib.domain.estimate import Estimate, format_hours
from lib.domain.money import usd
from lib.domain.quote import Alternative, Quote
from lib.quotes import render
from lib.quotes.fonts import REPLACEMENT
from tests.quotes.test_fonts import NAMES

ROOT = Path(__file__).parents[2]
RIGHT_TO_LEFT = {"Arabic", "Hebrew"}


def pages(document: bytes) -> list[str]:
    """The text of each page as poppler reads it, with its layout."""
    shown = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=document, capture_output=True, check=True
    )
    assert shown.stderr == b""
    return shown.stdout.decode().split("\f")[:-1]


def text(document: bytes) -> str:
    return "\n".join(pages(document))


def figures(estimate: Estimate) -> dict[str, str]:
    """Every amount and every duration of an estimate, as the app writes it."""
    named = estimate.to_dict()
    hours = {k: format_hours(v) for k, v in named.items() if k.startswith("duration")}
    amounts = ("gpu_compute", "storage", "total", "cost_min", "cost_max", "hourly_rate")
    return hours | {name: usd(named[name]) for name in amounts}


def test_every_figure_of_the_estimate_is_printed_as_the_app_writes_it(spot_quote: Quote) -> None:
    shown = text(render(spot_quote))
    expected = figures(spot_quote.estimate)
    expected["spot_buffer"] = usd(spot_quote.estimate.spot_buffer)
    assert {name: value for name, value in expected.items() if value not in shown} == {}


def test_the_figures_can_be_read_by_another_library(spot_quote: Quote) -> None:
    reader = PdfReader(BytesIO(render(spot_quote)))
    shown = "\n".join(page.extract_text() for page in reader.pages)
    assert all(value in shown for value in figures(spot_quote.estimate).values())


def test_the_breakdown_adds_up_as_printed(spot_quote: Quote) -> None:
    breakdown = text(render(spot_quote)).split("Cost breakdown")[1].split("Compared with")[0]
    *lines, total = [
        Decimal(amount.replace(",", ""))
        for amount in re.findall(r"\s\$([\d,]+\.\d\d)$", breakdown, re.MULTILINE)
    ]
    assert len(lines) == 3
    assert sum(lines) == total == spot_quote.estimate.total


def test_each_alternative_is_printed_with_its_total_and_the_difference(spot_quote: Quote) -> None:
    shown = text(render(spot_quote))
    for title, difference in (
        ("Balanced, on demand", "+$367.66"),
        ("Conservative, spot", "-$93.37"),
        ("Aggressive, spot", "+$205.31"),
    ):
        row = next(line for line in shown.splitlines() if line.startswith(title))
        alternative = next(a for a in spot_quote.alternatives if a.title == title)
        assert row.split()[-2:] == [usd(alternative.estimate.total), difference]


def test_the_document_says_for_whom_by_whom_and_on_which_terms(spot_quote: Quote) -> None:
    shown = " ".join(text(render(spot_quote)).split())
    for said in (
        spot_quote.company,
        spot_quote.number,
        "Issued 24 November 2026",
        "Valid until 24 December 2026",
        spot_quote.client,
        spot_quote.project,
        spot_quote.made_by,
        spot_quote.made_by_email,
        spot_quote.job_name,
        spot_quote.description,
        spot_quote.training_file,
        "72 conversations, 447 training pairs",
        spot_quote.pairs_explained,
        "Gradient Accumulation 2",
        "H100 PCIe 80GB, spot, $2.49/hr (published default rate)",
        f"±15 %. Basis: {spot_quote.estimate.basis}. "
        f"Confidence: {spot_quote.estimate.confidence_text}.",
        *(warning.removeprefix("⚠ ") for warning in spot_quote.estimate.warnings),
        spot_quote.accuracy,
        "This is an estimate, not a fixed price",
        "Page 1 of 1",
    ):
        assert said in shown


def test_a_free_run_on_this_machine_is_quoted_at_nothing_and_in_minutes(local_quote: Quote) -> None:
    document = render(local_quote)
    shown = text(document)
    assert all(value in shown for value in figures(local_quote.estimate).values())
    assert "Spot Interruption Buffer" not in shown
    assert "High Cost" not in shown
    assert shown.count("not named") == 2
    assert "no GPU is rented" in shown


def test_a_comparison_of_free_runs_only_has_no_bar_to_divide_by(local_quote: Quote) -> None:
    free = (Alternative("Same again", local_quote.estimate),)
    assert "Same again" in text(render(replace(local_quote, alternatives=free)))


def test_without_alternatives_there_is_no_comparison(spot_quote: Quote) -> None:
    assert "Compared with" not in text(render(replace(spot_quote, alternatives=())))


def test_the_largest_amounts_stay_on_one_line(spot_quote: Quote) -> None:
    estimate = replace(
        spot_quote.estimate,
        gpu_compute=Decimal("8765432.10"),
        duration_hours=Decimal("123456.7891"),
    )
    shown = text(render(replace(spot_quote, estimate=estimate)))
    assert f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}" in shown
    assert "104,938.27 hrs – 141,975.31 hrs" in shown


def test_the_same_quote_gives_the_same_bytes_in_another_process(spot_quote: Quote) -> None:
    name = " ".join(NAMES[script] for script in ("Arabic", "Bengali", "Japanese"))
    quote = replace(spot_quote, client=name)
    program = (
        "import pickle, sys; from lib.quotes import render; "
        "sys.stdout.buffer.write(render(pickle.load(sys.stdin.buffer)))"
    )
    other = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(quote),
        env={"PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=True,
    )
    assert other.stdout == render(quote)


@pytest.fixture(scope="module")
def in_all_scripts(spot_quote: Quote) -> str:
    names = tuple(Alternative(name, spot_quote.estimate) for name in NAMES.values())
    return text(render(replace(spot_quote, alternatives=names)))


@pytest.mark.parametrize("script", NAMES)
def test_a_name_in_any_script_can_be_copied_out_again(in_all_scripts: str, script: str) -> None:
    name = NAMES[script]
    assert REPLACEMENT not in in_all_scripts
    if script in RIGHT_TO_LEFT:  # readers differ in how they put these lines back in order
        assert set(name) <= set(in_all_scripts)
    else:
        assert "".join(name.split()) in "".join(in_all_scripts.split())


def test_a_character_that_no_font_has_is_shown_as_one_that_is_missing(spot_quote: Quote) -> None:
    shown = text(render(replace(spot_quote, client="a\U000f0000b\ud800c")))
    assert f"a{REPLACEMENT}b{REPLACEMENT}c" in shown


def test_an_override_cannot_turn_a_file_name_around(spot_quote: Quote) -> None:
    shown = text(render(replace(spot_quote, training_file="quote\u202efdp.exe")))
    assert "quotefdp.exe" in shown


def test_a_typical_quote_takes_one_page(spot_quote: Quote, local_quote: Quote) -> None:
    assert len(pages(render(spot_quote))) == 1
    assert len(pages(render(local_quote))) == 1


@pytest.mark.parametrize("letter", ["W", "漢", "ក", "ﷺ"])
def test_the_longest_texts_without_a_space_stay_inside_the_margins(
    spot_quote: Quote, letter: str
) -> None:
    longest = letter * 100
    quote = replace(
        spot_quote,
        company=longest,
        client=longest,
        project=longest,
        made_by=longest,
        job_name=longest,
        description=letter * 500,
        training_file=f"{longest}.json",
    )
    document = render(quote)
    assert len(pages(document)) <= 3
    boxes = subprocess.run(
        ["pdftotext", "-bbox", "-", "-"], input=document, capture_output=True, check=True
    ).stdout.decode()
    words = [tuple(map(float, m)) for m in re.findall(r'xMin="(\S+)" .*? xMax="(\S+)"', boxes)]
    margin = 18 * 72 / 25.4
    assert min(left for left, _ in words) >= margin - 1
    assert max(right for _, right in words) <= 210 * 72 / 25.4 - margin + 1


@settings(max_examples=5, deadline=None)
@given(st.lists(st.text(max_size=100), min_size=10, max_size=10))
def test_no_text_at_all_stops_the_document(spot_quote: Quote, texts: list[str]) -> None:
    hostile = tuple(Alternative(title, spot_quote.estimate) for title in texts)
    document = render(replace(spot_quote, client=texts[0], alternatives=hostile))
    assert usd(spot_quote.estimate.total) in text(document)
