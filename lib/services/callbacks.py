"""What a rented run calls back: a hint that there is something to look at, and never more.

Whatever it says, the worker looks for itself. So a message that was replayed, reordered or doubled
changes nothing, and its content is not even read.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Row

from lib.db import activity, run_results
from lib.db.connection import transaction
from lib.db.system_status import CALLBACK_REFUSED
from lib.domain.callbacks import CallbackFault
from lib.engines.names import parse_run_name
from lib.notify import webhooks
from lib.services import run_access

MOST_BYTES = 64 * 1024
RECORDED_EVERY = timedelta(hours=1)
UNKNOWN = "unknown"  # is recorded in the place of a name that anybody may have made up


class CallbackRefused(Exception):
    """The message was not taken; nothing but the refusal was recorded."""

    def __init__(self, fault: CallbackFault) -> None:
        super().__init__(fault)
        self.fault = fault


def receive(run: str, message_id: str, timestamp: str, signatures: str, body: bytes) -> None:
    """Takes a message of a live run that the run has signed. Raises CallbackRefused.

    The three texts are the headers of Standard Webhooks, empty where there is none.
    """
    with transaction() as connection:
        attempt = _attempt(connection, run)
        fault: CallbackFault | None = CallbackFault.UNKNOWN
        if attempt is not None:
            secret = run_access.callback_secret(connection, run)
            fault = _fault(secret, message_id, timestamp, signatures, body)
            if fault is None and not run_results.hint(connection, attempt.id):
                fault = CallbackFault.ENDED
        if fault is None:
            return
        _record(connection, run, fault)
    raise CallbackRefused(fault)


def refuse_too_large(run: str) -> None:
    """Notes that a message was longer than MOST_BYTES; it was not read. Raises CallbackRefused."""
    with transaction() as connection:
        known = _attempt(connection, run) is not None
        fault = CallbackFault.TOO_LARGE if known else CallbackFault.UNKNOWN
        _record(connection, run, fault)
    raise CallbackRefused(fault)


def _attempt(connection: Connection, run: str) -> Row | None:
    """The attempt of that name; no text that cannot be one gets as far as the database."""
    return run_results.attempt(connection, run) if parse_run_name(run) else None


def _fault(
    secret: str, message_id: str, timestamp: str, signatures: str, body: bytes
) -> CallbackFault | None:
    try:
        webhooks.verify(secret.encode(), message_id, timestamp, signatures, body, datetime.now(UTC))
    except webhooks.BadForm:
        return CallbackFault.FORM
    except webhooks.BadSignature:
        return CallbackFault.SIGNATURE
    except webhooks.TooOld:
        return CallbackFault.OLD
    return None


def _record(connection: Connection, run: str, fault: CallbackFault) -> None:
    """One row an hour for a run and a fault, however many messages there are."""
    activity.record_now_and_then(
        connection,
        CALLBACK_REFUSED,
        UNKNOWN if fault is CallbackFault.UNKNOWN else run,
        {"fault": fault},
        RECORDED_EVERY,
    )
