"""Job states for people: their titles, and the coloured pill."""

from collections.abc import Mapping
from types import MappingProxyType

from lib.domain.states import JobStatus

TITLES: Mapping[JobStatus, str] = MappingProxyType(
    {
        JobStatus.PENDING_CONFIGURATION: "Draft",
        JobStatus.QUEUED: "Queued",
        JobStatus.PROVISIONING: "Provisioning",
        JobStatus.STARTING: "Starting",
        JobStatus.RUNNING: "Running",
        JobStatus.RECOVERING: "Recovering",
        JobStatus.COMPLETED: "Completed",
        JobStatus.FAILED: "Failed",
        JobStatus.CANCELLED: "Cancelled",
    }
)

#: What a state means for the reader: style.css and the tables colour by it.
TONES: Mapping[JobStatus, str] = MappingProxyType(
    {
        JobStatus.PENDING_CONFIGURATION: "quiet",
        JobStatus.QUEUED: "busy",
        JobStatus.PROVISIONING: "busy",
        JobStatus.STARTING: "busy",
        JobStatus.RUNNING: "busy",
        JobStatus.RECOVERING: "warn",
        JobStatus.COMPLETED: "good",
        JobStatus.FAILED: "bad",
        JobStatus.CANCELLED: "quiet",
    }
)


def pill(status: JobStatus) -> str:
    """The state as a pill, in HTML."""
    return f'<span class="pill {TONES[status]}">{TITLES[status]}</span>'
