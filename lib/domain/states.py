"""Job states and the one table of what may follow what; the database checks the same table."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class JobStatus(StrEnum):
    PENDING_CONFIGURATION = "pending_configuration"
    QUEUED = "queued"
    PROVISIONING = "provisioning"
    STARTING = "starting"
    RUNNING = "running"
    RECOVERING = "recovering"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class EnrichmentStatus(StrEnum):
    """How far the worker is with a training file's figures."""

    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"


_S = JobStatus
TRANSITIONS: Mapping[JobStatus, frozenset[JobStatus]] = MappingProxyType(
    {
        _S.PENDING_CONFIGURATION: frozenset({_S.QUEUED, _S.CANCELLED}),
        _S.QUEUED: frozenset({_S.PROVISIONING, _S.FAILED, _S.CANCELLED}),
        _S.PROVISIONING: frozenset({_S.STARTING, _S.RECOVERING, _S.FAILED, _S.CANCELLED}),
        _S.STARTING: frozenset({_S.RUNNING, _S.RECOVERING, _S.COMPLETED, _S.FAILED, _S.CANCELLED}),
        _S.RUNNING: frozenset({_S.RECOVERING, _S.COMPLETED, _S.FAILED, _S.CANCELLED}),
        _S.RECOVERING: frozenset({_S.PROVISIONING, _S.FAILED, _S.CANCELLED}),
        _S.COMPLETED: frozenset(),
        _S.FAILED: frozenset(),
        _S.CANCELLED: frozenset(),
    }
)

#: Started and not ended: these hold a reservation in the budget.
ACTIVE = frozenset({_S.QUEUED, _S.PROVISIONING, _S.STARTING, _S.RUNNING, _S.RECOVERING})
TERMINAL = frozenset(status for status, following in TRANSITIONS.items() if not following)


def may_follow(current: JobStatus, following: JobStatus) -> bool:
    """Whether the table allows the step."""
    return following in TRANSITIONS[current]
