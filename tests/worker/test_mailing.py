"""Mail from the outbox to a real SMTP server: once, again or never, and it says which."""

import email
import email.policy
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Row, update

from lib.db import outbox, users
from lib.db.connection import reading, transaction
from lib.db.tables import outbox as table
from lib.domain.letters import Letter
from lib.domain.people import Person
from lib.services import mail
from lib.services.errors import NotAllowed, Refusal
from lib.services.mail import MailState
from lib.settings import PROJECT
from lib.worker import mailing
from lib.worker.loop import Worker

Make = Callable[..., Any]
LETTER = Letter(
    "budget_request", "Zoë asks for $800", "Zoë asks for more", quote=("Why", "李 needs it")
)


class Server:
    """The SMTP server's process, and the mails that it took."""

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.folder = folder
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.smtp_server", str(folder)),
                *("--port", str(port), *options),
            ],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def answer(self, **answers: object) -> None:
        part = self.folder / "answers.part"
        part.write_text(json.dumps(answers))
        part.rename(self.folder / "answers.json")

    @property
    def taken(self) -> list[dict[str, Any]]:
        return [json.loads(path.read_text()) for path in sorted(self.folder.glob("0*.json"))]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()


@contextmanager
def serving(folder: Path, *options: str, port: int = 0) -> Iterator[Server]:
    server = Server(folder, *options, port=port)
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def server(tmp_path: Path, configure: Make) -> Iterator[Server]:
    folder = tmp_path / "mail"
    folder.mkdir()
    with serving(folder) as running:
        configure(SMTP_URL=f"smtp://127.0.0.1:{running.port}", MAIL_FROM="desk@example.com")
        yield running


@pytest.fixture
def max_(installation: str, person: Make) -> Person:
    return person(role="owner", name="Max", email="max@example.com")


def post(who: Person, letter: Letter = LETTER) -> Any:
    with transaction() as connection:
        recipient = users.by_id(connection, who.id)
        assert recipient is not None
        return mail.post(connection, recipient, letter)


def row_of(mail_id: Any) -> Row:
    with reading() as connection:
        row = outbox.by_id(connection, mail_id)
    assert row is not None
    return row


def write(mail_id: Any, **values: Any) -> None:
    with transaction() as connection:
        connection.execute(update(table).where(table.c.id == mail_id).values(**values))


def make_due(mail_id: Any) -> None:
    """What time does: the pause is over and any lease has run out."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    write(mail_id, due_at=past, lease_expires_at=past)


def work() -> int:
    """Ticks until nothing is due; how many mails were tried."""
    tried = 0
    while mailing.tick(Event()):
        tried += 1
    return tried


def content(taken: dict[str, Any]) -> Any:
    return email.message_from_string(taken["content"], policy=email.policy.default)


def test_a_mail_arrives_as_it_was_written(server: Server, max_: Person) -> None:
    mail_id = post(max_)
    assert work() == 1

    (taken,) = server.taken
    assert (taken["from"], taken["to"]) == ("desk@example.com", ["max@example.com"])
    arrived, row = content(taken), row_of(mail_id)
    assert arrived["Subject"] == "Zoë asks for $800"
    assert arrived["Message-ID"] == row.message_id
    assert arrived["Message-ID"].endswith("@example.com>")
    assert arrived["From"] == "LoRA Pipeline <desk@example.com>"
    text, html = arrived.get_body("plain"), arrived.get_body("html")
    assert text.get_content().splitlines() == row.body_text.splitlines()
    assert html.get_content().splitlines() == row.body_html.splitlines()
    assert row.sent_at is not None
    assert (row.attempts, row.error, row.lease_token) == (1, None, None)
    assert work() == 0
    assert mail.read(max_, mail_id).state is MailState.SENT


def test_the_worker_sends_mail_beside_its_other_work(server: Server, max_: Person) -> None:
    worker = Worker(Event())
    thread = Thread(target=worker.run)
    thread.start()
    post(max_)
    deadline = time.monotonic() + 20
    while not server.taken and time.monotonic() < deadline:
        time.sleep(0.1)
    worker.stop.set()
    thread.join(10)
    assert len(server.taken) == 1


def test_without_a_mail_server_mail_stays_in_the_outbox(max_: Person) -> None:
    mail_id = post(max_)
    assert work() == 0
    (listed,) = mail.listing(max_)
    assert (listed.row.id, listed.state) == (mail_id, MailState.KEPT)
    assert "body_html" not in listed.row._mapping


def test_a_server_that_is_away_is_tried_again_until_it_is_back(
    tmp_path: Path, max_: Person, configure: Make
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    configure(SMTP_URL=f"smtp://127.0.0.1:{port}")
    mail_id = post(max_)
    assert work() == 1
    row = row_of(mail_id)
    assert row.sent_at is None and row.failed_at is None
    assert "cannot be reached" in row.error
    assert mail.read(max_, mail_id).state is MailState.RETRYING
    assert work() == 0  # not before its pause is over

    with serving(tmp_path, port=port) as server:
        make_due(mail_id)
        assert work() == 1
        assert len(server.taken) == 1
    assert row_of(mail_id).error is None


def test_pauses_double_up_to_two_hours() -> None:
    pauses = [mailing.pause_after(attempts) for attempts in (1, 2, 3, 8, 9, 1000)]
    assert pauses == [
        timedelta(seconds=30),
        timedelta(minutes=1),
        timedelta(minutes=2),
        timedelta(minutes=64),
        timedelta(hours=2),
        timedelta(hours=2),
    ]


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_mail_that_is_not_taken_for_now_is_tried_again(
    server: Server, max_: Person, at: str
) -> None:
    mail_id = post(max_)
    server.answer(**{at: "451 4.7.1 Greylisted, come back later"})
    assert work() == 1
    row = row_of(mail_id)
    assert row.error == "The mail server answered 451: 4.7.1 Greylisted, come back later"
    assert row.failed_at is None
    assert timedelta(seconds=20) < row.due_at - datetime.now(UTC) <= timedelta(seconds=30)
    server.answer()
    make_due(mail_id)
    assert work() == 1
    assert len(server.taken) == 1
    assert row_of(mail_id).attempts == 2


@pytest.mark.parametrize("at", ["rcpt", "data"])
def test_a_mail_that_is_refused_for_good_says_so_until_somebody_sends_it_again(
    server: Server, max_: Person, at: str
) -> None:
    mail_id = post(max_)
    server.answer(**{at: "550 5.1.1 No such user here"})
    assert work() == 1
    assert mail.read(max_, mail_id).state is MailState.FAILED
    assert row_of(mail_id).error == "The mail server answered 550: 5.1.1 No such user here"
    make_due(mail_id)
    assert work() == 0

    server.answer()
    mail.try_again(max_, mail_id)
    assert work() == 1
    assert mail.read(max_, mail_id).state is MailState.SENT
    with pytest.raises(Refusal, match="Only a mail that failed"):
        mail.try_again(max_, mail_id)


def test_one_bad_recipient_does_not_hold_up_the_others(
    server: Server, max_: Person, person: Make
) -> None:
    bad = post(max_)
    write(bad, to_address="not an address")
    good = post(person(name="Ana"))
    assert work() == 2
    assert "is not an e-mail address" in row_of(bad).error
    assert row_of(bad).failed_at is not None
    assert row_of(good).sent_at is not None


def test_old_mail_is_given_up_instead_of_sent(server: Server, max_: Person) -> None:
    """The desk had no mail server for weeks; nobody wants last month's requests then."""
    mail_id = post(max_)
    write(mail_id, created_at=datetime.now(UTC) - timedelta(days=5, minutes=1))
    assert work() == 1
    assert server.taken == []
    assert row_of(mail_id).error.startswith("Given up: it was written over 5 days ago.")


def killed_after_data(server: Server, tmp_path: Path) -> None:
    """A worker's process that dies once the server has the mail and has not said so."""
    server.answer(before_ok=60)
    process = subprocess.Popen(
        [sys.executable, "-c", "from lib.worker.mailing import *; tick(Event())"],
        cwd=PROJECT,
        env={**os.environ},
    )
    for _ in range(300):
        if server.taken:
            break
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    server.answer()


def test_a_kill_between_the_servers_yes_and_ours_sends_it_once_more_as_the_same_mail(
    server: Server, max_: Person, tmp_path: Path
) -> None:
    mail_id = post(max_)
    killed_after_data(server, tmp_path)
    assert len(server.taken) == 1
    assert row_of(mail_id).sent_at is None
    assert work() == 0  # the dead worker's lease still holds
    make_due(mail_id)
    assert work() == 1
    first, second = (content(taken)["Message-ID"] for taken in server.taken)
    assert first == second == row_of(mail_id).message_id
    make_due(mail_id)
    assert work() == 0
    assert row_of(mail_id).attempts == 2


def test_two_workers_send_each_mail_once(server: Server, max_: Person) -> None:
    mails = [post(max_) for _ in range(12)]
    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(content(taken)["Message-ID"] for taken in server.taken) == sorted(
        row_of(mail_id).message_id for mail_id in mails
    )


def test_a_worker_whose_lease_was_lost_does_not_write(server: Server, max_: Person) -> None:
    mail_id = post(max_)
    with transaction() as connection:
        assert outbox.lease_due(connection, uuid4(), timedelta(seconds=30), ["mail"])
        assert not outbox.sent(connection, mail_id, uuid4())
        assert not outbox.give_up(connection, mail_id, uuid4(), "no")
    assert row_of(mail_id).sent_at is None


def test_a_mail_is_written_or_not_with_what_it_tells(server: Server, max_: Person) -> None:
    class Abort(Exception):
        pass

    with pytest.raises(Abort), transaction() as connection:
        recipient = users.by_id(connection, max_.id)
        assert recipient is not None
        mail.post(connection, recipient, LETTER)
        raise Abort
    assert mail.listing(max_) == []
    assert work() == 0


def test_addresses_beyond_ascii_need_a_server_that_takes_them(
    tmp_path: Path, max_: Person, configure: Make, person: Make
) -> None:
    zoe = person(name="Zoë", email="zoë@example.com")
    for options, state in (([], MailState.SENT), (["--ascii"], MailState.FAILED)):
        folder = tmp_path / state
        folder.mkdir()
        with serving(folder, *options) as server:
            configure(SMTP_URL=f"smtp://127.0.0.1:{server.port}")
            mail_id = post(zoe)
            assert work() == 1
            assert mail.read(max_, mail_id).state is state
    assert row_of(mail_id).error == "The mail server takes no addresses beyond ASCII."


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PEM file with a key and the certificate that it signed for localhost."""
    folder = tmp_path_factory.mktemp("certificate")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"),
            *("-keyout", str(key), "-out", str(cert)),
        ],
        check=True,
        capture_output=True,
    )
    both = folder / "both.pem"
    both.write_text(key.read_text() + cert.read_text())
    return both


@pytest.mark.parametrize(
    ("options", "url"),
    [
        (["--starttls"], "smtp://desk:p%40ss%2Fword%3A1@localhost:{}?tls=starttls"),
        ([], "smtps://desk:p%40ss%2Fword%3A1@localhost:{}"),
    ],
)
def test_passwords_travel_encrypted_to_a_server_that_proves_who_it_is(
    tmp_path: Path,
    max_: Person,
    configure: Make,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    url: str,
) -> None:
    with serving(tmp_path, "--auth", "--certificate", str(certificate), *options) as server:
        configure(SMTP_URL=url.format(server.port))
        mail_id = post(max_)
        assert work() == 1
        assert "certificate verify failed" in row_of(mail_id).error  # nobody vouches for it yet
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        make_due(mail_id)
        assert work() == 1
        assert row_of(mail_id).error is None
        (taken,) = server.taken
        assert (taken["tls"], taken["user"]) == (True, True)


def test_a_wrong_password_is_told_without_the_password_and_tried_again(
    tmp_path: Path, max_: Person, configure: Make
) -> None:
    with serving(tmp_path, "--auth") as server:
        configure(SMTP_URL=f"smtp://desk:hush-hush@localhost:{server.port}")
        mail_id = post(max_)
        assert work() == 1
    row = row_of(mail_id)
    assert "535" in row.error
    assert "hush" not in row.error
    assert row.failed_at is None


def test_only_those_who_run_the_desk_read_the_outbox(max_: Person, person: Make) -> None:
    mail_id = post(max_)
    for role in ("analyst", "manager"):
        other = person(role=role)
        for act in (
            lambda who: mail.listing(who),
            lambda who: mail.read(who, mail_id),
            lambda who: mail.try_again(who, mail_id),
        ):
            with pytest.raises(NotAllowed):
                act(other)
    assert mail.listing(person(role="admin"))
