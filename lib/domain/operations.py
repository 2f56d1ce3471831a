"""How an installation is doing: facts that were read somewhere. `troubles` judges them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lib.domain.callbacks import CallbackFacts
from lib.domain.rented_account import Rented

WORKER_SILENT = timedelta(seconds=15)  # three heartbeats
ORPHANS_COUNTED = timedelta(days=7)
ENDS_WITHIN = timedelta(minutes=15)  # so long it may take until nothing of a run is left
DISK_LOW_BYTES, DISK_LOW_SHARE = 2 * 1024**3, 0.05


@dataclass(frozen=True)
class DatabaseFacts:
    embedded: bool
    version: str
    size_bytes: int
    revision: str | None
    newest_revision: str

    @property
    def up_to_date(self) -> bool:
        return self.revision == self.newest_revision


@dataclass(frozen=True)
class WorkerFacts:
    host: str
    pid: int
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True)
class QueueFacts:
    """`leased`: held by a worker now. `in_doubt`: nobody knows yet whether their run exists."""

    by_state: Mapping[str, int]
    oldest_waiting_at: datetime | None
    leased: int
    in_doubt: int
    oldest_doubt_at: datetime | None


@dataclass(frozen=True)
class EngineFacts:
    """`runs` are the attempts that live: on a rented engine, the pods that we own."""

    name: str
    capacity: int | None
    on_engine: int
    runs: int
    waiting: int
    oldest_waiting_at: datetime | None = None
    last_failure: str | None = None
    last_failure_at: datetime | None = None

    @property
    def has_a_place(self) -> bool:
        return self.capacity is None or self.on_engine < self.capacity


@dataclass(frozen=True)
class TaskFacts:
    name: str
    due_at: datetime
    finished_at: datetime | None
    error: str | None


@dataclass(frozen=True)
class OutboxFacts:
    """`kept`: written for a channel that is not connected, so that it waits for no one."""

    waiting: int
    failed: int
    kept: int
    oldest_waiting_at: datetime | None


@dataclass(frozen=True)
class StorageFacts:
    """Training files as they came, and the disk that holds the data folder."""

    files: int
    file_bytes: int
    disk_free: int
    disk_total: int

    @property
    def is_low(self) -> bool:
        return self.disk_free < DISK_LOW_BYTES or self.disk_free < DISK_LOW_SHARE * self.disk_total


@dataclass(frozen=True)
class BackupFacts:
    """The last attempt at a backup, and when one was last made whole."""

    tried_at: datetime
    error: str | None
    made_at: datetime | None
    folder: str
    size_bytes: int


@dataclass(frozen=True)
class Facts:
    """The whole installation at one moment of the database's clock."""

    now: datetime
    database: DatabaseFacts
    workers: Sequence[WorkerFacts]
    queue: QueueFacts
    engines: Sequence[EngineFacts]
    orphans: int  # within ORPHANS_COUNTED
    last_orphan_at: datetime | None
    not_ended: int  # runs that were to end, and have not within ENDS_WITHIN
    callbacks: CallbackFacts
    tasks: Sequence[TaskFacts]
    outbox: OutboxFacts
    storage: StorageFacts
    backup: BackupFacts | None
    rented: Rented | None = None  # how RunPod is set up; None: it is not connected

    @property
    def workers_seen(self) -> int:
        """Workers that have shown a sign of life lately."""
        return sum(map(self.is_at_work, self.workers))

    def is_at_work(self, worker: WorkerFacts) -> bool:
        return self.age(worker.seen_at) <= WORKER_SILENT

    def age(self, moment: datetime | None) -> timedelta:
        """How long ago; nothing for what has not been."""
        return timedelta() if moment is None else self.now - moment
