"""A waiting job's place and expected start, on its page."""

from datetime import UTC, datetime

from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import queue
from lib.services.jobs import JobView
from lib.services.queue import QueuePlace
from lib.ui import wizard
from lib.ui.moments import clock, span


def draw(person: Person, view: JobView) -> None:
    """Two tiles while the job waits, nothing before and after."""
    if view.job.status != JobStatus.QUEUED:
        return
    found = queue.place(person, view.job.id)
    if found is None or found.places is None:
        return
    wizard.facts([_place(found), _start(found, datetime.now(UTC))])


def _place(found: QueuePlace) -> tuple[str, str, str]:
    runs = f"{found.running} {'run' if found.running == 1 else 'runs'} under way"
    return "Place in the queue", str(found.place), f"{runs}, at most {found.places} at once"


def _start(found: QueuePlace, now: datetime) -> tuple[str, str, str]:
    if found.expected_at is None:
        return "Expected start", "not known", "no estimate for a job before it"
    seconds = (found.expected_at - now).total_seconds()
    if seconds < 1:
        return "Expected start", "now", "as soon as a worker takes it"
    return "Expected start", f"≈ {clock(found.expected_at, now)}", f"in about {span(seconds)}"
