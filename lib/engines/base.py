"""What an engine is: somewhere a job can run. The worker knows engines by this alone.

An engine never touches the database, and the worker never calls an engine inside a transaction.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from pydantic import SecretStr

from lib.domain.offers import Offer, Tier


@dataclass(frozen=True)
class Exchange:
    """How a machine that is not ours gets its data and brings its results; for one attempt alone.

    `data_url` gives the sequences, `results_url` takes and gives back checkpoints and takes the
    adapter, both until they expire; the token signs what goes to `callback_url` (docs/pods.md).
    """

    data_url: SecretStr
    results_url: SecretStr
    callback_url: str
    callback_token: SecretStr


@dataclass(frozen=True)
class Rental:
    """What may be rented for an attempt: this GPU on this tier, at this rate in dollars an hour at
    most, until `max_dollars` are spent.
    """

    gpu: str
    tier: Tier
    hourly_rate: Decimal
    max_dollars: Decimal
    exchange: Exchange


@dataclass(frozen=True)
class RunSpec:
    """One attempt at a job, complete: what to train, on what, from where.

    `name` is unique to the attempt and is how the run is found again after any doubt. The trainer
    refuses sequences whose SHA-256 is another than `sequences_sha256` (None: it is not known). It
    saves and stops by itself after `max_seconds` (None: no limit). `rental` is None on a machine of
    our own. `is_ours` is asked right before the order is sent: a worker that was held up may have
    lost the job, and another one have taken the run for one that never started.
    """

    name: str
    job_id: UUID
    attempt: int
    sequences: Path
    hyperparameters: Mapping[str, Any]
    max_steps: int | None = None
    sequences_sha256: str | None = None
    max_seconds: int | None = None
    rental: Rental | None = None
    is_ours: Callable[[], bool] = lambda: True


@dataclass(frozen=True)
class RunHandle:
    """A run as the database knows it. `external_id` is None while a submit is in doubt; `hinted`:
    it has said since the last look that there is something new; `tier`: how its machine is paid
    for, None where that is not known.
    """

    name: str
    job_id: UUID
    attempt: int
    external_id: str | None
    hourly_rate: Decimal
    started_at: datetime | None
    hinted: bool = False
    tier: Tier | None = None


class RunState(StrEnum):
    """What an engine sees of a run. `PROVISIONING`: its machine is being found or made ready;
    `GONE`: nothing of it is there.
    """

    PROVISIONING = "provisioning"
    STARTING = "starting"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    GONE = "gone"


@dataclass(frozen=True)
class Observation:
    """The run's state, and the trainer's events after `offset` (see docs/trainer.md).

    `ended_at`: when the run stopped costing anything, where the engine knows better than "now".
    """

    state: RunState
    events: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    offset: int = 0
    failure_code: str | None = None
    failure_message: str | None = None
    ended_at: datetime | None = None


class Engine(Protocol):
    """Where a run happens."""

    name: str

    def offers(self) -> Sequence[Offer]:
        """What can be had here, and for how much."""

    def capacity(self) -> int | None:
        """How many runs may go at once; None: no limit of its own."""

    def submit(self, run: RunSpec) -> str:
        """Starts the run and returns its external id. Called once an attempt, never repeated.

        Raises SubmitRefused: it was refused for good. NoCapacity, RateLimited, Unreachable: nothing
        was started, for certain, and a later attempt may be. Anything else leaves it in doubt.
        """

    def find(self, name: str, claimed: str | None = None) -> str | None:
        """The external id of the run with this name, if it exists: the look-up after a doubt.

        `claimed` is what the run itself says that its id is; it shows no more than that there is
        one.

        Raises Undecided where it is too early to tell.
        """

    def observe(self, run: RunHandle, offset: int) -> Observation:
        """The run now."""

    def terminate(self, run: RunHandle) -> bool:
        """Asks for the end of the run; True once nothing of it is left. Safe to repeat."""

    def list_owned(self) -> Sequence[str]:
        """The names of all runs of ours that exist, for the sweep of orphans."""

    def cost(self, run: RunHandle, now: datetime) -> Decimal:
        """What the run has cost so far, in dollars to the cent."""
