"""What an approver looks at, and the letter that brings it to them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import Connection, Row

from lib.db import budgets, files, jobs
from lib.domain.draft import Draft
from lib.domain.letters import Letter
from lib.domain.requests import Action, Figures, asks
from lib.domain.states import JobStatus
from lib.notify import signed_links
from lib.notify.signed_links import Claims
from lib.services import installation, mail, notifications
from lib.services.assessment import assess_within
from lib.services.budgets import this_month

_KEY = "approval_key"


@dataclass(frozen=True)
class RequestView:
    """A request with its figures as they are now, for whoever is to decide it."""

    request: Row
    figures: Figures
    may_decide: bool


def figures_of(connection: Connection, request: Row) -> Figures:
    """The requester's month as it stands; the job's cost while it is a draft with a price."""
    return Figures(
        requester=request.requester_name,
        budget=budgets.snapshot(connection, request.user_id, this_month()),
        current_limit=request.current_limit,
        new_limit=request.new_limit,
        month=request.effective_month,
        job_name=request.job_name,
        job_cost=_cost_of_draft(connection, request),
    )


def _cost_of_draft(connection: Connection, request: Row) -> Decimal | None:
    job = jobs.by_id(connection, request.job_id) if request.job_id else None
    if job is None or job.status != JobStatus.PENDING_CONFIGURATION:
        return None
    file = files.by_id(connection, job.training_file_id)
    assert file is not None
    draft = Draft.from_dict(job.draft)
    estimate = assess_within(connection, job.created_by, draft, file, ask=False).estimate
    return estimate.cost_max if estimate else None


def ask_approver(connection: Connection, request: Row, approver: Row, occasion: str = "") -> None:
    """The letter with the two signed links, and the bell."""
    letter = _letter(connection, request, approver, occasion)
    notifications.request_asked(connection, request, approver, letter, occasion)


def _letter(connection: Connection, request: Row, approver: Row, occasion: str) -> Letter:
    key = signing_key(connection)
    links = {
        action: mail.link(
            "/approvals/"
            + signed_links.sign(key, Claims(request.id, approver.id, action, request.expires_at))
        )
        for action in Action
    }
    return asks(
        figures_of(connection, request),
        request.justification,
        request.expires_at.astimezone(UTC),
        links,
        occasion,
    )


def signing_key(connection: Connection) -> bytes:
    """The key of this installation's links, made once; another one than the cookies'."""
    return installation.signing_key(connection, _KEY)


def read_link(connection: Connection, token: str) -> Claims:
    """What a link says. Raises BadLink, LinkExpired."""
    return signed_links.read(signing_key(connection), token, datetime.now(UTC))
