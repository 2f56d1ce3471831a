"""What follows an attempt that came to nothing: when the next one may begin, or that there is none.

Three kinds are told apart (FR1.1.3). A run that was lost uses up one of three recoveries. Where no
machine is free, nothing was lost yet: a job that has not run may wait for hours, one that is to go
on uses up a recovery every ten minutes. A provider that cannot be asked is waited for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import takewhile

from lib.domain.offers import RECOVERY_ATTEMPTS, RECOVERY_MINUTES


class Outcome(StrEnum):
    """How an attempt ended.

    `GONE`: nothing of the run was there any more. `LOST`: it never showed up. `BAD_MACHINE`: it was
    not ready in time, or could not start the trainer. `NOT_SENT`: the provider could not be asked.
    """

    COMPLETED = "completed"
    FAILED = "failed"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    CAPPED = "capped"
    INTERRUPTED = "interrupted"
    GONE = "gone"
    LOST = "lost"
    BAD_MACHINE = "bad_machine"
    NO_CAPACITY = "no_capacity"
    NOT_SENT = "not_sent"


#: A run was there, or may have been, and another one is to take its place.
LOSSES = frozenset({Outcome.INTERRUPTED, Outcome.GONE, Outcome.LOST, Outcome.BAD_MACHINE})
#: Nothing was started, for certain.
NEVER_STARTED = frozenset({Outcome.NO_CAPACITY, Outcome.NOT_SENT})

AFTER_LOSS = timedelta(seconds=1)  # doubled with every further one
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=15), timedelta(minutes=10)
LONGEST_WAIT_TO_GO_ON = timedelta(minutes=1)  # an interrupted job is in more of a hurry
LAUNCH_PATIENCE = timedelta(hours=6)
_WINDOW = timedelta(minutes=RECOVERY_MINUTES)


@dataclass(frozen=True)
class Tried:
    """An attempt that has ended; aware times."""

    outcome: Outcome
    began_at: datetime
    ended_at: datetime


@dataclass(frozen=True)
class Next:
    """The next attempt, or with `at` None that there will be none and by which code the job fails.

    `recovery` is which of the recoveries it is, 0 while the job has not run yet.
    """

    recovery: int
    at: datetime | None
    code: str | None = None


def after(tried: Sequence[Tried], told_to_wait: timedelta = timedelta()) -> Next:
    """What follows the last of a job's attempts, oldest first.

    `told_to_wait` is how long the provider wants to be left alone.
    """
    last = tried[-1]
    losses = sum(attempt.outcome in LOSSES for attempt in tried)
    if last.outcome in LOSSES:
        if losses > RECOVERY_ATTEMPTS:
            return Next(losses, None, "recoveries_exhausted")
        return Next(losses, last.ended_at + AFTER_LOSS * 2 ** (losses - 1))
    assert last.outcome in NEVER_STARTED
    waiting = _trailing(tried, NEVER_STARTED)
    recovery = losses
    if losses and last.outcome is Outcome.NO_CAPACITY:
        recovery += _lasted(_trailing(tried, {Outcome.NO_CAPACITY})) // _WINDOW
    if recovery > RECOVERY_ATTEMPTS or _lasted(waiting) >= LAUNCH_PATIENCE:
        no_machine = last.outcome is Outcome.NO_CAPACITY
        return Next(recovery, None, "no_capacity" if no_machine else "provider_away")
    longest = LONGEST_WAIT_TO_GO_ON if losses else LONGEST_WAIT
    pause = min(FIRST_WAIT * 2 ** min(len(waiting) - 1, 20), longest)
    return Next(recovery, last.ended_at + max(pause, told_to_wait))


def _trailing(tried: Sequence[Tried], outcomes: frozenset[Outcome] | set[Outcome]) -> list[Tried]:
    """The last attempts as far back as they ended like this, newest first."""
    return list(takewhile(lambda attempt: attempt.outcome in outcomes, reversed(tried)))


def _lasted(newest_first: Sequence[Tried]) -> timedelta:
    return newest_first[0].ended_at - newest_first[-1].began_at
