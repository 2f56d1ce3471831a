"""From the outbox to mail server and chat: at least once, never inside a transaction."""

import logging
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from threading import Event
from urllib.parse import urlsplit
from uuid import uuid4

from pydantic import SecretStr
from sqlalchemy import Row

from lib.db import outbox
from lib.db.connection import transaction
from lib.db.tables import outbox as table
from lib.notify import chat, compose, smtp
from lib.services.mail import SENDS_FOR, Channel, connected
from lib.settings import settings
from lib.worker.leases import LEASE, Keeper
from lib.worker.wording import describe

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=30), timedelta(hours=2)
log = logging.getLogger(__name__)


def tick(stop: Event) -> bool:
    """Sends the mail that has been due longest; what has no way out stays in the outbox."""
    channels = connected()
    if not channels or stop.is_set():
        return False
    token = uuid4()
    with transaction() as connection:
        mail = outbox.lease_due(connection, token, LEASE, channels)
    if mail is None:
        return False
    problem: Exception | None = None
    try:
        with Keeper(table.c.id, mail.id, token):
            _send(mail)
    except (smtp.TryAgain, smtp.Refused) as error:
        problem = error
    except Exception as error:  # noqa: BLE001  a mail that breaks must not hold up the others
        log.error("mail %s: %s", mail.id, describe(error))
        problem = error
    with transaction() as connection:
        if problem is None:
            kept = outbox.sent(connection, mail.id, token)
        elif isinstance(problem, smtp.Refused):
            kept = outbox.give_up(connection, mail.id, token, str(problem))
        else:
            reason = str(problem) or type(problem).__name__
            kept = outbox.postpone(connection, mail.id, token, pause_after(mail.attempts), reason)
    if not kept:
        log.warning("mail %s: another worker has taken it over", mail.id)
    return True


def pause_after(attempts: int) -> timedelta:
    """30 s, a minute, two …, at most two hours."""
    return min(FIRST_PAUSE * 2 ** min(attempts - 1, 20), LONGEST_PAUSE)


def _send(mail: Row) -> None:
    if datetime.now(UTC) - mail.created_at > SENDS_FOR:
        last = f" The last answer was: {mail.error}" if mail.error else ""
        raise smtp.Refused(f"Given up: it was written over {SENDS_FOR.days} days ago.{last}")
    if mail.channel == Channel.CHAT:
        chat.send(_address(settings().chat_url), mail.body_text)
    else:
        _send_mail(smtp.mail_server(_address(settings().smtp_url)), mail)


def _address(setting: SecretStr | None) -> str:
    assert setting is not None, "only mail of a connected channel is taken"
    return setting.get_secret_value()


def _send_mail(server: smtp.MailServer, mail: Row) -> None:
    sender = settings().mail_from
    try:
        message = compose.message(
            message_id=mail.message_id,
            sender=Address(settings().company_name, addr_spec=sender),
            to=mail.to_address,
            subject=mail.subject,
            text=mail.body_text,
            html=mail.body_html,
            written_at=mail.created_at,
        )
    except ValueError as error:
        raise smtp.Refused(str(error)) from None
    own_name = urlsplit(settings().public_url).hostname or "localhost"
    smtp.send(server, message, sender, mail.to_address, own_name)
