"""Sharing a job: who can be told, in which words, through the outbox, and not without end."""

from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, Thread
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from lib.db.connection import reading
from lib.db.tables import activity_log, outbox
from lib.domain.draft import change
from lib.domain.people import Person
from lib.domain.sharing import SHARES_ALLOWED
from lib.services import drafts, sharing
from lib.services.errors import NotFound, Refusal
from lib.services.mail import CHAT_NAME

Make = Callable[..., Any]


@pytest.fixture
def ana(installation: str, person: Make) -> Person:
    return person(name="Ana")


@pytest.fixture
def max_(ana: Person, person: Make) -> Person:
    return person(role="manager", name="Max")


@pytest.fixture
def job_id(ana: Person, draft: Make) -> UUID:
    opened = draft(ana)
    written = change(
        opened.draft,
        drafts.today(),
        name="Tone of support",
        description="First model\nfor Acme",
        tags=["poc"],
        client="Acme",
        project="Q4",
    )
    return drafts.save(ana, opened, written).job_id


def posted() -> list[Any]:
    with reading() as connection:
        return list(connection.execute(select(outbox).order_by(outbox.c.created_at)))


def test_the_link_is_absolute_and_the_sentence_is_ready_to_copy(
    ana: Person, job_id: UUID, configure: Make
) -> None:
    configure(PUBLIC_URL="https://desk.example.com/lora")
    invitation = sharing.invitation(ana, job_id)
    assert invitation.link == f"https://desk.example.com/lora/training-jobs/{job_id}"
    assert invitation.text == (
        "Check out this training job: Tone of support - First model for Acme"
    )


def test_a_job_without_a_description_has_no_dash_behind_its_name(ana: Person, draft: Make) -> None:
    opened = draft(ana, name="Bare")
    assert sharing.invitation(ana, opened.job_id).text == "Check out this training job: Bare"


def test_a_colleague_gets_a_mail_with_the_sentence_the_message_and_the_link(
    ana: Person, max_: Person, job_id: UUID
) -> None:
    assert sharing.by_mail(ana, job_id, [max_.id, max_.id], "Look at\nthe loss") == 1

    (row,) = posted()
    assert (row.channel, row.kind, row.to_address) == ("mail", "job_shared", max_.email)
    assert row.subject == "Ana shared a training job: Tone of support"
    link = sharing.invitation(ana, job_id).link
    sentence = "Check out this training job: Tone of support - First model for Acme"
    for body in (" ".join(row.body_text.split()), row.body_html):
        for part in (sentence, "Ana writes", "the loss", link, "Acme → Q4", "poc"):
            assert part in body
    assert row.recipient_id == max_.id


def test_only_those_who_may_open_it_can_be_told(
    ana: Person, max_: Person, person: Make, job_id: UUID
) -> None:
    admin, analyst = person(role="admin", name="Adi"), person(name="Bob")
    assert [one.name for one in sharing.colleagues(ana, job_id)] == ["Adi", "Max"]
    assert [one.name for one in sharing.colleagues(max_, job_id)] == ["Adi", "Ana"]
    for wrong in ([analyst.id], [admin.id, analyst.id], [uuid4()], [ana.id], []):
        with pytest.raises(Refusal):
            sharing.by_mail(ana, job_id, wrong)
    assert posted() == []
    for act in (
        lambda: sharing.invitation(analyst, job_id),
        lambda: sharing.colleagues(analyst, job_id),
        lambda: sharing.by_mail(analyst, job_id, [max_.id]),
    ):
        with pytest.raises(NotFound):
            act()


def test_the_chat_gets_the_sentence_and_the_link_and_no_secret_is_in_the_outbox(
    ana: Person, job_id: UUID, configure: Make
) -> None:
    configure(CHAT_URL="json://user:hush@chat.example.com/team")
    sharing.to_chat(ana, job_id, "Look")

    (row,) = posted()
    assert (row.channel, row.to_address, row.recipient_id) == ("chat", CHAT_NAME, None)
    assert row.body_text.splitlines() == [
        "Ana: Check out this training job: Tone of support - First model for Acme",
        "Look",
        sharing.invitation(ana, job_id).link,
    ]
    assert "hush" not in str(tuple(row))


def test_without_a_chat_it_says_how_to_get_one(ana: Person, job_id: UUID) -> None:
    assert not sharing.chat_is_connected()
    with pytest.raises(Refusal, match="sets CHAT_URL to an Apprise address"):
        sharing.to_chat(ana, job_id)
    assert posted() == []


def test_nobody_floods_the_others(ana: Person, max_: Person, job_id: UUID, configure: Make) -> None:
    configure(CHAT_URL="json://chat.example.com")
    for _ in range(SHARES_ALLOWED - 1):
        sharing.by_mail(ana, job_id, [max_.id])
    sharing.to_chat(ana, job_id)
    for act in (
        lambda: sharing.by_mail(ana, job_id, [max_.id]),
        lambda: sharing.to_chat(ana, job_id),
    ):
        with pytest.raises(Refusal, match="20 times within the last hour"):
            act()
    assert len(posted()) == SHARES_ALLOWED
    sharing.to_chat(max_, job_id)  # others may still

    with reading() as connection:
        logged = connection.execute(
            select(activity_log).where(activity_log.c.action == "job_shared")
        ).all()
    assert len(logged) == SHARES_ALLOWED + 1
    assert {row.subject for row in logged} == {str(job_id)}


def test_two_tabs_at_once_share_one_limit(ana: Person, max_: Person, job_id: UUID) -> None:
    for _ in range(SHARES_ALLOWED - 2):
        sharing.by_mail(ana, job_id, [max_.id])
    together, sent = Barrier(6), []

    def press() -> None:
        together.wait()
        with suppress(Refusal):
            sent.append(sharing.by_mail(ana, job_id, [max_.id]))

    threads = [Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sent) == 2
    assert len(posted()) == SHARES_ALLOWED


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "![x](https://evil.example/a.png) [a](https://evil.example)",
        "<!channel> @everyone <@U123>",
        "Ana\r\nBcc: victim@example.com",
        "\u202eRTL \U0001f469\u200d\U0001f680 \x1b[31m",
    ],
)
def test_hostile_text_stays_text_in_mail_and_chat(
    ana: Person, max_: Person, draft: Make, configure: Make, text: str
) -> None:
    configure(CHAT_URL="json://chat.example.com")
    opened = draft(ana, name=text, description=text, client=text)
    sharing.by_mail(ana, opened.job_id, [max_.id], text)
    sharing.to_chat(ana, opened.job_id, text)

    mail, chat = posted()
    assert "<script" not in mail.body_html and "<img" not in mail.body_html
    assert "\n" not in mail.subject and "\r" not in mail.subject
    for call in ("<!channel", "@everyone", "<@", "![", "]("):
        assert call not in chat.body_text


def test_a_message_that_is_too_long_is_refused_by_its_name(
    ana: Person, max_: Person, job_id: UUID
) -> None:
    with pytest.raises(Refusal, match="Message must be at most 500 characters"):
        sharing.by_mail(ana, job_id, [max_.id], "x" * 501)
    assert posted() == []
