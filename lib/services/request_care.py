"""What time does to requests: they expire, are brought to mind once, and find a new approver."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from sqlalchemy import Connection, Row

from lib.db import budgets, users
from lib.db import requests as queries
from lib.db.connection import reading, transaction
from lib.domain.audit import ActionType
from lib.domain.requests import REMIND_AFTER, RequestStatus, is_expired
from lib.services import mail
from lib.services.approvers import approver_of
from lib.services.errors import Refusal
from lib.services.request_figures import ask_approver
from lib.services.requests import record, tell_requester

TASK = "budget requests"


def tend() -> None:
    """The periodic task: each request in a transaction of its own; asked again, it does nothing."""
    now = datetime.now(UTC)
    _each(partial(queries.overdue, now=now), _expire)
    _each(queries.stranded, _escalate)
    _each(partial(queries.to_remind, asked_before=now - REMIND_AFTER), _remind)


def _each(find: Callable[[Connection], list[Row]], act: Callable[[Connection, Row], None]) -> None:
    with reading() as connection:
        found = find(connection)
    for request in found:
        with transaction() as connection:
            budgets.lock(connection, request.user_id)
            held = [one for one in find(connection) if one.id == request.id]
            for still_so in held:
                act(connection, still_so)


def _expire(connection: Connection, request: Row) -> None:
    queries.end(connection, request.id, RequestStatus.EXPIRED, decided_at=datetime.now(UTC))
    days = (request.expires_at - request.created_at).days
    letter = is_expired(request.new_limit, days, mail.link("/budget"))
    tell_requester(connection, request, letter)
    # The log wants somebody who acted: time did, on what the requester had asked for.
    record(connection, ActionType.INCREASE_EXPIRED, request, request.user_id)


def _escalate(connection: Connection, request: Row) -> None:
    """To who decides now; with nobody there it stays, for any admin who comes."""
    user = users.by_id(connection, request.user_id)
    if user is None:
        return
    try:
        approver = approver_of(connection, user)
    except Refusal:
        return
    queries.write(connection, request.id, approver_id=approver.id, reminded_at=datetime.now(UTC))
    gone = request.approver_name or "nobody"
    ask_approver(connection, request, approver, f"In place of {gone}: ")
    record(
        connection,
        ActionType.INCREASE_ESCALATED,
        request,
        request.user_id,
        approver=str(approver.id),
        instead_of=str(request.approver_id),
    )


def _remind(connection: Connection, request: Row) -> None:
    queries.write(connection, request.id, reminded_at=datetime.now(UTC))
    approver = users.by_id(connection, request.approver_id)
    if approver is not None:
        ask_approver(connection, request, approver, "Reminder: ")
