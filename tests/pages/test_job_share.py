"""The dialog Share: what can be copied, whom it may be sent to, what it says about the chat."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from lib.db.connection import reading
from lib.db.tables import outbox
from lib.domain.sharing import SHARES_ALLOWED
from lib.services import sharing
from tests.pages.conftest import said

Make = Callable[..., Any]


def posted(job_id: object) -> list[Any]:
    with reading() as connection:
        found = connection.execute(select(outbox).where(outbox.c.body_text.contains(str(job_id))))
        return list(found)


def test_link_and_sentence_are_ready_to_copy(
    person: Make, draft: Make, open_page: Make, configure: Make
) -> None:
    configure(PUBLIC_URL="https://desk.example.com")
    ana = person()
    job_id = draft(ana, name="Tone", description="First <b>model</b>").job_id
    page = open_page("job", ana, job_id)
    page.button("share").click().run()

    link = f"https://desk.example.com/training-jobs/{job_id}"
    assert [code.value for code in page.code] == [
        link,
        f"Check out this training job: Tone - First <b>model</b>\n{link}",
    ]
    assert page.button("share-to-chat").disabled
    assert "CHAT" in said(page) and "Apprise address" in said(page)


def test_a_mail_goes_to_whom_it_was_meant_for(person: Make, draft: Make, open_page: Make) -> None:
    ana, max_ = person(name="Ana"), person(role="manager", name="Max")
    job_id = draft(ana).job_id
    page = open_page("job", ana, job_id)
    page.button("share").click().run()
    page.multiselect("share-with").set_value([max_.id])
    page.text_area("share-message").set_value("Look")
    page.button("share").click()
    page.button("share-by-mail").click().run()

    assert not page.exception
    assert page.success[0].value == "The mail is on its way."
    (row,) = posted(job_id)
    assert row.to_address == max_.email


def test_the_team_hears_of_it_in_its_chat(
    person: Make, draft: Make, open_page: Make, configure: Make
) -> None:
    configure(CHAT_URL="json://chat.example.com")
    ana = person(name="Ana")
    job_id = draft(ana).job_id
    page = open_page("job", ana, job_id)
    page.button("share").click()
    page.button("share").click().run()
    page.button("share").click()
    page.button("share-to-chat").click().run()
    assert page.success[0].value == "The message is on its way."
    (row,) = posted(job_id)
    assert row.channel == "chat"


def test_nobody_chosen_and_too_many_are_told(
    person: Make, draft: Make, open_page: Make, configure: Make
) -> None:
    configure(CHAT_URL="json://chat.example.com")
    ana = person(name="Ana")
    person(role="manager")
    job_id = draft(ana).job_id
    page = open_page("job", ana, job_id)
    page.button("share").click().run()
    page.button("share").click()
    page.button("share-by-mail").click().run()
    assert "Choose somebody" in page.error[0].value
    for _ in range(SHARES_ALLOWED):
        sharing.to_chat(ana, job_id)
    page.button("share").click()
    page.button("share-to-chat").click().run()
    assert "20 an hour" in page.error[0].value
