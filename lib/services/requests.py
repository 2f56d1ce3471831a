"""Requests for a higher limit (FR1.2.2): ask, withdraw, approve, deny. Each is decided once.

Every change holds the requester's budget row, so that a decision, another decision and a start of
theirs come one after the other.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import budgets, jobs, users
from lib.db import requests as queries
from lib.db.connection import transaction
from lib.domain.audit import ActionType
from lib.domain.letters import Letter
from lib.domain.people import MANAGING, Person, Role
from lib.domain.requests import (
    MOST_WITHDRAWN,
    Action,
    Effective,
    RequestStatus,
    check_justification,
    check_limit,
    check_reason,
    effective,
    is_approved,
    is_denied,
)
from lib.notify.signed_links import BadLink, Claims, LinkExpired
from lib.services import mail, notifications
from lib.services.approvers import approver_of
from lib.services.budgets import this_month
from lib.services.errors import NotAllowed, NotFound, Refusal
from lib.services.request_figures import ask_approver, read_link
from lib.services.visibility import visible
from lib.settings import settings

UNKNOWN = "There is no such request, or it is not yours to see."


def ask(
    actor: Person,
    *,
    new_limit: str,
    justification: str,
    from_month: Effective = Effective.THIS_MONTH,
    job_id: UUID | None = None,
    ip_address: str | None = None,
) -> UUID:
    """Asks for a higher limit of the actor's own and writes to who decides it.

    Raises ValueError naming a bad field, NotFound for a job that is not theirs, Refusal where a
    request is pending, too many were taken back today, or nobody is above the actor.
    """
    reason = check_justification(justification)
    with transaction() as connection:
        budgets.lock(connection, actor.id)
        user = _current(connection, actor)
        waiting = queries.pending_of(connection, actor.id)
        if waiting is not None:
            raise Refusal(
                f"You have asked already, on {_day(waiting.created_at)}. Withdraw that "
                "request to ask for something else."
            )
        month = from_month.month(this_month())
        current = budgets.snapshot(connection, actor.id, month).limit
        limit = check_limit(new_limit, current)
        if queries.withdrawn_today(connection, actor.id) >= MOST_WITHDRAWN:
            raise Refusal(
                f"You have withdrawn {MOST_WITHDRAWN} requests within a day. Ask again tomorrow, "
                "or talk to who decides."
            )
        approver = approver_of(connection, user)
        if job_id is not None:
            visible(actor, jobs.by_id(connection, job_id))
        request_id = queries.add(
            connection,
            user_id=actor.id,
            approver_id=approver.id,
            job_id=job_id,
            effective_month=month,
            current_limit=current,
            new_limit=limit,
            justification=reason,
            expires_at=datetime.now(UTC) + timedelta(days=settings().budget_request_days),
        )
        request = queries.by_id(connection, request_id)
        assert request is not None
        ask_approver(connection, request, approver)
        record(connection, ActionType.INCREASE_REQUESTED, request, actor.id, ip_address)
    return request_id


def withdraw(actor: Person, request_id: UUID, ip_address: str | None = None) -> None:
    """Takes a request of one's own back. Raises NotFound, Refusal once it was decided."""
    with transaction() as connection:
        request = _locked(connection, request_id)
        if request.user_id != actor.id:
            raise NotFound(UNKNOWN)
        _end(connection, request, RequestStatus.WITHDRAWN, actor.id)
        record(connection, ActionType.INCREASE_WITHDRAWN, request, actor.id, ip_address)


def decide(
    actor: Person,
    request_id: UUID,
    action: Action,
    reason: str = "",
    *,
    token: str | None = None,
    ip_address: str | None = None,
) -> None:
    """Approves or denies a request, once, in one transaction with the limit, audit row and mail.

    `token`: of the signed link that led here; its claims must be this request, person and action.
    Raises ValueError for a bad reason, NotFound, NotAllowed, Refusal where it was decided or is
    too late.
    """
    said = check_reason(reason, action)
    with transaction() as connection:
        if token is not None:
            check_link(connection, token, actor.id, request_id, action)
        request = _locked(connection, request_id)
        decider = _current(connection, actor)
        check_may_decide(decider, request)
        if request.status == RequestStatus.PENDING and request.expires_at <= datetime.now(UTC):
            raise Refusal("This request has expired; its requester can ask again.")
        approving = action is Action.APPROVE
        status = RequestStatus.APPROVED if approving else RequestStatus.DENIED
        _end(connection, request, status, decider.id, reason=said or None)
        if approving:
            _approve(connection, request, decider, said, ip_address)
        else:
            _deny(connection, request, decider, said, ip_address)


def _approve(
    connection: Connection, request: Row, decider: Row, reason: str, ip_address: str | None
) -> None:
    # A request for a month that has gone by in the meantime is one for the month that it is now.
    month = max(request.effective_month, this_month())
    before = budgets.snapshot(connection, request.user_id, month)
    if request.new_limit <= before.limit:
        raise Refusal(
            "The limit has been raised in the meantime and is no longer below what was asked for. "
            "Deny this request, or have it withdrawn."
        )
    budgets.set_limit(
        connection,
        user_id=request.user_id,
        month=month,
        limit=request.new_limit,
        grace_percent=before.grace_percent,
        set_by=decider.id,
        approved_by=decider.id,
    )
    when = effective(month, this_month())
    letter = is_approved(request.new_limit, when, reason, decider.name, mail.link("/budget"))
    tell_requester(connection, request, letter)
    details = {"before": before.limit, "month": month.isoformat(), "reason": reason}
    record(connection, ActionType.LIMIT_INCREASED, request, decider.id, ip_address, **details)


def _deny(
    connection: Connection, request: Row, decider: Row, reason: str, ip_address: str | None
) -> None:
    letter = is_denied(request.new_limit, reason, decider.name, mail.link("/approvals"))
    tell_requester(connection, request, letter)
    action = ActionType.INCREASE_DENIED
    record(connection, action, request, decider.id, ip_address, reason=reason)


def link_claims(token: str) -> Claims:
    """What a signed link says, whoever opens it. Raises NotAllowed where it is not good."""
    with transaction() as connection:  # the first one makes the key
        return _claims(connection, token)


def _claims(connection: Connection, token: str) -> Claims:
    try:
        return read_link(connection, token)
    except BadLink:
        raise NotAllowed(
            "This link is not as it was sent: part of it is missing or was changed. Open it from "
            "the mail once more."
        ) from None
    except LinkExpired:
        raise NotAllowed("This link has expired, and with it the request.") from None


def check_link(
    connection: Connection, token: str, reader: UUID, request_id: UUID | None, action: Action | None
) -> Claims:
    """What a link says, if it was made for this reader, request and action. Raises NotAllowed."""
    claims = _claims(connection, token)
    if claims.approver_id != reader:
        raise NotAllowed(
            "This link is for somebody else. Sign in as the person to whom the mail was sent."
        )
    if request_id not in (None, claims.request_id) or action not in (None, claims.action):
        raise NotAllowed("This link is for another decision than the one that was pressed.")
    return claims


def check_may_decide(decider: Row | Person, request: Row) -> None:
    """Raises NotFound for who may not see the request, NotAllowed for who may not decide it."""
    if decider.id == request.user_id:
        raise NotAllowed("Nobody decides their own request.")
    above_all = decider.role in (Role.ADMIN, Role.OWNER)
    if not above_all and decider.id != request.approver_id:
        raise NotFound(UNKNOWN)
    if decider.role not in MANAGING:
        raise NotAllowed("Only managers, admins and the owner decide requests.")


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(settings().time_zone):%d %b %Y}"


def _current(connection: Connection, actor: Person) -> Row:
    """The actor as the database knows them now."""
    user = users.by_id(connection, actor.id)
    if user is None:
        raise NotAllowed("This account has been disabled.")
    return user


def _locked(connection: Connection, request_id: UUID) -> Row:
    """The request as it is once the requester's budget row is held."""
    found = queries.by_id(connection, request_id)
    if found is None:
        raise NotFound(UNKNOWN)
    budgets.lock(connection, found.user_id)
    request = queries.by_id(connection, request_id)
    assert request is not None
    return request


def _end(
    connection: Connection,
    request: Row,
    status: RequestStatus,
    actor_id: UUID,
    reason: str | None = None,
) -> None:
    """Decides it. Raises Refusal where that was done before."""
    if not queries.end(
        connection,
        request.id,
        status,
        decided_at=datetime.now(UTC),
        decided_by=actor_id,
        reason=reason,
    ):
        when = f" on {_day(request.decided_at)}" if request.decided_at else ""
        raise Refusal(f"This request has been {request.status}{when} already.")


def record(
    connection: Connection,
    action_type: ActionType,
    request: Row,
    actor_id: UUID,
    ip_address: str | None = None,
    **details: object,
) -> None:
    """A line of the audit log about a request; the amount is the limit that was asked for.

    It comes last in its transaction, as every line of that log does.
    """
    budgets.audit(
        connection,
        action_type,
        user_id=request.user_id,
        actor_id=actor_id,
        job_id=request.job_id,
        amount=request.new_limit,
        justification=request.justification,
        details={"request": str(request.id), "before": request.current_limit, **details},
        ip_address=ip_address,
    )


def tell_requester(connection: Connection, request: Row, letter: Letter) -> None:
    """A letter to who asked, unless they are gone."""
    requester = users.by_id(connection, request.user_id)
    if requester is not None:
        notifications.request_decided(connection, request, requester, letter)
