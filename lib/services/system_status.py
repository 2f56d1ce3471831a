"""How the installation is doing, for admins, the owner and /metrics (FR1.3.2)."""

import shutil
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Row

from lib import engines
from lib.db import system_status
from lib.db.connection import newest_revision, reading, revision
from lib.domain.callbacks import CALLBACKS_COUNTED, CallbackFacts, CallbackFault
from lib.domain.operations import (
    ENDS_WITHIN,
    ORPHANS_COUNTED,
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
from lib.domain.people import ADMINISTERING, Person
from lib.domain.states import JobStatus
from lib.services import rented_account
from lib.services.errors import NotAllowed
from lib.services.mail import connected
from lib.settings import settings

FAILURES_SHOWN = timedelta(days=7)


def read(actor: Person) -> Facts:
    """Everything for the status page. Raises NotAllowed."""
    if not may_read(actor):
        raise NotAllowed("Only an admin or the owner sees how the installation is doing.")
    return facts()


def may_read(actor: Person) -> bool:
    """Whether the status page is theirs."""
    return actor.role in ADMINISTERING


def facts() -> Facts:
    """The installation now. No names of people are in it, and no money but RunPod's account."""
    with reading() as connection:
        at_work = {row.engine: row for row in system_status.engines(connection)}
        orphans = system_status.orphans(connection, ORPHANS_COUNTED)
        return Facts(
            now=system_status.now(connection),
            database=_database(connection),
            workers=[
                WorkerFacts(row.host, row.pid, row.started_at, row.seen_at)
                for row in system_status.seen_workers(connection)
            ],
            queue=_queue(connection, at_work),
            engines=_engines(connection, at_work),
            orphans=orphans.number,
            last_orphan_at=orphans.last,
            not_ended=system_status.not_ended(connection, ENDS_WITHIN),
            callbacks=_callbacks(connection),
            tasks=[
                TaskFacts(row.name, row.due_at, row.finished_at, row.error)
                for row in system_status.tasks(connection)
            ],
            outbox=_outbox(connection),
            storage=_storage(connection),
            backup=_backup(connection),
            rented=rented_account.rented(connection),
        )


def _database(connection: Connection) -> DatabaseFacts:
    version, size = system_status.server(connection)
    return DatabaseFacts(
        embedded=settings().database_url is None,
        version=version,
        size_bytes=size,
        revision=revision(connection),
        newest_revision=newest_revision(),
    )


def _queue(connection: Connection, at_work: Mapping[str, Row]) -> QueueFacts:
    doubts = system_status.doubts(connection)
    by_state = {str(state): 0 for state in JobStatus} | system_status.jobs_by_state(connection)
    waiting = [row.oldest_waiting_at for row in at_work.values() if row.waiting]
    return QueueFacts(
        by_state=by_state,
        oldest_waiting_at=min(waiting, default=None),
        leased=system_status.leased_jobs(connection),
        in_doubt=doubts.number,
        oldest_doubt_at=doubts.oldest,
    )


def _engines(connection: Connection, at_work: Mapping[str, Row]) -> list[EngineFacts]:
    """Those of this installation, and others that still have jobs."""
    capacities = {engine.name: engine.capacity() for engine in engines.engines()}
    failures = {row.engine: row for row in system_status.last_failures(connection, FAILURES_SHOWN)}
    return [
        _engine(name, capacities.get(name), at_work, failures.get(name))
        for name in dict.fromkeys((*capacities, *at_work))
    ]


def _engine(
    name: str, capacity: int | None, at_work: Mapping[str, Row], failure: Row | None
) -> EngineFacts:
    row = at_work.get(name)
    return EngineFacts(
        name=name,
        capacity=capacity,
        on_engine=row.on_engine if row else 0,
        runs=row.runs if row else 0,
        waiting=row.waiting if row else 0,
        oldest_waiting_at=row.oldest_waiting_at if row else None,
        last_failure=failure.failure_message if failure else None,
        last_failure_at=failure.ended_at if failure else None,
    )


def _callbacks(connection: Connection) -> CallbackFacts:
    rows = system_status.callbacks_refused(connection, CALLBACKS_COUNTED)
    return CallbackFacts(
        by_fault={CallbackFault(row.fault): row.number for row in rows},
        last_at=max((row.last for row in rows), default=None),
    )


def _outbox(connection: Connection) -> OutboxFacts:
    row = system_status.mail(connection, connected())
    return OutboxFacts(row.waiting, row.failed, row.kept, row.oldest_waiting_at)


def _storage(connection: Connection) -> StorageFacts:
    count, size = system_status.stored_files(connection)
    disk = shutil.disk_usage(_existing(settings().data_path))
    return StorageFacts(count, size, disk.free, disk.total)


def _existing(folder: Path) -> Path:
    """The folder, or the nearest one above: with a served database it is made when needed."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _backup(connection: Connection) -> BackupFacts | None:
    tried, made = system_status.backups(connection)
    if tried is None:
        return None
    return BackupFacts(
        tried_at=tried.at,
        error=None if tried.succeeded else str(tried.details.get("error", "unknown")),
        made_at=made.at if made else None,
        folder=str(made.details["folder"]) if made else "",
        size_bytes=int(made.details["bytes"]) if made else 0,
    )
