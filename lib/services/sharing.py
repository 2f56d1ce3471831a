"""Sharing a job: its link by mail to colleagues who may open it, or to the team's chat (FR1.3.1).

Both go through the outbox, in the transaction that counts them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import activity, jobs, users
from lib.db.connection import reading, transaction
from lib.domain import sharing
from lib.domain.people import MANAGING, Person
from lib.domain.presets import PRESETS
from lib.domain.sharing import MESSAGE_LIMIT, PER
from lib.services import mail
from lib.services.errors import Refusal
from lib.services.visibility import visible
from lib.settings import settings

_SHARED = "job_shared"
NO_CHAT = (
    "The team's chat is not connected yet. Whoever runs this desk sets CHAT_URL to an Apprise "
    "address, such as slack://…, msteams://… or json://…, for the app and its worker."
)


@dataclass(frozen=True)
class Invitation:
    """What goes out with a shared link."""

    link: str
    text: str


def invitation(actor: Person, job_id: UUID) -> Invitation:
    """The absolute link and the sentence, ready to copy. Raises NotFound."""
    with reading() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
    return Invitation(_link(job), sharing.share_text(job.name, job.description))


def colleagues(actor: Person, job_id: UUID) -> list[Row]:
    """Who else may open the job, by name: its creator, managers, admins, the owner."""
    with reading() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        return _colleagues(connection, actor, job)


def by_mail(actor: Person, job_id: UUID, recipients: Sequence[UUID], message: str = "") -> int:
    """Puts a mail to each recipient into the outbox; how many.

    Raises NotFound; Refusal for nobody, for somebody who could not open the job, for a message
    that is too long, and for too many an hour.
    """
    message = _checked(message)
    with transaction() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        able = {colleague.id: colleague for colleague in _colleagues(connection, actor, job)}
        chosen = list(dict.fromkeys(recipients))
        if not chosen:
            raise Refusal("Choose somebody to send it to.")
        if any(recipient not in able for recipient in chosen):
            raise Refusal("One of them may not open this job, so nothing was sent.")
        _count(connection, actor, job, [str(recipient) for recipient in chosen])
        for recipient in chosen:
            mail.post(connection, able[recipient], _letter(actor, job, message))
    return len(chosen)


def to_chat(actor: Person, job_id: UUID, message: str = "") -> None:
    """Puts the link into the outbox for the team's chat.

    Raises NotFound; Refusal without a chat, for a message that is too long, and for too many an
    hour.
    """
    message = _checked(message)
    with transaction() as connection:
        job = visible(actor, jobs.by_id(connection, job_id))
        if not chat_is_connected():
            raise Refusal(NO_CHAT)
        _count(connection, actor, job, ["chat"])
        mail.post_to_chat(
            connection,
            _letter(actor, job, message),
            sharing.chat_text(actor.name, job.name, job.description, _link(job), message),
        )


def chat_is_connected() -> bool:
    return settings().chat_url is not None


def _checked(message: str) -> str:
    message = message.replace("\x00", "").strip()
    if len(message) > MESSAGE_LIMIT:
        raise Refusal(f"Message must be at most {MESSAGE_LIMIT} characters")
    return message


def _colleagues(connection: Connection, actor: Person, job: Row) -> list[Row]:
    return [
        user
        for user in users.everyone(connection)
        if user.id != actor.id and (user.id == job.created_by or user.role in MANAGING)
    ]


def _count(connection: Connection, actor: Person, job: Row, to: Sequence[str]) -> None:
    """Notes the shares of this hour, one person's one after the other. Raises Refusal."""
    users.lock(connection, actor.id)
    before = activity.count(connection, _SHARED, actor.id, PER)
    if problem := sharing.flood_problem(before, len(to)):
        raise Refusal(problem)
    for one in to:
        activity.record(
            connection, _SHARED, actor_id=actor.id, subject=str(job.id), details={"to": one}
        )


def _letter(actor: Person, job: Row, message: str) -> sharing.Letter:
    preset = PRESETS[job.preset].title if job.preset in PRESETS else None
    facts = [
        ("Created by", job.creator_name),
        ("Training file", job.file_name),
        ("Preset", preset),
        ("Status", job.status.replace("_", " ").capitalize()),
        ("Tags", ", ".join(job.tags)),
        ("Client", " → ".join(filter(None, (job.client_name, job.project_name)))),
    ]
    return sharing.letter(
        actor.name,
        job.name,
        job.description,
        _link(job),
        [(label, value) for label, value in facts if value],
        message,
    )


def _link(job: Row) -> str:
    return mail.link(f"/training-jobs/{job.id}")
