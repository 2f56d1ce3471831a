"""Commands about budget requests and mail: requests list|ask|approve|deny|withdraw, outbox."""

import argparse
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from lib.cli.lookups import as_id, person_at
from lib.cli.output import Output, record, table, visible
from lib.db.connection import migrate
from lib.domain.money import usd
from lib.domain.requests import Action, Effective
from lib.services import accounts, mail, request_views, requests
from lib.services.mail import OutboxMail

_FIELDS = (
    *("id", "status", "requester_email", "approver_name", "job_id", "effective_month"),
    *("current_limit", "new_limit", "justification", "created_at", "expires_at"),
    *("decided_at", "decider_name", "reason"),
)
_MAIL_FIELDS = (
    *("id", "message_id", "kind", "to_address", "subject", "created_at", "due_at"),
    *("attempts", "sent_at", "failed_at", "error"),
)


def list_requests(_options: argparse.Namespace) -> Output:
    """Everybody's requests, pending ones first."""
    migrate()
    found = request_views.all_requests(accounts.operator())
    rows = [
        (
            request.id,
            request.status,
            request.requester_email,
            usd(request.current_limit),
            usd(request.new_limit),
            f"{request.effective_month:%Y-%m}",
            request.approver_name,
        )
        for request in found
    ]
    headings = ("REQUEST", "STATUS", "REQUESTER", "LIMIT", "NEW LIMIT", "FROM", "APPROVER")
    return Output([_data(request) for request in found], table(headings, rows, "No requests."))


def ask(options: argparse.Namespace) -> Output:
    """Asks for a higher limit on behalf of a user, whose approver gets a mail."""
    migrate()
    actor = person_at(options.user)
    request_id = requests.ask(
        actor,
        new_limit=options.limit,
        justification=options.justification,
        from_month=Effective(options.month),
        job_id=as_id(options.job, "--job") if options.job else None,
    )
    return _shown(request_id)


def approve(options: argparse.Namespace) -> Output:
    """Approves a request as the owner."""
    return _decide(options, Action.APPROVE)


def deny(options: argparse.Namespace) -> Output:
    """Denies a request as the owner."""
    return _decide(options, Action.DENY)


def withdraw(options: argparse.Namespace) -> Output:
    """Takes a pending request back, as the one who asked."""
    migrate()
    request_id = as_id(options.id, "request")
    view = request_views.one(accounts.operator(), request_id)
    requests.withdraw(person_at(view.request.requester_email), request_id)
    return _shown(request_id)


def _decide(options: argparse.Namespace, action: Action) -> Output:
    migrate()
    request_id = as_id(options.id, "request")
    requests.decide(accounts.operator(), request_id, action, options.reason)
    return _shown(request_id)


def _shown(request_id: UUID) -> Output:
    view = request_views.one(accounts.operator(), request_id)
    request = view.request
    text = record(
        {
            "request": request.id,
            "status": request.status,
            "requester": f"{request.requester_name} ({request.requester_email})",
            "approver": request.approver_name,
            **dict(view.figures.facts),
            "justification": request.justification,
            "reason": request.reason,
        }
    )
    return Output({**_data(request), "projected_spend": view.figures.projected}, text)


def _data(request: Row) -> dict[str, Any]:
    return {name: getattr(request, name) for name in _FIELDS}


def list_mail(_options: argparse.Namespace) -> Output:
    """The newest mails, and where each of them is."""
    migrate()
    found = mail.listing(accounts.operator())
    rows = [
        (one.row.id, one.state, one.row.to_address, one.row.subject, one.row.error) for one in found
    ]
    headings = ("MAIL", "STATE", "TO", "SUBJECT", "TROUBLE")
    return Output([_mail(one) for one in found], table(headings, rows, "No mail."))


def show_mail(options: argparse.Namespace) -> Output:
    """One mail, as text; its HTML is in the JSON."""
    migrate()
    found = mail.read(accounts.operator(), as_id(options.id, "mail"))
    row = found.row
    head = record(
        {
            "state": found.state,
            "to": row.to_address,
            "subject": row.subject,
            "written": row.created_at,
            "trouble": row.error,
        }
    )
    bodies = {"body_text": row.body_text, "body_html": row.body_html}
    body = "\n".join(visible(line) for line in row.body_text.splitlines())
    return Output({**_mail(found), **bodies}, f"{head}\n\n{body}")


def _mail(one: OutboxMail) -> dict[str, Any]:
    return {"state": one.state, **{name: getattr(one.row, name) for name in _MAIL_FIELDS}}
