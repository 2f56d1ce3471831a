"""Leases: who works on a row. What a worker writes counts only while its token is there."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Row

from lib.db import leasing, work
from lib.db.connection import DatabaseUnavailable, transaction
from lib.db.tables import training_jobs

LEASE = timedelta(seconds=30)
log = logging.getLogger(__name__)


def utc_now() -> datetime:
    return datetime.now(UTC)


class LeaseLost(Exception):
    """Another worker has the row by now; nothing was written."""


@dataclass(frozen=True)
class JobLease:
    """A job that this worker holds, as it was read, with its newest attempt.

    `now` is the clock by which runs are timed; the lease itself lives by the database's.
    """

    token: UUID
    job: Row
    attempt: Row | None
    now: Callable[[], datetime] = utc_now

    @property
    def live_attempt(self) -> Row | None:
        return self.attempt if self.attempt is not None and self.attempt.ended_at is None else None

    @contextmanager
    def writing(self) -> Iterator[tuple[Connection, Row]]:
        """A transaction with the job's row locked. Raises LeaseLost before anything is written."""
        with transaction() as connection:
            leasing.no_longer_than(connection, LEASE)
            job = work.held_job(connection, self.job.id, self.token)
            if job is None:
                raise LeaseLost
            yield connection, job

    def is_held(self) -> bool:
        """Whether nobody else has taken the job over; prolongs the lease."""
        with transaction() as connection:
            return leasing.renew(connection, training_jobs.c.id, self.job.id, self.token, LEASE)

    def keeping(self) -> "Keeper":
        return Keeper(training_jobs.c.id, self.job.id, self.token)


class Keeper:
    """Prolongs a lease from a thread of its own for as long as the `with` block takes."""

    def __init__(self, key: Column[Any], value: Any, token: UUID) -> None:
        self._row = key, value, token
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _renew(self) -> None:
        while not self._done.wait(LEASE.total_seconds() / 3):
            try:
                with transaction() as connection:
                    if not leasing.renew(connection, *self._row, LEASE):
                        return
            except DatabaseUnavailable:
                log.warning("a lease could not be prolonged: the database is away")
