"""What a failure code means, and the failure in the words of a mail (FR1.3.2)."""

from lib.domain.failure_table import FAILURES, Failure
from lib.domain.next_steps import STEP_TITLES, Step

#: Whatever the job runs on, however far it got, and whatever can be rented today.
_ALWAYS_THERE = frozenset(
    {
        *(Step.RETRY, Step.LOWER_RANK, Step.OTHER_FILE, Step.SEE_CONVERSATION),
        *(Step.TOP_UP, Step.ADMIN),
    }
)


def explain(code: str | None) -> Failure:
    """What a job's failure code means; an unknown one is an error that nobody foresaw."""
    return FAILURES.get(code or "error", FAILURES["error"])


def in_a_mail(code: str | None, message: str | None) -> str:
    """The failure in one paragraph, with the most promising of the steps that are always there."""
    failure = explain(code)
    titles = [STEP_TITLES[step] for step in failure.steps if step in _ALWAYS_THERE][:2]
    following = f" Next: {' or '.join(titles)}." if titles else ""
    ways = " Its page has all ways on, with their prices." if failure.steps else ""
    return f"{failure.title}. {failure.told(message)}".rstrip() + following + ways
