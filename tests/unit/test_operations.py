"""What counts as a trouble, and that each says what to do."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from lib.domain.callbacks import CallbackFacts, CallbackFault
from lib.domain.operations import (
    BackupFacts,
    DatabaseFacts,
    EngineFacts,
    Facts,
    OutboxFacts,
    QueueFacts,
    StorageFacts,
    TaskFacts,
    WorkerFacts,
)
from lib.domain.rented_account import Account, Rented
from lib.domain.troubles import Level, troubles

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GB = 1024**3
DOCUMENTED = Path(__file__).parents[2] / "docs" / "operations.md"


def ago(**span: float) -> datetime:
    return NOW - timedelta(**span)


WELL = Facts(
    now=NOW,
    database=DatabaseFacts(True, "18.0", 10_000_000, "0010", "0010"),
    workers=[WorkerFacts("desk", 1, ago(hours=1), ago(seconds=3))],
    queue=QueueFacts({}, None, 0, 0, None),
    engines=[EngineFacts("local", 1, 1, 1, 1, ago(hours=3))],
    orphans=0,
    last_orphan_at=None,
    not_ended=0,
    callbacks=CallbackFacts({CallbackFault.ENDED: 3, CallbackFault.UNKNOWN: 5}, NOW),
    tasks=[TaskFacts("rates", NOW, ago(hours=1), None)],
    outbox=OutboxFacts(0, 0, 3, None),
    storage=StorageFacts(1, 1000, 50 * GB, 100 * GB),
    backup=BackupFacts(ago(hours=5), None, ago(hours=5), "/backups/1", 1000),
)
SHORT = Account(NOW, Decimal("9.56"), Decimal("2.39"), (), Decimal("5.00"))  # for four hours
WRONG: dict[str, dict[str, Any]] = {
    "no-worker": {"workers": [WorkerFacts("desk", 1, ago(hours=1), ago(seconds=16))]},
    "waits-in-vain": {"engines": [EngineFacts("local", 1, 0, 0, 1, ago(minutes=3))]},
    "in-doubt": {"queue": QueueFacts({}, None, 0, 1, ago(minutes=3))},
    "run-not-ended": {"not_ended": 1},
    "orphans": {"orphans": 1, "last_orphan_at": ago(days=1)},
    "callbacks-refused": {"callbacks": CallbackFacts({CallbackFault.SIGNATURE: 2}, NOW)},
    "task-failed": {"tasks": [TaskFacts("rates", NOW, NOW, "HTTP 401")]},
    "task-overdue": {"tasks": [TaskFacts("rates", ago(hours=2), None, None)]},
    "schema": {"database": DatabaseFacts(True, "18.0", 1, "0009", "0010")},
    "mail-failed": {"outbox": OutboxFacts(0, 2, 0, None)},
    "mail-waits": {"outbox": OutboxFacts(1, 0, 0, ago(minutes=16))},
    "disk": {"storage": StorageFacts(1, 1, GB, 100 * GB)},
    "low-balance": {"rented": Rented("desk-1", None, SHORT)},
    "no-backup": {"backup": None},
    "backup-failed": {"backup": BackupFacts(NOW, "disk full", ago(hours=5), "/backups/1", 1)},
    "backup-old": {"backup": BackupFacts(ago(days=3), None, ago(days=3), "/backups/1", 1)},
}


def test_an_installation_that_is_well_has_no_trouble() -> None:
    assert troubles(WELL) == ()


@pytest.mark.parametrize("key", WRONG)
def test_each_trouble_is_found_by_itself_and_says_what_to_do(key: str) -> None:
    (found,) = troubles(replace(WELL, **WRONG[key]))
    assert found.key == key
    assert found.what.endswith((".", "401", "full")) and len(found.do) > 20


@pytest.mark.parametrize("key", WRONG)
def test_the_documentation_explains_each_trouble(key: str) -> None:
    assert f"| `{key}` |" in DOCUMENTED.read_text("utf-8")


def test_the_worst_comes_first() -> None:
    levels = [one.level for one in troubles(replace(WELL, **WRONG["orphans"], **WRONG["disk"]))]
    assert levels == [Level.ERROR, Level.WARNING]


def test_without_a_worker_what_follows_from_it_is_not_told_twice() -> None:
    everything = WRONG["no-worker"] | WRONG["waits-in-vain"] | WRONG["task-overdue"]
    assert [one.key for one in troubles(replace(WELL, **everything))] == ["no-worker"]


@pytest.mark.parametrize(
    "engine",
    [
        EngineFacts("local", 1, 1, 1, 5, ago(days=1)),  # it is full
        EngineFacts("local", 2, 1, 1, 1, ago(minutes=1)),  # it is about to start
        EngineFacts("runpod", None, 9, 9, 0),
    ],
)
def test_waiting_for_a_place_is_no_trouble(engine: EngineFacts) -> None:
    assert troubles(replace(WELL, engines=[engine])) == ()


def test_a_first_backup_that_failed_is_told_as_that() -> None:
    failed = BackupFacts(NOW, "no pg_dump", None, "", 0)
    assert [one.key for one in troubles(replace(WELL, backup=failed))] == ["backup-failed"]
