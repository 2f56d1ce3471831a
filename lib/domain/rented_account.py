"""The account at a provider: its money, what its machines cost now, and how long that lasts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from lib.domain.money import ZERO, usd

LASTS_HOURS = 24  # at least, at what is spent now


@dataclass(frozen=True)
class RentedPod:
    """One of our machines as the provider listed it. `is_known`: a live attempt is its owner."""

    name: str
    status: str | None
    hourly_cost: Decimal | None
    is_known: bool


@dataclass(frozen=True)
class Account:
    """The account as it was at `read_at`, in dollars.

    `balance` and `hourly_spend` are None where the provider did not tell, for the reason in
    `problem`. `reserved`: what jobs that are active there may still cost.
    """

    read_at: datetime
    balance: Decimal | None
    hourly_spend: Decimal | None
    pods: Sequence[RentedPod]
    reserved: Decimal
    problem: str | None = None

    @property
    def is_empty(self) -> bool:
        return self.balance is not None and self.balance <= ZERO

    @property
    def hours_left(self) -> Decimal | None:
        """How long the money lasts at what is spent now; None where nothing is, or is known."""
        if self.balance is None or not self.hourly_spend:
            return None
        return max(self.balance, ZERO) / self.hourly_spend

    @property
    def shortage(self) -> str | None:
        """Why the money does not last, in words; None where it does, or is not known."""
        if self.balance is None:
            return None
        hours = self.hours_left
        if hours is not None and hours < LASTS_HOURS:
            spend = usd(self.hourly_spend or ZERO)
            return (
                f"RunPod's account has {usd(self.balance)} left: at {spend} an hour that lasts for "
                f"{hours:.1f} hours."
            )
        if self.balance < self.reserved:
            return (
                f"RunPod's account has {usd(self.balance)} left, and active jobs may cost "
                f"{usd(self.reserved)} more."
            )
        return None


@dataclass(frozen=True)
class Rented:
    """How this installation is set up at the provider.

    `missing`: what has to be set before a job can start there. `account` is None until somebody has
    looked.
    """

    prefix: str
    missing: str | None
    account: Account | None
