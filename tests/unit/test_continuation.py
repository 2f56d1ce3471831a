"""What is left of a run that goes on from a checkpoint, and what keeps it from going on."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain.continuation import Begun, hindrance, rest_of, why_not_continued
from lib.domain.draft import Draft
from lib.domain.estimate import published_estimate
from lib.domain.offers import local_offer, published_offers
from lib.domain.states import JobStatus

DRAFT = Draft(training_file_id="file-1", training_file_name="tone.json", preset="balanced")
BEGUN = Begun(
    name="First",
    status=JobStatus.FAILED,
    training_file_id="file-1",
    hyperparameters=DRAFT.hyperparameters.to_dict(),
    max_steps=None,
    engine="runpod",
    step=40,
    steps_total=100,
)
SPOT = published_offers()[0]
WHOLE = published_estimate(training_pairs=1_000, preset="balanced", epochs=3, offer=SPOT)


def test_a_draft_as_it_was_goes_on() -> None:
    assert hindrance(DRAFT, "runpod", BEGUN) is None


@pytest.mark.parametrize(
    ("changes", "engine", "named"),
    [
        ({"overrides": {"r": 4}}, "runpod", "same parameters"),
        ({"preset": "aggressive"}, "runpod", "same parameters"),
        ({"training_file_id": "file-2"}, "runpod", "same training file"),
        ({"max_steps": 5}, "runpod", "same number of steps"),
        ({}, "local", "same place where it runs"),
    ],
)
def test_whatever_the_checkpoint_does_not_belong_to_is_named(
    changes: dict[str, object], engine: str, named: str
) -> None:
    told = hindrance(replace(DRAFT, **changes), engine, BEGUN)  # type: ignore[arg-type]
    assert told is not None
    assert named in told
    assert "“First” at step 40" in told


def test_only_a_job_that_ended_with_a_checkpoint_is_continued() -> None:
    assert why_not_continued(BEGUN) is None
    for status in (JobStatus.COMPLETED, JobStatus.RUNNING, JobStatus.CANCELLED):
        assert "ended before it was done" in str(why_not_continued(replace(BEGUN, status=status)))
    assert "no checkpoint" in str(why_not_continued(replace(BEGUN, step=None)))
    assert hindrance(DRAFT, "runpod", replace(BEGUN, step=None)) is not None


def test_the_rest_is_its_share_of_the_steps_and_says_so() -> None:
    rest = rest_of(WHOLE, BEGUN, SPOT)
    assert rest.duration_hours == (WHOLE.duration_hours * Decimal("0.6")).quantize(
        Decimal("0.000001")
    )
    assert rest.basis == "published formula, for the last 60 of 100 steps"
    assert rest.total < WHOLE.total
    assert rest.algorithm_version == WHOLE.algorithm_version
    assert rest.track == WHOLE.track


def test_what_every_start_takes_anew_is_not_shortened() -> None:
    here = local_offer(Decimal("1.00"))
    rest = rest_of(WHOLE, BEGUN, here, start_hours=Decimal(10))
    assert rest.duration_hours == 10 + (WHOLE.duration_hours - 10) * Decimal("0.6")
    assert rest_of(WHOLE, BEGUN, here, start_hours=Decimal(10_000)).duration_hours == (
        WHOLE.duration_hours
    )


@given(st.integers(0, 10_000), st.integers(0, 10_000))
def test_the_share_that_is_left_is_a_share(step: int, total: int) -> None:
    begun = replace(BEGUN, step=step, steps_total=total)
    assert 0 <= begun.share_left <= 1
    if 0 < step < total:
        assert begun.share_left + Decimal(step) / total == pytest.approx(1)


def test_all_is_left_where_the_run_never_said_how_far_it_had_to_go() -> None:
    begun = replace(BEGUN, steps_total=None)
    assert (begun.share_left, begun.left) == (1, "all steps")
