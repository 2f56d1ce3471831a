"""A clock for durations and for dates alike."""

import time
from datetime import UTC, datetime, timedelta

_STARTED, _STARTED_MONOTONIC = datetime.now(UTC), time.monotonic()


def steady_now() -> datetime:
    """UTC as it was when this process started, plus the time since: it never jumps."""
    return _STARTED + timedelta(seconds=time.monotonic() - _STARTED_MONOTONIC)
