"""What follows an attempt that came to nothing: each kind with its own patience."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.domain import recovery
from lib.domain.recovery import LAUNCH_PATIENCE, LOSSES, NEVER_STARTED, Next, Outcome, Tried

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
LOST_RUN = Tried(Outcome.INTERRUPTED, NOON - 60 * MINUTE, NOON)


def tries(outcome: Outcome, *, after: tuple[Tried, ...] = ()) -> tuple[list[Tried], Next]:
    """The outcome again and again, each as soon as it may be, until the job is given up."""
    tried = list(after)
    at = recovery.after(tried).at if tried else NOON
    while at is not None:
        tried.append(Tried(outcome, at, at + SECOND))
        following = recovery.after(tried)
        at = following.at
    return tried[len(after) :], following


@pytest.mark.parametrize("outcome", sorted(LOSSES))
def test_a_lost_run_is_followed_by_three_more_and_no_fourth(outcome: Outcome) -> None:
    tried, following = tries(outcome)
    assert len(tried) == 4
    assert following == Next(4, None, "recoveries_exhausted")


def test_the_pause_after_a_lost_run_doubles() -> None:
    tried, _ = tries(Outcome.INTERRUPTED)
    pauses = [later.began_at - earlier.ended_at for earlier, later in itertools.pairwise(tried)]
    assert pauses == [SECOND, 2 * SECOND, 4 * SECOND]


def test_a_job_that_never_ran_waits_hours_for_a_machine() -> None:
    tried, following = tries(Outcome.NO_CAPACITY)
    assert following == Next(0, None, "no_capacity")
    waited = tried[-1].ended_at - tried[0].began_at
    assert LAUNCH_PATIENCE <= waited <= LAUNCH_PATIENCE + recovery.LONGEST_WAIT


def test_looks_for_a_machine_become_rarer_up_to_ten_minutes() -> None:
    tried, _ = tries(Outcome.NO_CAPACITY)
    pauses = [later.began_at - earlier.ended_at for earlier, later in itertools.pairwise(tried)]
    assert pauses[:3] == [15 * SECOND, 30 * SECOND, MINUTE]
    assert max(pauses) == 10 * MINUTE


def test_an_interrupted_job_uses_up_a_recovery_every_ten_minutes_without_a_machine() -> None:
    tried, following = tries(Outcome.NO_CAPACITY, after=(LOST_RUN,))
    assert following == Next(4, None, "no_capacity")
    assert 30 * MINUTE <= tried[-1].ended_at - tried[0].began_at <= 32 * MINUTE


def test_the_last_recovery_waits_ten_minutes_alone() -> None:
    tried, following = tries(Outcome.NO_CAPACITY, after=(LOST_RUN,) * 3)
    assert following.code == "no_capacity"
    assert 10 * MINUTE <= tried[-1].ended_at - tried[0].began_at <= 12 * MINUTE


def test_a_provider_that_cannot_be_asked_uses_up_no_recovery() -> None:
    tried, following = tries(Outcome.NOT_SENT, after=(LOST_RUN,))
    assert following == Next(1, None, "provider_away")
    assert tried[-1].ended_at - tried[0].began_at >= LAUNCH_PATIENCE


def test_a_provider_that_wants_to_be_left_alone_is() -> None:
    tried = [Tried(Outcome.NOT_SENT, NOON, NOON)]
    assert recovery.after(tried, timedelta(minutes=3)).at == NOON + 3 * MINUTE
    assert recovery.after(tried, SECOND).at == NOON + 15 * SECOND


def test_a_machine_that_was_found_ends_the_waiting_for_one() -> None:
    waited, _ = tries(Outcome.NO_CAPACITY, after=(LOST_RUN,))
    before = [LOST_RUN, *waited[:-1]]
    again = Tried(Outcome.INTERRUPTED, waited[-1].began_at, waited[-1].began_at + 60 * MINUTE)
    assert recovery.after([*before, again]) == Next(2, again.ended_at + 2 * SECOND)


@given(st.lists(st.sampled_from(sorted(LOSSES | NEVER_STARTED)), min_size=1, max_size=60))
def test_whatever_happens_the_next_attempt_is_later_or_there_is_a_reason(
    outcomes: list[Outcome],
) -> None:
    """And a job that goes on has had three losses at most."""
    at: datetime | None = NOON
    tried: list[Tried] = []
    for outcome in outcomes:
        assert at is not None
        tried.append(Tried(outcome, at, at + MINUTE))
        following = recovery.after(tried)
        assert (following.at is None) == (following.code is not None)
        at = following.at
        if at is None:
            return
        assert at > tried[-1].ended_at
        assert sum(one.outcome in LOSSES for one in tried) <= 3
