"""The quote PDF: its figures are the estimate's, its text the user's, its bytes always the same."""

import pickle
import re
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from io import BytesIO
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from lib.domain.estimate import Estimate, format_hours
from lib.domain.history import TrackRecord
from lib.domain.money import usd
from lib.domain.quote import Cell, ComparedPreset, Comparison, Quote, Revision, terms
from lib.paper.fonts import REPLACEMENT
from lib.quotes import render
from tests.paper.test_fonts import NAMES
from tests.quotes.conftest import ON_DEMAND, SPOT, choice, published

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


def with_estimate(quote: Quote, **changes: object) -> Quote:
    """The quote with its one choice's estimate changed."""
    (one,) = quote.choices
    return replace(quote, choices=(replace(one, estimate=replace(one.estimate, **changes)),))


def flat(document: bytes) -> str:
    """All text as one line, so that wrapping does not matter."""
    return " ".join(text(document).split())


def test_every_figure_of_the_estimate_is_printed_as_the_app_writes_it(spot_quote: Quote) -> None:
    shown = text(render(spot_quote))
    estimate = spot_quote.choices[0].estimate
    expected = figures(estimate)
    expected["spot_buffer"] = usd(estimate.spot_buffer)
    assert {name: value for name, value in expected.items() if value not in shown} == {}


def test_the_figures_can_be_read_by_another_library(spot_quote: Quote) -> None:
    reader = PdfReader(BytesIO(render(spot_quote)))
    shown = "\n".join(page.extract_text() for page in reader.pages)
    assert all(value in shown for value in figures(spot_quote.choices[0].estimate).values())


def test_the_breakdown_adds_up_as_printed(spot_quote: Quote) -> None:
    breakdown = text(render(spot_quote)).split("Cost breakdown")[1].split("side by side")[0]
    *lines, total = amounts_at_the_edge(breakdown)
    assert len(lines) == 3
    assert sum(lines) == total == spot_quote.choices[0].estimate.total


def amounts_at_the_edge(printed: str) -> list[Decimal]:
    """The amounts in which a line ends."""
    found = re.findall(r"\s\$([\d,]+\.\d\d)$", printed, re.MULTILINE)
    return [Decimal(amount.replace(",", "")) for amount in found]


def test_each_preset_stands_beside_the_others_on_every_offer(spot_quote: Quote) -> None:
    shown = text(render(spot_quote)).split("side by side")[1].split("Configuration")[0]
    for row, differences in (
        ("Conservative", ["-$93.37", "+$70.03"]),
        ("Balanced", ["This quote", "+$367.66"]),
        ("Aggressive", ["+$205.31", "+$1,022.44"]),
    ):
        lines = shown.split(row, 1)[1].splitlines()
        estimates = [published(row.lower(), offer) for offer in (SPOT, ON_DEMAND)]
        figures_of = [(usd(e.total), format_hours(e.duration_hours)) for e in estimates]
        assert re.split(r"\s{2,}", lines[0].strip()) == [f for pair in figures_of for f in pair]
        below = " ".join(lines[1:4])
        assert all(difference in below for difference in differences), below
    assert shown.count("This quote") == 1
    assert "Locked: unlock after 3" in shown
    assert "$2.49/hr" in shown and "$7.99/hr" in shown


def test_what_does_not_fit_or_was_not_measured_is_said_in_words(spot_quote: Quote) -> None:
    note = "Does not fit: needs 75 GB of GPU memory"
    row = ComparedPreset("Aggressive", (Cell(published("aggressive"), note), Cell(None)))
    comparison = Comparison(spot_quote.comparison.offers, (*spot_quote.comparison.rows, row))
    shown = flat(render(replace(spot_quote, comparison=comparison)))
    assert note in shown
    assert "Not measured here yet" in shown


def test_a_modified_preset_says_what_differs(spot_quote: Quote) -> None:
    modified = choice(changes=("Epochs 5 instead of 3",))
    shown = flat(render(replace(spot_quote, choices=(modified,))))
    assert "Modified from Balanced: Epochs 5 instead of 3" in shown


def test_accuracy_is_told_in_true_counts(spot_quote: Quote) -> None:
    track = TrackRecord(runs=12, inside=11, preset_runs=5, preset_error=Decimal("0.09"))
    shown = flat(render(with_estimate(spot_quote, track=track)))
    assert "12 to compare with, 11 of them within ±15 % of the estimate" in shown
    assert "Past estimates within ±9% for Balanced preset (5 runs)" in shown
    assert "±15% variance based on 12 historical jobs." in shown
    assert "91.7% confidence" in shown
    without = flat(render(spot_quote))
    assert "None to compare with yet" in without
    assert "No finished Balanced run to compare with yet" in without


def test_the_terms_are_printed(spot_quote: Quote, local_quote: Quote) -> None:
    for quote in (spot_quote, local_quote):
        shown = flat(render(quote))
        assert all(f"{heading} {said}" in shown for heading, said in terms(quote))


def test_a_later_quote_names_the_earlier_ones_and_what_changed(
    spot_quote: Quote, revised_quote: Quote
) -> None:
    shown = flat(render(revised_quote))
    assert "Q-2026-00042 replaces the earlier quotes for this job." in shown
    for revision in revised_quote.revisions:
        assert f"{revision.number} {revision.issued_on.day} November 2026 {revision.total}" in shown
    assert "4 alternatives instead of one configuration" in shown
    assert "replaces" not in flat(render(spot_quote))


def test_of_very_many_revisions_the_newest_are_told(spot_quote: Quote) -> None:
    last = spot_quote.revisions[-1]
    many = tuple(replace(last, number=f"Q-2026-{n:05d}") for n in range(40))
    document = render(replace(spot_quote, revisions=many))
    assert "The newest are listed; 34 more went before." in flat(document)
    assert "Q-2026-00033" not in text(document)
    assert len(pages(document)) == 2


def test_alternatives_are_told_in_a_table_and_one_by_one(alternatives_quote: Quote) -> None:
    shown = text(render(alternatives_quote))
    table, *blocks = re.split(r"\n *[A-D]\. ", shown)
    for letter, one, block in zip("ABCD", alternatives_quote.choices, blocks, strict=True):
        estimate = one.estimate
        row = next(line for line in table.splitlines() if line.strip().startswith(f"{letter} "))
        assert row.split()[-1] == usd(estimate.total)
        assert f"{usd(estimate.cost_min)} – {usd(estimate.cost_max)}" in row
        assert block.startswith(one.title)
        assert all(value in block for value in figures(estimate).values())
        *lines, total = amounts_at_the_edge(block.split("Basis:")[0])[-len(estimate.lines) - 1 :]
        assert sum(lines) == total == estimate.total
    assert "consider Conservative" not in shown  # it recommends none
    assert "Locked: unlock after 3 successful training runs" in blocks[-1]


def test_the_document_says_for_whom_by_whom_and_on_which_terms(spot_quote: Quote) -> None:
    shown = flat(render(spot_quote))
    estimate = spot_quote.choices[0].estimate
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
        f"±15 %. Basis: {estimate.basis}. Confidence: {estimate.confidence_text}.",
        *(warning.removeprefix("⚠ ") for warning in estimate.warnings),
        "Place and date",
        "Page 1 of 2",
    ):
        assert said in shown


def test_a_free_run_on_this_machine_is_quoted_at_nothing_and_in_minutes(local_quote: Quote) -> None:
    document = render(local_quote)
    shown = text(document)
    assert all(value in shown for value in figures(local_quote.choices[0].estimate).values())
    assert "Spot Interruption Buffer" not in shown
    assert "High Cost" not in shown
    assert shown.count("not named") == 2
    assert "no GPU is rented" in shown


def test_a_comparison_of_free_runs_only_has_no_bar_to_divide_by(local_quote: Quote) -> None:
    (here,) = local_quote.choices
    free = Comparison(
        (("This machine", Decimal(0)),), (ComparedPreset("Same again", (Cell(here.estimate),)),)
    )
    assert "Same again" in text(render(replace(local_quote, comparison=free)))
    both = replace(local_quote, choices=(here, here), comparison=None)
    assert "B. Balanced, on This machine" in text(render(both))


def test_the_largest_amounts_stay_on_one_line(spot_quote: Quote) -> None:
    largest = with_estimate(
        spot_quote, gpu_compute=Decimal("8765432.10"), duration_hours=Decimal("123456.7891")
    )
    (one,) = largest.choices
    shown = text(render(largest))
    assert f"{usd(one.estimate.cost_min)} – {usd(one.estimate.cost_max)}" in shown
    assert "104,938.27 hrs – 141,975.31 hrs" in shown
    several = text(render(replace(largest, choices=(one, one), comparison=None)))
    assert several.count(f"{usd(one.estimate.cost_min)} – {usd(one.estimate.cost_max)}") == 4


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
    noted = choice(notes=tuple(NAMES.values()))
    return text(render(replace(spot_quote, choices=(noted,))))


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


def test_a_typical_quote_takes_two_pages(
    spot_quote: Quote, local_quote: Quote, revised_quote: Quote, alternatives_quote: Quote
) -> None:
    for quote in (spot_quote, local_quote, revised_quote, alternatives_quote):
        assert len(pages(render(quote))) == 2


def test_a_quote_in_which_everything_is_there_takes_two_pages(revised_quote: Quote) -> None:
    modified = choice(changes=("Epochs 5 instead of 3", "Batch Size 4 instead of 2"))
    last = revised_quote.revisions[-1]
    changed = ("Epochs 5 instead of 3", "H100 PCIe 80GB, spot instead of H100 PCIe 80GB, on demand")
    comparison = revised_quote.comparison
    row = replace(comparison.rows[0], title="Balanced, modified")
    full = replace(
        revised_quote,
        choices=(modified,),
        comparison=Comparison(
            (*comparison.offers, ("This machine, own hardware", Decimal("1.00"))),
            tuple(replace(r, cells=(*r.cells, Cell(None))) for r in (row, *comparison.rows)),
        ),
        revisions=tuple(replace(last, changes=changed) for _ in range(9)),
    )
    assert len(pages(render(full))) == 2


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("letter", ["W", "漢", "ក", "ﷺ"])
def test_the_longest_texts_without_a_space_stay_inside_the_margins(
    spot_quote: Quote, letter: str, count: int
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
        choices=(
            choice(
                preset_title=longest,
                offer_title=longest,
                rate_source=longest,
                parameters=((longest, longest),),
                changes=(longest,),
                notes=(longest,),
            ),
        )
        * count,
        comparison=Comparison(
            ((longest, Decimal(1)),) * 3,
            (ComparedPreset(longest, (Cell(published("balanced"), longest),) * 3, longest),) * 3,
        ),
        revisions=tuple(
            Revision(spot_quote.number, spot_quote.issued_on, "$1.00", (longest,)) for _ in range(3)
        ),
    )
    document = render(quote)
    assert len(pages(document)) <= 9
    words = boxes(document)
    margin = 18 * 72 / 25.4
    assert min(left for _, left, *_ in words) >= margin - 1
    assert max(right for _, _, _, right, _ in words) <= 210 * 72 / 25.4 - margin + 1
    assert max(bottom for *_, bottom in words) <= 293 * 72 / 25.4
    if letter != "ﷺ":  # four words in one glyph, whose box reaches beyond its line
        assert overlaps(words) == []


Box = tuple[int, float, float, float, float]  # page, left, top, right, bottom; in points


def boxes(document: bytes) -> list[Box]:
    """Where poppler finds words."""
    shown = subprocess.run(
        ["pdftotext", "-bbox", "-", "-"], input=document, capture_output=True, check=True
    ).stdout.decode()
    corners = r'xMin="(\S+)" yMin="(\S+)" xMax="(\S+)" yMax="(\S+)"'
    return [
        (page, *map(float, word))
        for page, part in enumerate(shown.split("<page ")[1:])
        for word in re.findall(corners, part)
    ]


def overlaps(words: list[Box]) -> list[tuple[Box, Box]]:
    """Words that are drawn over others; a tenth of a line's height is the faces' own."""
    return [
        (one, other)
        for one, other in combinations(words, 2)
        if one[0] == other[0]
        and min(one[3], other[3]) - max(one[1], other[1]) > 1
        and min(one[4], other[4]) - max(one[2], other[2]) > 0.3 * min(one[4] - one[2], 9)
    ]


def test_nothing_is_drawn_over_anything_else(
    spot_quote: Quote, local_quote: Quote, revised_quote: Quote, alternatives_quote: Quote
) -> None:
    for quote in (spot_quote, local_quote, revised_quote, alternatives_quote):
        words = boxes(render(quote))
        assert len(words) > 100
        assert overlaps(words) == []


@settings(max_examples=5, deadline=None)
@given(st.lists(st.text(max_size=100), min_size=8, max_size=8))
def test_no_text_at_all_stops_the_document(spot_quote: Quote, texts: list[str]) -> None:
    client, *rest = texts
    hostile = choice(
        preset_title=rest[0], offer_title=rest[1], changes=(rest[2],), notes=(rest[3],)
    )
    last = replace(spot_quote.revisions[-1], changes=(rest[4], rest[5]))
    quote = replace(
        spot_quote, client=client, project=rest[6], revisions=(last, last), choices=(hostile,)
    )
    total = usd(hostile.estimate.total)
    assert total in text(render(quote))
    assert total in text(render(replace(quote, choices=(hostile, hostile), comparison=None)))
