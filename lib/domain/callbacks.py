"""Messages that should come from a rented run and were refused: why, and how many."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

CALLBACKS_COUNTED = timedelta(days=7)


class CallbackFault(StrEnum):
    """Why a message that should come from a run was refused."""

    FORM = "form"  # headers are missing, or are none
    SIGNATURE = "signature"
    OLD = "old"  # or from the future: the clocks disagree, or somebody sent it again
    TOO_LARGE = "too_large"
    ENDED = "ended"  # its attempt is over: a last word that came late
    UNKNOWN = "unknown"  # no such run: whoever finds the address on the internet can cause that


#: What neither our pods nor chance passers-by do.
SUSPICIOUS = frozenset(CallbackFault) - {CallbackFault.ENDED, CallbackFault.UNKNOWN}


@dataclass(frozen=True)
class CallbackFacts:
    """Refused callbacks within CALLBACKS_COUNTED; of each run and fault, one an hour counts."""

    by_fault: Mapping[CallbackFault, int]
    last_at: datetime | None

    @property
    def refused(self) -> int:
        return sum(self.by_fault.values())

    @property
    def suspicious(self) -> int:
        return sum(self.by_fault.get(fault, 0) for fault in SUSPICIOUS)
