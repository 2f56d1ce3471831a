"""Requests as people see them: what waits for them, what was decided, what a link leads to."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import requests as queries
from lib.db.connection import reading, transaction
from lib.domain.people import MANAGING, Person
from lib.domain.requests import Action
from lib.services.errors import NotAllowed, NotFound, Refusal
from lib.services.mail import may_read as is_admin
from lib.services.request_figures import RequestView, figures_of
from lib.services.requests import UNKNOWN, check_link, check_may_decide

LISTED = 100


@dataclass(frozen=True)
class OpenedLink:
    """What the link of a mail leads to."""

    view: RequestView
    action: Action


def waiting(actor: Person) -> list[RequestView]:
    """What the actor may decide: their own to decide first; for admins and the owner, all."""
    if actor.role not in MANAGING:
        return []
    with reading() as connection:
        found = queries.pending(connection, None if is_admin(actor) else actor.id)
        mine_first = sorted(found, key=lambda request: request.approver_id != actor.id)
        return [
            _view(connection, actor, request)
            for request in mine_first
            if request.user_id != actor.id
        ]


def own(actor: Person) -> list[Row]:
    """All that the actor has asked for, newest first."""
    with reading() as connection:
        return queries.of_user(connection, actor.id, LISTED)


def pending_of(actor: Person) -> Row | None:
    """What the actor has asked for and waits for."""
    with reading() as connection:
        return queries.pending_of(connection, actor.id)


def decided(actor: Person) -> list[Row]:
    """What has been decided: by or for the actor; for admins and the owner, all. Newest first."""
    if actor.role not in MANAGING:
        return []
    with reading() as connection:
        return queries.decided(connection, None if is_admin(actor) else actor.id, LISTED)


def all_requests(actor: Person) -> list[Row]:
    """Every request, pending ones first. Raises NotAllowed for others than admins and the owner."""
    if not is_admin(actor):
        raise NotAllowed("Only an admin or the owner sees everybody's requests.")
    with reading() as connection:
        return [
            *queries.pending(connection, None),
            *queries.decided(connection, None, LISTED),
        ]


def one(actor: Person, request_id: UUID) -> RequestView:
    """A request of one's own or to decide. Raises NotFound."""
    with reading() as connection:
        return _view(connection, actor, _visible(connection, actor, request_id))


def by_link(actor: Person, token: str) -> OpenedLink:
    """What a signed link leads to; it decides nothing. Raises NotAllowed, NotFound."""
    with transaction() as connection:  # the first one makes the key
        claims = check_link(connection, token, actor.id, None, None)
        request = _visible(connection, actor, claims.request_id)
        return OpenedLink(_view(connection, actor, request), claims.action)


def _visible(connection: Connection, actor: Person, request_id: UUID) -> Row:
    request = queries.by_id(connection, request_id)
    if request is not None:
        involved = (request.user_id, request.approver_id, request.decided_by)
        if actor.id in involved or is_admin(actor):
            return request
    raise NotFound(UNKNOWN)


def _view(connection: Connection, actor: Person, request: Row) -> RequestView:
    try:
        check_may_decide(actor, request)
    except Refusal:
        may_decide = False
    else:
        may_decide = request.status == "pending"
    return RequestView(request, figures_of(connection, request), may_decide)
