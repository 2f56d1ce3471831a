"""What an engine is: somewhere a job can run. The worker knows engines by this alone.

An engine never touches the database, and the worker never calls an engine inside a transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from lib.domain.offers import Offer


@dataclass(frozen=True)
class RunSpec:
    """One attempt at a job, complete: what to train, on what, from where.

    `name` is unique to the attempt and is how the run is found again after any doubt. The trainer
    refuses sequences whose SHA-256 is another than `sequences_sha256` (None: it is not known).
    """

    name: str
    job_id: UUID
    attempt: int
    sequences: Path
    hyperparameters: Mapping[str, Any]
    max_steps: int | None = None
    sequences_sha256: str | None = None


@dataclass(frozen=True)
class RunHandle:
    """A run as the database knows it. `external_id` is None while a submit is in doubt."""

    name: str
    job_id: UUID
    attempt: int
    external_id: str | None
    hourly_rate: Decimal
    started_at: datetime | None


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
    """The run's state, and the trainer's events after `offset` (see docs/trainer.md)."""

    state: RunState
    events: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    offset: int = 0
    failure_code: str | None = None
    failure_message: str | None = None


class Engine(Protocol):
    """Where a run happens."""

    name: str

    def offers(self) -> Sequence[Offer]:
        """What can be had here, and for how much."""

    def capacity(self) -> int | None:
        """How many runs may go at once; None: no limit of its own."""

    def submit(self, run: RunSpec) -> str:
        """Starts the run and returns its external id. Called once an attempt, never repeated."""

    def find(self, name: str) -> str | None:
        """The external id of the run with this name, if it exists: the look-up after a doubt."""

    def observe(self, run: RunHandle, offset: int) -> Observation:
        """The run now."""

    def terminate(self, run: RunHandle) -> bool:
        """Asks for the end of the run; True once nothing of it is left. Safe to repeat."""

    def list_owned(self) -> Sequence[str]:
        """The names of all runs of ours that exist, for the sweep of orphans."""

    def cost(self, run: RunHandle, now: datetime) -> Decimal:
        """What the run has cost so far, in dollars to the cent."""
