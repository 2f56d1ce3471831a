"""Mail and chat: letters that use cases put into the outbox, and the outbox for its readers."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Connection, Row

from lib.db import outbox
from lib.db.connection import reading, transaction
from lib.domain.letters import Letter
from lib.domain.people import Person, Role
from lib.notify import compose
from lib.services.errors import NotAllowed, NotFound, Refusal
from lib.settings import settings

SENDS_FOR = timedelta(days=5)  # older mail tells no news; the usual patience of mail servers
LISTED = 200
CHAT_NAME = "the team's chat"  # its address may hold a password


class Channel(StrEnum):
    """Which way a mail goes out."""

    MAIL = "mail"
    CHAT = "chat"


class MailState(StrEnum):
    """Where a mail is. `KEPT`: its channel is not connected, it is read in the outbox alone."""

    SENT = "sent"
    FAILED = "failed"
    RETRYING = "retrying"
    WAITING = "waiting"
    KEPT = "kept"


@dataclass(frozen=True)
class OutboxMail:
    """A mail with its state; `row` has no bodies where it comes from the list."""

    row: Row
    state: MailState


def link(path: str) -> str:
    """The public address of a path of the app such as `/approvals`."""
    return f"{settings().public_url}{path}"


def post(connection: Connection, recipient: Row, letter: Letter) -> UUID:
    """Puts a letter to a user into the outbox, in the transaction of what it tells."""
    return outbox.add(
        connection,
        **_written(letter),
        recipient_id=recipient.id,
        to_address=recipient.email,
        body_text=compose.as_text(letter, settings().company_name),
    )


def post_to_chat(connection: Connection, letter: Letter, text: str) -> UUID:
    """Puts a text for the team's chat into the outbox; the letter is how the outbox shows it."""
    return outbox.add(
        connection,
        **_written(letter),
        channel=Channel.CHAT,
        to_address=CHAT_NAME,
        body_text=text,
    )


def _written(letter: Letter) -> dict[str, Any]:
    domain = settings().mail_from.rpartition("@")[2]
    return {
        "message_id": f"<{uuid4()}@{domain}>",
        "kind": letter.kind,
        "subject": compose.one_line(letter.subject),
        "body_html": compose.as_html(letter, settings().company_name),
    }


def connected() -> frozenset[Channel]:
    """The channels that this installation can send by."""
    addresses = {Channel.MAIL: settings().smtp_url, Channel.CHAT: settings().chat_url}
    return frozenset(channel for channel, address in addresses.items() if address is not None)


def listing(actor: Person) -> list[OutboxMail]:
    """The newest mails, for admins and the owner. Raises NotAllowed."""
    _check(actor)
    with reading() as connection:
        return [OutboxMail(row, _state(row)) for row in outbox.newest(connection, LISTED)]


def read(actor: Person, mail_id: UUID) -> OutboxMail:
    """One mail with its bodies. Raises NotAllowed, NotFound."""
    _check(actor)
    with reading() as connection:
        row = outbox.by_id(connection, mail_id)
    if row is None:
        raise NotFound("There is no such mail.")
    return OutboxMail(row, _state(row))


def try_again(actor: Person, mail_id: UUID) -> None:
    """Sends a mail that was given up. Raises NotAllowed, Refusal where there is nothing to do."""
    _check(actor)
    with transaction() as connection:
        if not outbox.try_again(connection, mail_id):
            raise Refusal("Only a mail that failed can be sent again.")


def may_read(actor: Person) -> bool:
    """Whether the outbox, with everybody's mail, is theirs to read."""
    return actor.role in (Role.ADMIN, Role.OWNER)


def _check(actor: Person) -> None:
    if not may_read(actor):
        raise NotAllowed("Only an admin or the owner reads the outbox: it holds everybody's mail.")


def _state(row: Row) -> MailState:
    if row.sent_at is not None:
        return MailState.SENT
    if row.failed_at is not None:
        return MailState.FAILED
    if Channel(row.channel) not in connected():
        return MailState.KEPT
    return MailState.RETRYING if row.error else MailState.WAITING
