"""The verdict: made of the figures, in one or two sentences."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given

from lib.domain.job_verdict import verdict
from lib.domain.states import JobStatus
from tests.unit.test_job_comparison import TRAINED, facts, several

BETTER = replace(TRAINED, final_loss=Decimal("0.8716"), best_loss=Decimal("0.8014"))


def test_it_names_who_is_ahead_in_what_and_what_the_lower_loss_cost() -> None:
    jobs = [facts(1), facts(2, cost=Decimal("81.84"), training=BETTER)]
    assert verdict(jobs) == (
        "“Job 1” is ahead in tokens per dollar, cost per epoch and cost; “Job 2” in final loss. "
        "The lower final loss of “Job 2”, 0.8716 against 0.8802, cost $6.25 more than “Job 1”."
    )


def test_it_says_so_where_one_job_is_behind_in_nothing() -> None:
    jobs = [facts(1), facts(2, training=BETTER)]
    assert verdict(jobs) == "“Job 2” is ahead in final loss and behind in nothing."


def test_jobs_that_are_level_are_called_level() -> None:
    assert verdict([facts(1), facts(2)]) == "The completed jobs are level in all that is compared."


def test_it_says_what_is_not_compared_and_why() -> None:
    rehearsal = facts(2, base_model="tiny", cost=Decimal("0.00"), hours=Decimal("0.01"))
    assert verdict([facts(1), rehearsal]) == (
        "“Job 2” is ahead in tokens per dollar and tokens per second. "
        "Losses, time and cost are not compared: different base models."
    )


def test_it_decides_nothing_before_two_jobs_have_completed() -> None:
    assert verdict([facts(1), facts(2, status=JobStatus.RUNNING)]).startswith("Fewer than two")


def test_jobs_of_one_name_are_told_apart_by_their_letters() -> None:
    jobs = [facts(1, name="Same"), facts(2, name="Same", training=BETTER)]
    assert "“Same” (B)" in verdict(jobs)


@given(several)
def test_it_is_one_or_two_sentences_whatever_the_figures(jobs: list) -> None:
    said = verdict(jobs)
    assert said.endswith(".")
    assert said.count(". ") <= 1
