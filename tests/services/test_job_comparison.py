"""Comparing jobs out of the real database: who sees which, their curves and costs, the export."""

import csv
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any
from uuid import UUID, uuid4

import pytest
from pypdf import PdfReader
from sqlalchemy import Row, insert

from lib.db import work
from lib.db.connection import transaction
from lib.db.tables import job_attempts
from lib.domain.loss_curve import POINTS
from lib.domain.people import Person
from lib.domain.spreadsheet import BYTE_ORDER_MARK
from lib.domain.states import JobStatus
from lib.services import job_comparison
from lib.services.job_comparison import alike, as_csv, as_pdf, compare

Make = Callable[..., Any]
BEGAN = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)


def attempt(job_id: UUID, number: int, *, after: float, hours: float, rate: str) -> None:
    """An attempt that ended, `after` so many hours since the job began."""
    started = BEGAN + timedelta(hours=after)
    with transaction() as connection:
        connection.execute(
            insert(job_attempts).values(
                job_id=job_id,
                number=number,
                engine="runpod",
                external_name=f"run-{job_id}-{number}",
                hourly_rate=Decimal(rate),
                started_at=started,
                ended_at=started + timedelta(hours=hours),
                cost=Decimal(rate) * Decimal(str(hours)),
            )
        )


def metrics(job_id: UUID, steps: range, *, number: int = 1, after: float = 0.0) -> None:
    """A step every hundredth of an hour from `after` on, the loss falling by 0.001 each."""
    with transaction() as connection:
        work.write_metrics(
            connection,
            [
                {
                    "job_id": job_id,
                    "step": step,
                    "attempt": number,
                    "at": BEGAN + timedelta(hours=after + at / 100),
                    "loss": 3 - Decimal(step) / 1000,
                    "learning_rate": Decimal("0.0001"),
                    "tokens_seen": 100 * step,
                    "tokens_per_second": Decimal(50),
                    "elapsed_seconds": Decimal(step),
                }
                for at, step in enumerate(steps, 1)
            ],
        )


@pytest.fixture
def pair(person: Make, training_file: Make, past_job: Make) -> tuple[Person, list[UUID]]:
    """A manager and two completed jobs on one file."""
    actor = person(role="manager")
    file = training_file(actor=actor)
    made = [past_job(actor, file=file, started_at=BEGAN, name=name) for name in ("One", "Other")]
    return actor, made


def test_jobs_come_in_the_order_asked_for(pair: tuple[Person, list[UUID]]) -> None:
    actor, (one, other) = pair
    assert [job.id for job in compare(actor, [other, one]).jobs] == [other, one]


def test_a_job_that_is_not_theirs_to_see_is_missing_like_one_that_never_was(
    pair: tuple[Person, list[UUID]], person: Make, past_job: Make
) -> None:
    _, (one, other) = pair
    analyst, never = person(), uuid4()
    own = past_job(analyst)
    seen = compare(analyst, [one, own, never, other])
    assert [job.id for job in seen.jobs] == [own]
    assert seen.missing == (one, never, other)
    assert set(seen.curves) == {own}


def test_a_curve_is_thinned_and_keeps_its_first_and_last_step(
    pair: tuple[Person, list[UUID]],
) -> None:
    actor, (one, other) = pair
    metrics(one, range(1, 2 * POINTS + 18))
    metrics(other, range(1, POINTS + 1))
    seen = compare(actor, [one, other])
    assert len(seen.curves[other]) == POINTS
    steps = [point.step for point in seen.curves[one]]
    assert POINTS / 2 < len(steps) <= POINTS
    assert (steps[0], steps[-1]) == (1, 2 * POINTS + 17)
    assert steps == sorted(set(steps))


def test_the_best_loss_is_that_of_all_steps_thinned_away_or_not(
    pair: tuple[Person, list[UUID]],
) -> None:
    actor, (one, _) = pair
    metrics(one, range(1, 1001))
    with transaction() as connection:
        row = {"job_id": one, "step": 7, "attempt": 1, "at": BEGAN, "loss": Decimal("0.25")}
        rest = dict.fromkeys(("learning_rate", "tokens_seen", "tokens_per_second"))
        work.write_metrics(connection, [{**row, **rest, "elapsed_seconds": None}])
    (job,) = compare(actor, [one]).jobs
    assert job.training.best_loss == Decimal("0.25")
    assert job.training.final_loss == Decimal("2.000000")
    assert (job.training.steps, job.training.tokens) == (1000, 100_000)


def test_cost_and_time_run_on_over_attempts_and_the_pause_between_costs_nothing(
    pair: tuple[Person, list[UUID]],
) -> None:
    actor, (one, _) = pair
    attempt(one, 1, after=0, hours=2, rate="2.00")
    metrics(one, range(1, 101), number=1)
    attempt(one, 2, after=5, hours=1, rate="3.00")
    metrics(one, range(101, 201), number=2, after=5)
    curve = {point.step: point for point in compare(actor, [one]).curves[one]}
    assert curve[100].hours == pytest.approx(1)
    assert curve[100].dollars == pytest.approx(2)
    assert curve[200].hours == pytest.approx(6)
    assert curve[200].dollars == pytest.approx(2 * 2 + 3)


def test_steps_of_an_attempt_that_is_not_known_have_no_place_by_cost(
    pair: tuple[Person, list[UUID]],
) -> None:
    actor, (one, _) = pair
    metrics(one, range(1, 4))
    assert [point.dollars for point in compare(actor, [one]).curves[one]] == [None] * 3


def test_a_draft_is_compared_by_what_it_has_chosen(draft: Make, person: Make) -> None:
    actor = person()
    opened = draft(actor, preset="aggressive", overrides={"r": 12}, name="Not yet")
    (job,) = compare(actor, [opened.job_id]).jobs
    assert (job.status, job.name) == (JobStatus.PENDING_CONFIGURATION, "Not yet")
    assert (job.preset, dict(job.overrides), job.hyperparameters["r"]) == (
        "aggressive",
        {"r": 12},
        12,
    )
    assert (job.estimate, job.hours, job.training.final_loss) == (None, None, None)


def test_a_row_that_lacks_what_later_versions_write_is_compared_all_the_same(
    person: Make, past_job: Make
) -> None:
    actor = person()
    bare = past_job(actor, configuration={}, gpu_pricing_tier="swap", estimate=None)
    seen = compare(actor, [bare, past_job(actor)])
    assert seen.jobs[0].id == bare
    assert seen.jobs[0].tier is None
    assert all(len(line.cells) == 2 for section in seen.sections for line in section.lines)


def test_others_on_the_same_file_are_found_whatever_the_file_is_called(
    person: Make, training_file: Make, past_job: Make
) -> None:
    actor = person()
    file = training_file(actor=actor)
    one, other, elsewhere = past_job(actor, file=file), past_job(actor, file=file), past_job(actor)
    assert [row.id for row in alike(actor, [one], "file")] == [other]
    assert {row.id for row in alike(actor, [one, elsewhere], "file")} == {other}


def test_others_with_a_tag_are_found(person: Make, past_job: Make) -> None:
    actor, tag = person(), f"t{uuid4().hex[:12]}"
    one, other = past_job(actor, tags=[tag]), past_job(actor, tags=["baseline", tag])
    past_job(actor, tags=["baseline"])
    assert [row.id for row in alike(actor, [one], "tag", tag)] == [other]


def test_nobody_is_offered_jobs_that_they_may_not_see(
    pair: tuple[Person, list[UUID]], person: Make, past_job: Make
) -> None:
    actor, (one, other) = pair
    analyst = person()
    for by in ("file", "client", "template", "tag"):
        assert alike(analyst, [one, other], by, "baseline") == []
    assert [row.id for row in alike(actor, [one], "file")] == [other]


def test_jobs_without_client_or_template_are_like_no_others_in_them(
    pair: tuple[Person, list[UUID]],
) -> None:
    actor, (one, _) = pair
    assert alike(actor, [one], "client") == []
    assert alike(actor, [one], "template") == []


def test_only_a_few_are_offered_the_newest_first(
    person: Make, training_file: Make, past_job: Make
) -> None:
    actor = person()
    file = training_file(actor=actor)
    made = [past_job(actor, file=file) for _ in range(job_comparison.ALIKE + 2)]
    offered = [row.id for row in alike(actor, made[:1], "file")]
    assert offered == list(reversed(made[2:]))


# Export


def test_no_cell_of_the_export_is_a_formula(
    person: Make, training_file: Make, past_job: Make
) -> None:
    actor = person()
    file: Row = training_file(actor=actor)
    jobs = [
        past_job(actor, file=file, name="=HYPERLINK(1)", description="@SUM(A1)"),
        past_job(actor, file=file, name='a,"b"\nc', description="+1"),
    ]
    text = as_csv(compare(actor, jobs)).removeprefix(BYTE_ORDER_MARK)
    rows = list(csv.reader(StringIO(text, newline="")))
    assert rows[0] == ["", "", "A", "B", "Ahead", "Note"]
    assert rows[1] == ["Job", "Name", "'=HYPERLINK(1)", 'a,"b"\nc']
    by_label = {row[1]: row for row in rows}
    assert by_label["Description"][2:4] == ["'@SUM(A1)", "'+1"]
    assert by_label["Rank (r)"][2:4] == ["16", "16"]
    assert by_label["Cost"][:5] == ["Estimate and actual", "Cost", "24.90", "24.90", "A B"]


def test_the_document_tells_the_verdict_and_each_figure(
    pair: tuple[Person, list[UUID]],
) -> None:
    actor, jobs = pair
    seen = compare(actor, jobs)
    content = as_pdf(seen)
    assert content.startswith(b"%PDF-")
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)
    words = " ".join(text.split())
    assert seen.verdict in words
    for part in ("One", "Other", "Tokens per dollar", "$24.90", "tie", "Learning Rate"):
        assert part in words
