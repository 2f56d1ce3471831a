"""Jobs side by side: which lines differ, who is ahead, and what an address may name (FR1.3.1)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain import job_facts
from lib.domain.estimate import published_estimate
from lib.domain.job_comparison import (
    MOST,
    Line,
    Section,
    configuration,
    documentation,
    estimates,
    read_ids,
    results,
)
from lib.domain.job_facts import FREE, Facts, FileFacts, Training
from lib.domain.offers import Tier, published_offers
from lib.domain.presets import PRESETS
from lib.domain.states import JobStatus

BEGAN = datetime(2026, 11, 2, 8, 15, tzinfo=UTC)
FILE = FileFacts("workshop.json", "d1", 84, 468, 218, Decimal("4.14"), 16_839)
TRAINED = Training(42, 33_678, Decimal("0.8802"), Decimal("0.8014"), Decimal(2))


def facts(number: int = 1, **values: Any) -> Facts:
    """A completed job on a rented GPU, $75.59 in 30.36 hours."""
    known: dict[str, Any] = {
        "id": UUID(int=number),
        "name": f"Job {number}",
        "status": JobStatus.COMPLETED,
        "creator": "Zoë",
        "created_at": BEGAN,
        "queued_at": BEGAN,
        "ended_at": BEGAN,
        "file": FILE,
        "preset": "conservative",
        "hyperparameters": PRESETS["conservative"].hyperparameters.to_dict(),
        "base_model": "70b",
        "gpu": "H100 PCIe 80GB",
        "tier": Tier.SPOT,
        "rate": Decimal("2.49"),
        "cost": Decimal("75.59"),
        "hours": Decimal("30.358"),
        "training": TRAINED,
    }
    return Facts(**known | values)


def line(section: Section, label: str) -> Line:
    return next(each for each in section.lines if each.label == label)


def shown(section: Section, label: str) -> list[str]:
    return [cell.text for cell in line(section, label).cells]


def ahead(section: Section, label: str) -> set[int]:
    return {winner.int for winner in line(section, label).winners}


# Lines and their differences


def test_a_line_differs_where_one_job_has_something_else() -> None:
    jobs = [facts(1), facts(2, rate=Decimal("7.99"), tier=Tier.ON_DEMAND)]
    differing = [each.label for each in configuration(jobs).differing]
    assert differing == ["Tier", "Rate per hour"]
    assert shown(configuration(jobs), "Rate per hour") == ["$2.49", "$7.99"]
    assert shown(configuration(jobs), "Learning Rate") == ["0.0001", "0.0001"]


def test_a_preset_that_was_changed_says_so() -> None:
    jobs = [facts(1), facts(2, overrides={"r": 12})]
    assert shown(configuration(jobs), "Preset") == ["Conservative", "Conservative (modified)"]


def test_what_is_not_known_is_a_dash_and_no_invented_figure() -> None:
    draft = facts(
        2,
        status=JobStatus.PENDING_CONFIGURATION,
        queued_at=None,
        ended_at=None,
        cost=Decimal("0.00"),
        hours=None,
        rate=None,
        tier=None,
        gpu="",
        base_model="",
        training=Training(),
    )
    for section in (results, estimates):
        for each in section([facts(1), draft]).lines:
            assert each.cells[1].text == "–", each.label
    assert shown(configuration([facts(1), draft]), "GPU") == ["H100 PCIe 80GB", "–"]
    assert shown(documentation([facts(1), draft]), "Ended") == ["2026-11-02 08:15 UTC", "–"]


@pytest.mark.parametrize(
    ("cost", "error", "inside"),
    [("2.93", "+0.0 %", "yes"), ("3.37", "+15.0 %", "yes"), ("3.38", "+15.4 %", "no")],
)
def test_the_actual_cost_is_held_against_the_estimate_and_its_range(
    cost: str, error: str, inside: str
) -> None:
    spot = next(offer for offer in published_offers() if offer.tier is Tier.SPOT)
    estimate = published_estimate(training_pairs=100, preset="conservative", epochs=1, offer=spot)
    estimate = replace(estimate, gpu_compute=Decimal("2.93"), spot_buffer=Decimal("0.00"))
    section = estimates([facts(1, estimate=estimate, cost=Decimal(cost))])
    assert shown(section, "Cost against estimate") == [error]
    assert shown(section, "Inside the range") == [inside]


# Who is ahead


def test_the_lowest_loss_and_the_most_tokens_are_ahead() -> None:
    better = replace(TRAINED, final_loss=Decimal("0.8716"))
    jobs = [facts(1), facts(2, cost=Decimal("81.84"), training=better)]
    assert ahead(results(jobs), "Final loss") == {2}
    assert ahead(results(jobs), "Tokens per dollar") == {1}
    assert ahead(results(jobs), "Cost per epoch") == {1}
    assert shown(results(jobs), "Cost per epoch") == ["$37.80", "$40.92"]


def test_what_looks_alike_is_a_tie() -> None:
    hair = replace(TRAINED, final_loss=Decimal("0.880204"))
    tied = line(results([facts(1), facts(2, training=hair)]), "Final loss")
    assert {cell.text for cell in tied.cells} == {"0.8802"}
    assert tied.tied
    assert {winner.int for winner in tied.winners} == {1, 2}


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {JobStatus.COMPLETED}))
def test_only_completed_jobs_compete(status: JobStatus) -> None:
    best = replace(TRAINED, final_loss=Decimal("0.1"), best_loss=Decimal("0.1"))
    jobs = [facts(1), facts(2), facts(3, status=status, cost=Decimal("0.01"), training=best)]
    for section in (results(jobs), estimates(jobs)):
        for each in section.lines:
            assert UUID(int=3) not in each.winners, each.label
    assert ahead(results(jobs), "Final loss") == {1, 2}


def test_nobody_is_ahead_without_a_rival() -> None:
    failed = facts(2, status=JobStatus.FAILED)
    for section in (results([facts(1), failed]), estimates([facts(1), failed])):
        assert not any(each.winners for each in section.lines)


def test_a_free_run_is_called_free_and_two_of_them_tie() -> None:
    free = {"cost": Decimal("0.00")}
    section = results([facts(1), facts(2, **free), facts(3, **free)])
    assert shown(section, "Tokens per dollar") == ["446", "free", "free"]
    assert ahead(section, "Tokens per dollar") == {2, 3}
    values = [cell.value for cell in line(section, "Tokens per dollar").cells]
    assert values == [446, "free", "free"]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"base_model": "tiny"}, "Different base models: not comparable"),
        ({"file": replace(FILE, digest="d2")}, "Different training files: not comparable"),
    ],
)
def test_losses_of_different_work_are_not_compared(other: dict[str, Any], why: str) -> None:
    best = replace(TRAINED, final_loss=Decimal("0.1"), best_loss=Decimal("0.1"))
    jobs = [facts(1), facts(2, training=best, **other)]
    for label in ("Final loss", "Best loss", "Cost per epoch"):
        each = line(results(jobs), label)
        assert not each.winners
        assert each.note == why
    for label in ("Time taken", "Cost"):
        assert line(estimates(jobs), label).note == why


def test_the_same_file_under_another_name_is_the_same_file() -> None:
    renamed = facts(2, file=replace(FILE, name="workshop (2).json"))
    assert ahead(results([facts(1), renamed]), "Final loss") == {1, 2}


def test_a_failed_job_on_another_file_does_not_keep_the_others_from_competing() -> None:
    elsewhere = facts(3, status=JobStatus.FAILED, file=replace(FILE, digest="d2"))
    assert ahead(results([facts(1), facts(2), elsewhere]), "Final loss") == {1, 2}


amounts = st.decimals("0.00", "500", places=2)
losses = st.none() | st.decimals("0", "9", places=6)
any_facts = st.builds(
    facts,
    status=st.sampled_from(JobStatus),
    base_model=st.sampled_from(["70b", "70b", "70b", "tiny"]),
    file=st.sampled_from([FILE, FILE, FILE, replace(FILE, digest="d2")]),
    cost=amounts | st.just(Decimal("0.00")),
    hours=st.none() | st.decimals("0.0001", "400", places=6),
    training=st.builds(
        Training,
        tokens=st.none() | st.integers(0, 10**9),
        final_loss=losses,
        best_loss=losses,
        epochs=st.none() | st.decimals("0.01", "20", places=2),
    ),
)
several = st.lists(any_facts, min_size=2, max_size=MOST).map(
    lambda jobs: [replace(job, id=UUID(int=at), name=f"{at}") for at, job in enumerate(jobs)]
)
RACES: dict[str, tuple[Callable[[Facts], Decimal | None], Callable[..., Decimal]]] = {
    "Final loss": (job_facts.final_loss, min),
    "Best loss": (job_facts.best_loss, min),
    "Tokens per dollar": (job_facts.tokens_per_dollar, max),
    "Tokens per second": (job_facts.tokens_per_second, max),
    "Cost per epoch": (job_facts.cost_per_epoch, min),
    "Time taken": (job_facts.time_taken, min),
    "Cost": (job_facts.cost, min),
}


@given(several)
def test_every_winner_is_the_best_of_those_that_compete(jobs: list[Facts]) -> None:
    lines = {each.label: each for each in (*results(jobs).lines, *estimates(jobs).lines)}
    assert {label for label, each in lines.items() if each.winners} <= set(RACES)
    for label, (figure, better) in RACES.items():
        racing = {job.id: figure(job) for job in jobs if job.status is JobStatus.COMPLETED}
        racing = {job_id: value for job_id, value in racing.items() if value is not None}
        winners = lines[label].winners
        if winners:
            assert len(racing) >= 2
            best = better(racing.values())
            assert winners == {job_id for job_id, value in racing.items() if value == best}
        else:
            assert len(racing) < 2 or lines[label].note.endswith("not comparable")


@given(several.flatmap(lambda jobs: st.tuples(st.just(jobs), st.permutations(jobs))))
def test_the_order_of_jobs_changes_no_winner(pair: tuple[list[Facts], list[Facts]]) -> None:
    first, second = pair
    for section in (results, estimates):
        for one, other in zip(section(first).lines, section(second).lines, strict=True):
            assert (one.winners, one.note, one.differs) == (
                other.winners,
                other.note,
                other.differs,
            )


@given(several)
def test_no_cell_says_infinity_or_has_another_number_of_columns(jobs: list[Facts]) -> None:
    for section in (documentation, results, estimates, configuration):
        for each in section(jobs).lines:
            assert len(each.cells) == len(jobs)
            for cell in each.cells:
                assert "inf" not in cell.text.lower()
                assert cell.value != FREE


# What an address names


def test_ids_are_read_in_their_order() -> None:
    first, second = UUID(int=7), UUID(int=3)
    assert read_ids(f"{first}, {second}") == ([first, second], [])


def test_what_is_no_id_comes_twice_or_is_one_too_many_is_told_and_left_out() -> None:
    ids = [UUID(int=number) for number in range(7)]
    found, wrong = read_ids(",".join(["=1+1", str(ids[0]), *map(str, ids)]))
    assert found == ids[:6]
    assert wrong == [
        "“=1+1” is not the id of a job; it was left out.",
        f"The job {ids[0]} is named twice; it is shown once.",
        "At most 6 jobs are compared; the last one was left out.",
    ]


@given(st.text() | st.lists(st.uuids() | st.text(max_size=5)).map(lambda x: ",".join(map(str, x))))
def test_any_address_is_read(text: str) -> None:
    found, wrong = read_ids(text)
    assert len(found) <= MOST
    assert len(set(found)) == len(found)
    assert all(wrong)
