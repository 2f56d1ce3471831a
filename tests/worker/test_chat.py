"""Messages from the outbox to the team's chat: a real HTTP server behind Apprise's json://."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import Row, select, update

from lib.db.connection import reading, transaction
from lib.db.tables import outbox
from lib.domain.letters import Letter
from lib.domain.people import Person
from lib.services import mail
from lib.services.mail import MailState
from lib.settings import PROJECT
from lib.worker import mailing

Make = Callable[..., Any]
LETTER = Letter(
    "job_shared", "Ana shared a training job: Tone", "Check out this training job: Tone"
)
TEXT = (
    "Ana: Check out this training job: Tone - <b>& more</b>\nhttp://localhost:8501/training-jobs/1"
)


class Chat:
    """What a chat's web hook does: it keeps what is posted and answers what it was told to."""

    def __init__(self) -> None:
        self.taken: list[dict[str, Any]] = []
        self.status = 200
        chat = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if chat.status == 200:
                    chat.taken.append({**body, "path": self.path})
                self.send_response(chat.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        self.thread = Thread(target=self.server.serve_forever)
        self.thread.start()

    def stop(self) -> None:
        if not self.thread.is_alive():
            return
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def chat(configure: Make) -> Iterator[Chat]:
    running = Chat()
    configure(CHAT_URL=f"json://desk:hush-hush@127.0.0.1:{running.port}/hush-path")
    yield running
    running.stop()


@pytest.fixture
def owner(installation: str, person: Make) -> Person:
    return person(role="owner", name="Max")


def post() -> Any:
    with transaction() as connection:
        return mail.post_to_chat(connection, LETTER, TEXT)


def row_of(message_id: Any) -> Row:
    with reading() as connection:
        return connection.execute(select(outbox).where(outbox.c.id == message_id)).one()


def make_due(message_id: Any) -> None:
    with transaction() as connection:
        past = datetime.now(UTC) - timedelta(seconds=1)
        connection.execute(
            update(outbox)
            .where(outbox.c.id == message_id)
            .values(due_at=past, lease_expires_at=past)
        )


def test_a_message_arrives_as_it_was_written(owner: Person, chat: Chat) -> None:
    message_id = post()
    assert mail.read(owner, message_id).state is MailState.WAITING
    assert mailing.tick(Event())
    (taken,) = chat.taken
    assert (taken["message"], taken["title"], taken["path"]) == (TEXT, "", "/hush-path")
    assert mail.read(owner, message_id).state is MailState.SENT
    assert not mailing.tick(Event())


def test_a_chat_that_refuses_is_tried_again_and_tells_no_secret(
    owner: Person, chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    chat.status = 503
    message_id = post()
    with caplog.at_level("INFO"):
        assert mailing.tick(Event())
    row = row_of(message_id)
    assert row.error.startswith("The chat did not take it: ")
    assert "503" in row.error
    assert "hush" not in row.error + caplog.text
    assert mail.read(owner, message_id).state is MailState.RETRYING
    assert not mailing.tick(Event())  # not before its pause is over

    chat.status = 200
    make_due(message_id)
    assert mailing.tick(Event())
    assert len(chat.taken) == 1
    assert row_of(message_id).error is None


def test_a_chat_that_is_away_is_tried_again(owner: Person, chat: Chat) -> None:
    chat.stop()
    message_id = post()
    assert mailing.tick(Event())
    row = row_of(message_id)
    assert (row.sent_at, row.failed_at, row.attempts) == (None, None, 1)
    assert "hush" not in row.error


def test_a_worker_that_died_after_the_chat_took_it_leaves_it_to_the_next(
    owner: Person, chat: Chat
) -> None:
    """At least once: the lease of whoever died runs out, and the message is sent again."""
    message_id = post()
    mailing.tick(Event())
    with transaction() as connection:  # as if the first had never come to write that it was sent
        connection.execute(update(outbox).where(outbox.c.id == message_id).values(sent_at=None))
    make_due(message_id)
    assert mailing.tick(Event())
    assert len(chat.taken) == 2
    assert row_of(message_id).attempts == 2


def test_an_address_that_apprise_does_not_know_says_so(owner: Person, configure: Make) -> None:
    configure(CHAT_URL="nochat://hush-hush@nowhere")
    message_id = post()
    assert mailing.tick(Event())
    assert row_of(message_id).error == "CHAT_URL is no address that Apprise knows."


def test_mail_and_chat_wait_for_their_own_way_out(owner: Person, chat: Chat, person: Make) -> None:
    with transaction() as connection:
        recipient = connection.execute(select(outbox.metadata.tables["users"])).first()
        mail_id = mail.post(connection, recipient, LETTER)
    post()
    assert mailing.tick(Event())
    assert not mailing.tick(Event())
    assert len(chat.taken) == 1
    assert mail.read(owner, mail_id).state is MailState.KEPT


def test_without_a_chat_its_messages_are_kept(owner: Person) -> None:
    message_id = post()
    assert not mailing.tick(Event())
    assert mail.read(owner, message_id).state is MailState.KEPT


def test_only_a_message_brings_apprise_in() -> None:
    code = "import sys, lib.worker.loop, lib.notify.chat; print('apprise' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "False"
