"""Brings what is there to what should be there, job by job, again and again.

Nothing is remembered that matters: every tick starts from the rows, so a worker may be killed at
any moment, and several may run side by side.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import Connection

from lib.db import leasing, work
from lib.db.connection import DatabaseUnavailable, reading, transaction
from lib.db.tables import training_jobs
from lib.engines import engines
from lib.engines.errors import ProviderProblem
from lib.worker import concluding, following, launching, leases, orphans
from lib.worker.leases import JobLease, LeaseLost
from lib.worker.wording import describe

SWEEP_EVERY, SWEEP_AGAIN = timedelta(seconds=30), timedelta(seconds=1)
RETRY = timedelta(seconds=5)  # after an error that nobody foresaw

log = logging.getLogger(__name__)


class Reconciler:
    """One worker's view of all jobs; its fields only hold times, and losing them loses nothing.

    `clock` times runs and pauses; `retry` is how long a job rests after an error nobody foresaw.
    """

    def __init__(
        self, clock: Callable[[], datetime] = leases.utc_now, retry: timedelta = RETRY
    ) -> None:
        self._clock, self._retry = clock, retry
        self._missed: dict[UUID, datetime] = {}
        self._next_sweep = clock()

    def tick(self) -> bool:
        """Looks once at every active job that nobody else holds; False where there is none."""
        if self._clock() >= self._next_sweep:
            self._sweep_all()
        with reading() as connection:
            free = work.free_jobs(connection)
        looked, done = False, None
        for job_id in free:
            lease = take(job_id, self._clock, done)
            done = None if lease is None else self._handle(lease)
            looked = looked or lease is not None
        if done is not None:
            with transaction() as connection:
                done.give_back(connection)
        return looked

    def _sweep_all(self) -> None:
        """Sweeps every engine; soon again where a run is still ending."""
        self._next_sweep = self._clock() + SWEEP_EVERY
        for engine in engines():
            try:
                if not orphans.sweep(engine, self._clock()):
                    self._next_sweep = self._clock() + SWEEP_AGAIN
            except DatabaseUnavailable:
                raise
            except Exception as error:  # noqa: BLE001  an engine that is away is asked again later
                log.warning("sweep of %s: %s", engine.name, describe(error))

    def _handle(self, lease: JobLease) -> "Done":
        pause = timedelta()
        try:
            with lease.keeping():
                self._step(lease)
        except LeaseLost:
            log.warning("job %s: another worker took it over", lease.job.id)
        except DatabaseUnavailable:
            raise
        except ProviderProblem as problem:  # it is asked again
            log.warning("job %s: %s", lease.job.id, describe(problem))
            pause = self._retry
        except Exception as error:  # noqa: BLE001  one job's trouble must not stop the others
            log.error("job %s: %s", lease.job.id, describe(error))
            pause = self._retry
        return Done(lease, pause)

    def _step(self, lease: JobLease) -> None:
        attempt = lease.live_attempt
        if attempt is not None and attempt.external_id is None:
            launching.resolve_doubt(lease, attempt, self._missed)
        elif attempt is not None and attempt.verdict is not None:
            concluding.conclude(lease, attempt)
        elif lease.job.cancel_requested_at is not None:
            concluding.cancel(lease)
        elif attempt is not None:
            following.follow(lease, attempt)
        else:  # waiting for its turn, for the next attempt, or for a free machine
            launching.launch(lease)


@dataclass(frozen=True)
class Done:
    """A job that has been looked at, and may be looked at again after a pause."""

    lease: JobLease
    pause: timedelta

    def give_back(self, connection: Connection) -> None:
        job_id, token = self.lease.job.id, self.lease.token
        leasing.release(connection, training_jobs.c.id, job_id, token, self.pause)


def take(
    job_id: UUID, clock: Callable[[], datetime] = leases.utc_now, done: Done | None = None
) -> JobLease | None:
    """Leases the job if it is active and free, and gives back the one that was done before it.

    Both at once, since most looks at a job see nothing new, and would only give back and take.
    """
    token = uuid4()
    with transaction() as connection:
        leasing.only_leases(connection)
        leasing.no_longer_than(connection, leases.LEASE)
        if done is not None:
            done.give_back(connection)
        job = work.lease_job(connection, job_id, token, leases.LEASE)
        if job is None:
            return None
        return JobLease(token, job, work.newest_attempt(connection, job.id), clock)
