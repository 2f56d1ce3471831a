"""Telling people what happened (FR1.3.2): in the app, by mail, in the team's chat.

Whoever makes something happen tells of it here, in the same transaction. The row's key is unique a
person, so that two workers, or one that is at it again after a crash, tell it once; mail and chat
go into the outbox with the row, and so once as well.
"""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, Row

from lib.db import budgets, users
from lib.db import notifications as queries
from lib.db.connection import reading, transaction
from lib.domain import failures, spending_cap
from lib.domain import notifications as words
from lib.domain.letters import Letter
from lib.domain.notifications import JOB_KINDS, KEPT, LISTED, MOST_COUNTED, Kind, Notice, Way
from lib.domain.people import ADMINISTERING, Person
from lib.domain.states import JobStatus
from lib.services import mail
from lib.services.budgets import this_month
from lib.services.errors import NotAllowed, Refusal

TASK = "old notifications"


def tell(
    connection: Connection,
    recipient: Row,
    notice: Notice,
    *,
    job_id: UUID | None = None,
    letter: Letter | None = None,
) -> bool:
    """Tells one person, once, on the ways that they have chosen; False where they know already.

    `letter` is the mail where it is another than the notice itself. Call it before the audit log is
    written, which comes last in a transaction.
    """
    kind, chosen = notice.kind, queries.preferences(connection, recipient.id)
    bell, by_mail = (chosen.get((kind, way), words.default(kind, way)) for way in Way)
    is_new = queries.add(
        connection,
        user_id=recipient.id,
        kind=kind,
        key=notice.key,
        title=notice.title,
        detail=notice.detail,
        job_id=job_id,
        read=not bell,
    )
    if not is_new:
        return False
    link = mail.link(f"/training-jobs/{job_id}" if job_id else f"/{notice.page}")
    letter = letter or words.letter(notice, link, mail.link("/notifications"))
    if by_mail and recipient.disabled_at is None:
        mail.post(connection, recipient, letter)
    if kind in JOB_KINDS and chat_is_connected() and kind in queries.chat_kinds(connection):
        mail.post_to_chat(connection, letter, words.chat_text(notice, link))
    return True


def job_started(connection: Connection, job: Row, where: str) -> None:
    _tell_creator(connection, job, words.job_started(job.id, job.name, where))


def job_interrupted(connection: Connection, job: Row, attempt: int, what: str) -> None:
    _tell_creator(connection, job, words.job_interrupted(job.id, job.name, attempt, what))


def job_recovered(connection: Connection, job: Row, attempt: int, step: int | None) -> None:
    _tell_creator(connection, job, words.job_recovered(job.id, job.name, attempt, step))


def job_ended(
    connection: Connection,
    job: Row,
    to: JobStatus,
    why: str,
    cost: Decimal,
    failure_code: str | None = None,
) -> None:
    """Nobody is told that a job was cancelled: somebody has just done it."""
    made = {JobStatus.COMPLETED: words.job_completed, JobStatus.FAILED: words.job_failed}.get(to)
    if failure_code == spending_cap.CODE:
        made = words.cap_reached
    elif failure_code is not None:
        why = failures.in_a_mail(failure_code, why)
    if made is not None:
        _tell_creator(connection, job, made(job.id, job.name, why, cost))


def cap_near(connection: Connection, job: Row, cost: Decimal) -> None:
    """Tells once that a job has cost 80 % of its spending cap; `cost` is over all attempts."""
    if spending_cap.is_near(job.spending_cap, cost):
        _tell_creator(connection, job, words.cap_near(job.id, job.name, job.spending_cap, cost))


def _tell_creator(connection: Connection, job: Row, notice: Notice) -> None:
    creator = users.any_by_id(connection, job.created_by)
    assert creator is not None
    tell(connection, creator, notice, job_id=job.id)


def budget_used(connection: Connection, user_id: UUID) -> None:
    """The alert of 80 % or 90 %, where the user's month has come so far (FR1.2.2)."""
    budget = budgets.snapshot(connection, user_id, this_month())
    notice = words.budget_used(user_id, budget)
    user = users.any_by_id(connection, user_id) if notice else None
    if notice is not None and user is not None:
        tell(connection, user, notice)


def request_asked(
    connection: Connection, request: Row, approver: Row, letter: Letter, occasion: str
) -> None:
    """To who decides it: the letter with its links, and the bell. `reminded_at` tells apart the
    approvers that a request goes to, one after the other."""
    asked = f"{request.reminded_at or ''} {occasion}"
    tell(connection, approver, words.request_asked(request.id, letter, asked), letter=letter)


def request_decided(connection: Connection, request: Row, requester: Row, letter: Letter) -> None:
    tell(connection, requester, words.request_decided(request.id, letter), letter=letter)


def run_not_ended(connection: Connection, job: Row, run: str, where: str, minutes: int) -> bool:
    """To all who administer, once: only they can end it at the provider. Whether it was news."""
    notice = words.run_not_ended(run, where, minutes)
    told = [
        tell(connection, person, notice, job_id=job.id)
        for person in users.administering(connection)
    ]
    return any(told)


def unread(actor: Person) -> int:
    """The bell's number, counted to one above what it shows."""
    with reading() as connection:
        return queries.unread(connection, actor.id, MOST_COUNTED + 1)


def newest(actor: Person) -> list[Row]:
    """The actor's newest notifications, unread ones first."""
    with reading() as connection:
        return queries.newest(connection, actor.id, LISTED)


def mark_read(actor: Person, notification_id: int) -> bool:
    """Whether it is one of the actor's that was unread."""
    with transaction() as connection:
        return bool(queries.mark_read(connection, actor.id, notification_id))


def mark_all_read(actor: Person) -> int:
    """How many were unread, those included that no page lists."""
    with transaction() as connection:
        return queries.mark_read(connection, actor.id)


def preferences(actor: Person) -> Mapping[tuple[Kind, Way], bool]:
    """On which ways the actor is told of each kind."""
    with reading() as connection:
        chosen = queries.preferences(connection, actor.id)
    return {
        (kind, way): chosen.get((kind, way), words.default(kind, way))
        for kind in Kind
        for way in Way
    }


def prefer(actor: Person, kind: Kind, way: Way, wanted: bool) -> None:
    """From now on; what has been written stays. A muted bell still lists, and counts no more."""
    with transaction() as connection:
        queries.prefer(connection, user_id=actor.id, kind=kind, way=way, wanted=wanted)


def may_choose_for_chat(actor: Person) -> bool:
    """Whether what the whole team's chat is told of is theirs to choose."""
    return actor.role in ADMINISTERING


def chat_is_connected() -> bool:
    return mail.Channel.CHAT in mail.connected()


def chat_kinds(actor: Person) -> frozenset[Kind]:
    """What the team's chat is told of. Raises NotAllowed."""
    _check(actor)
    with reading() as connection:
        return frozenset(map(Kind, queries.chat_kinds(connection)))


def tell_chat(actor: Person, kind: Kind, wanted: bool) -> None:
    """Raises NotAllowed; Refusal for what is for one person alone."""
    _check(actor)
    if kind not in JOB_KINDS:
        raise Refusal("The team's chat is told of jobs alone; budgets are between two people.")
    with transaction() as connection:
        if wanted:
            queries.tell_chat(connection, kind, by=actor.id)
        else:
            queries.tell_chat_no_more(connection, kind)


def _check(actor: Person) -> None:
    if not may_choose_for_chat(actor):
        raise NotAllowed("Only an admin or the owner chooses what the team's chat is told of.")


def remove_old() -> None:
    """The periodic task: what was read long ago is forgotten; what was not read stays."""
    with transaction() as connection:
        queries.remove_read(connection, KEPT)
