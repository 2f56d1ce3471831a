"""A waiting job's place in the queue of its engine, and when it may be expected to start."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Row

from lib import engines
from lib.db import jobs, queue
from lib.db.connection import reading
from lib.domain.people import Person
from lib.domain.queue_place import Ahead, seconds_until_start
from lib.domain.states import JobStatus
from lib.engines.errors import UnknownEngine
from lib.services.visibility import visible


@dataclass(frozen=True)
class QueuePlace:
    """Where a job waits; `expected_at` is None where what comes before it has no known end."""

    place: int
    running: int
    places: int | None
    expected_at: datetime | None


def place(actor: Person, job_id: UUID) -> QueuePlace | None:
    """The place of a queued job, None for one that does not wait. Raises NotFound."""
    with reading() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        if job.status != JobStatus.QUEUED:
            return None
        rows = queue.ahead_of(connection, job)
    now = datetime.now(UTC)
    ahead = Ahead(
        places=_places(job.engine),
        running=[_remaining(row, now) for row in rows if row.status != JobStatus.QUEUED],
        waiting=[_estimated(row) for row in rows if row.status == JobStatus.QUEUED],
    )
    seconds = seconds_until_start(ahead)
    return QueuePlace(
        place=ahead.place,
        running=len(ahead.running),
        places=ahead.places,
        expected_at=None if seconds is None else now + timedelta(seconds=seconds),
    )


def _places(engine: str) -> int | None:
    try:
        return engines.engine(engine).capacity()
    except UnknownEngine:  # of an installation with other settings: its worker knows
        return None


def _estimated(row: Row) -> float | None:
    hours = row.estimated_duration_hours
    return None if hours is None else float(hours) * 3600


def _remaining(row: Row, now: datetime) -> float | None:
    """What the run said at its last step, before any step its estimate; less what has passed."""
    said = row.progress.get("eta_seconds")
    if row.status == JobStatus.RUNNING and said is not None and row.last_step_at is not None:
        return max(0.0, said - (now - row.last_step_at).total_seconds())
    estimated = _estimated(row)
    if estimated is None or row.started_at is None:
        return estimated
    return max(0.0, estimated - (now - row.started_at).total_seconds())
