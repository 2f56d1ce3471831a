"""What is wrong with an installation, and what to do about it.

docs/operations.md explains each trouble at more length, under the same key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from lib.domain.callbacks import CALLBACKS_COUNTED
from lib.domain.operations import ORPHANS_COUNTED, Facts

WAITS_IN_VAIN = timedelta(minutes=2)  # although the engine has a place
DOUBT_LASTS = timedelta(minutes=2)
TASK_OVERDUE = timedelta(hours=1)
MAIL_WAITS = timedelta(minutes=15)
BACKUP_OLD = timedelta(days=2)


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
    if facts.not_ended:
        yield Trouble(
            "run-not-ended",
            Level.ERROR,
            f"{_count(facts.not_ended, 'run')} that cannot be ended and may go on costing money.",
            "The worker asks for it again and again. Look for lora- in the engine's own console, "
            "and end there what is still running.",
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
    if facts.callbacks.suspicious:
        yield Trouble(
            "callbacks-refused",
            Level.WARNING,
            f"{_count(facts.callbacks.suspicious, 'callback')} of runs refused in the last "
            f"{CALLBACKS_COUNTED.days} days.",
            "Nothing was changed by them. See that this machine's clock is right and that no "
            "proxy changes what it passes on; otherwise somebody tries to speak for a run.",
        )
    account = facts.rented.account if facts.rented else None
    if account is not None and (shortage := account.shortage):
        yield Trouble(
            "low-balance",
            Level.WARNING,
            shortage,
            "Top it up in RunPod's console: at nothing left RunPod ends all pods, and what they "
            "have not stored by then is lost.",
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
