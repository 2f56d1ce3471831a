"""The worker, seen from the pages: without one, what is queued stays queued."""

from datetime import timedelta

from lib.db import workers
from lib.db.connection import reading

SILENT_AFTER = timedelta(seconds=15)


def is_running() -> bool:
    """Whether any worker has been seen lately."""
    with reading() as connection:
        return workers.any_seen(connection, SILENT_AFTER)
