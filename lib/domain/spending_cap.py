"""The spending cap of a job: the most that all its attempts may cost together.

At the cap the run saves a checkpoint and ends, and it can be continued with a new cap. The trainer
carries the cap as a time limit, so that it holds when nobody is looking. There is none where an
hour costs nothing.
"""

from collections.abc import Iterable
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from lib.domain.budget import Budget
from lib.domain.money import CENT, LARGEST_AMOUNT, ZERO, percent, usd

CODE = "cap_reached"  # the failure code of a job that its cap ended
NEAR_PERCENT = Decimal(80)  # of the cap, from where its owner is warned


def allowance(budget: Budget, teams: Iterable[Budget] = ()) -> Decimal:
    """The most that a job may cost by the user's month, its grace included, and by their teams'."""
    own = budget.ceiling - budget.spent - budget.reserved
    return min((own, *(team.remaining for team in teams)))


def default_cap(
    cost_max: Decimal, grace_percent: Decimal, allowed: Decimal, hourly_rate: Decimal
) -> Decimal | None:
    """The estimate's maximum and the grace, and never more than the budget allows.

    A job whose maximum is above `allowed` starts by a manager's word alone, and that covers the
    maximum and nothing above it. Rounded up, and a cent at least, so that a cap is never below the
    maximum for want of digits. None where an hour costs nothing.
    """
    if hourly_rate <= ZERO:
        return None
    most = (cost_max * (1 + grace_percent / 100)).quantize(CENT, rounding=ROUND_CEILING)
    return max(min(most, allowed), cost_max, CENT)


def check_cap(cap: Decimal) -> Decimal:
    """A cap that somebody chose. Raises ValueError.

    Anything from a cent up: below the least that is estimated the run ends before it is done, which
    is warned of and may be meant, as it can go on later; what is too much, the budget decides.
    """
    if not (cap.is_finite() and CENT <= cap <= LARGEST_AMOUNT):
        raise ValueError(f"Spending cap: must be between {usd(CENT)} and {usd(LARGEST_AMOUNT)}")
    return cap


def committed(cost_max: Decimal, chosen: Decimal | None) -> Decimal:
    """What a start reserves: the estimate's maximum, or the cap that somebody chose above it.

    The grace above the maximum in the default cap is not reserved: as long as all jobs were started
    within the limit, they stay within the limit's own grace even where each of them uses it up.
    """
    return cost_max if chosen is None else max(cost_max, chosen)


def refusal(cap: Decimal, allowed: Decimal) -> str:
    """Why a job may not start with a cap that the budget does not bear."""
    return (
        f"Spending cap ({usd(cap)}) is above what the budget allows ({usd(max(allowed, ZERO))}). "
        "Choose a lower cap or increase the budget limit."
    )


def seconds_left(cap: Decimal, spent: Decimal, hourly_rate: Decimal) -> int | None:
    """How long a run may go on at a rate after `spent` dollars; 0 once the cap is reached.

    Rounded down, so that the run ends before the cap and not after it. None: without an end.
    """
    if hourly_rate <= ZERO:
        return None
    seconds = max(cap - spent, ZERO) * 3600 / hourly_rate
    return int(seconds.to_integral_value(ROUND_FLOOR))


def used_percent(cap: Decimal, cost: Decimal) -> Decimal:
    """How much of the cap is used, with one decimal; above 100 where a bill came later."""
    return percent(cost, cap)


def is_near(cap: Decimal | None, cost: Decimal) -> bool:
    """Whether 80 % of the cap are used, or more."""
    return cap is not None and cost * 100 >= cap * NEAR_PERCENT


def reached(cap: Decimal | None, cost: Decimal) -> bool:
    """Whether the job has cost what it may."""
    return cap is not None and cost >= cap


def reached_message(cap: Decimal, spent: Decimal, step: int | None) -> str:
    """What is told of a job that its cap ended: the figures, and the step of its checkpoint."""
    told = f"The job has cost {usd(spent)} of its spending cap of {usd(cap)}, so its run was ended"
    if step is None:
        return f"{told} before it had saved a checkpoint. Start a new job with a higher cap."
    return (
        f"{told}. It has saved a checkpoint at step {step:,} and can be continued with a new cap."
    )


def low_cap_warning(cap: Decimal | None, cost_min: Decimal) -> str | None:
    """What a cap below the least estimated cost means; None for any other."""
    if cap is None or cap >= cost_min:
        return None
    return (
        f"⚠ Low Spending Cap: {usd(cap)} is less than the least that this job is estimated to cost "
        f"({usd(cost_min)}). It will probably end at a checkpoint before it is done; it can be "
        "continued with a new cap."
    )
