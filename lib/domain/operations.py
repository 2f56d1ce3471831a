"""How an installation is doing: facts that were read somewhere, and what to do about the bad ones.

docs/operations.md explains each trouble at more length, under the same key.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

WORKER_SILENT = timedelta(seconds=15)  # three heartbeats
WAITS_IN_VAIN = timedelta(minutes=2)  # although the engine has a place
DOUBT_LASTS = timedelta(minutes=2)
TASK_OVERDUE = timedelta(hours=1)
MAIL_WAITS = timedelta(minutes=15)
BACKUP_OLD = timedelta(days=2)
ORPHANS_COUNTED = timedelta(days=7)
DISK_LOW_BYTES, DISK_LOW_SHARE = 2 * 1024**3, 0.05


class Level(StrEnum):
    """`ERROR`: something stands still or is lost. `WARNING`: it will, if nobody acts."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Trouble:
    """What is wrong, and what to do about it; `key` names its kind."""

    key: str
    level: Level
    what: str
    do: str


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
    tasks: Sequence[TaskFacts]
    outbox: OutboxFacts
    storage: StorageFacts
    backup: BackupFacts | None
    runpod_key: bool

    @property
    def workers_seen(self) -> int:
        """Workers that have shown a sign of life lately."""
        return sum(map(self.is_at_work, self.workers))

    def is_at_work(self, worker: WorkerFacts) -> bool:
        return self.age(worker.seen_at) <= WORKER_SILENT

    def age(self, moment: datetime | None) -> timedelta:
        """How long ago; nothing for what has not been."""
        return timedelta() if moment is None else self.now - moment


def troubles(facts: Facts) -> tuple[Trouble, ...]:
    """Everything that somebody should act on, the worst first."""
    found = [*_of_work(facts), *_of_surroundings(facts)]
    return tuple(sorted(found, key=lambda trouble: trouble.level is not Level.ERROR))


def _of_work(facts: Facts) -> Iterator[Trouble]:
    """Workers, the queue, engines and tasks."""
    if not facts.workers_seen:
        yield Trouble(
            "no-worker",
            Level.ERROR,
            "No worker is at work: jobs, new files and mail stand still.",
            "Start python -m lib.worker, or the app without WORKER=off. If one should be "
            "running, its log says why it is not.",
        )
    for engine in facts.engines:
        waits = facts.age(engine.oldest_waiting_at) > WAITS_IN_VAIN
        if facts.workers_seen and engine.waiting and engine.has_a_place and waits:
            yield Trouble(
                "waits-in-vain",
                Level.ERROR,
                f"Jobs wait for the engine {engine.name} although it has a place.",
                "Read the worker's log for the job's id: a launch that fails is logged there.",
            )
    if facts.queue.in_doubt and facts.age(facts.queue.oldest_doubt_at) > DOUBT_LASTS:
        yield Trouble(
            "in-doubt",
            Level.ERROR,
            f"{_count(facts.queue.in_doubt, 'attempt')} in doubt: whether the run exists is not "
            "known.",
            "The worker looks it up by its name until the engine answers. If it does not, look in "
            "the engine's own console for a run whose name begins with lora-.",
        )
    if facts.orphans:
        yield Trouble(
            "orphans",
            Level.WARNING,
            f"{_count(facts.orphans, 'run')} in the last {ORPHANS_COUNTED.days} days that no job "
            "knew of.",
            "The worker ended what it found. See that the engine's own list is empty of them, and "
            "that no other installation uses the same account or folder.",
        )
    for task in facts.tasks:
        if task.error:
            yield Trouble(
                "task-failed",
                Level.WARNING,
                f"The periodic task {task.name} failed: {task.error}",
                "It is tried again by itself. If the reason is a key or an address, set it right "
                "and restart.",
            )
        elif facts.workers_seen and facts.age(task.due_at) > TASK_OVERDUE:
            yield Trouble(
                "task-overdue",
                Level.WARNING,
                f"The periodic task {task.name} is overdue.",
                "Restart the workers, so that all of them are of this version.",
            )


def _of_surroundings(facts: Facts) -> Iterator[Trouble]:
    """Database, mail, disk and backups."""
    if not facts.database.up_to_date:
        yield Trouble(
            "schema",
            Level.ERROR,
            f"The database's schema is {facts.database.revision}, this version needs "
            f"{facts.database.newest_revision}.",
            "Restart the app: it migrates when it starts. If the schema is the newer one, an app "
            "of an older version still runs here.",
        )
    if facts.outbox.failed:
        yield Trouble(
            "mail-failed",
            Level.WARNING,
            f"{_count(facts.outbox.failed, 'message')} refused for good.",
            "The Outbox page says why, and sends them again.",
        )
    if facts.outbox.waiting and facts.age(facts.outbox.oldest_waiting_at) > MAIL_WAITS:
        yield Trouble(
            "mail-waits",
            Level.WARNING,
            f"{_count(facts.outbox.waiting, 'message')} waiting to be sent, the oldest for more "
            f"than {_minutes(MAIL_WAITS)} minutes.",
            "The Outbox page has the server's last answer; check SMTP_URL and CHAT_URL.",
        )
    if facts.storage.is_low:
        yield Trouble(
            "disk",
            Level.ERROR,
            "The disk that holds the data folder is nearly full.",
            "Free some space or enlarge the disk: delete unused files, and the folders of old runs "
            "whose adapters are kept elsewhere.",
        )
    if facts.backup is not None and facts.backup.error:
        yield Trouble(
            "backup-failed",
            Level.ERROR,
            f"The last backup failed: {facts.backup.error}",
            "Set right what it says, then run make backup.",
        )
    elif facts.backup is None or facts.backup.made_at is None:
        yield Trouble(
            "no-backup",
            Level.WARNING,
            "No backup has been made.",
            "Run make backup, and have it run every day with a folder on another machine.",
        )
    elif facts.age(facts.backup.made_at) > BACKUP_OLD:
        yield Trouble(
            "backup-old",
            Level.WARNING,
            f"The last backup is older than {BACKUP_OLD.days} days.",
            "See why the daily backup does not run; make backup makes one now.",
        )


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}" + ("" if number == 1 else "s")


def _minutes(span: timedelta) -> int:
    return int(span.total_seconds() // 60)
