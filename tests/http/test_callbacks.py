"""Callbacks over real HTTP: whatever is sent, nothing but a hint for a live run comes of it."""

import json
import socket
import threading
import time
from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, update

from lib.db.connection import transaction
from lib.db.tables import activity_log, job_attempts
from lib.domain.states import JobStatus
from lib.engines.names import run_name
from lib.notify.webhooks import sign
from lib.services import callbacks
from tests.rented_runs import RentedRun
from trainer.webhook import Webhook

Make = Callable[..., Any]
EVENT = {"kind": "completed", "attempt": 1, "seq": 9, "step": 99}
BODY = json.dumps({"job_id": "x", **EVENT}).encode()


def headers(run: RentedRun, body: bytes = BODY, *, ago: int = 0, **changes: str) -> dict[str, str]:
    """As the run itself would sign them."""
    secret = changes.pop("secret", None) or run.open().callback_token.get_secret_value()
    message_id, stamp = f"{run.job_id}.1.9", str(int(time.time()) - ago)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": sign(secret.encode(), message_id, stamp, body),
    } | {f"webhook-{name}": value for name, value in changes.items()}


def send(desk: str, run: RentedRun, body: bytes = BODY, **changes: Any) -> int:
    return httpx.post(
        f"{desk}/callbacks/{run.name}", content=body, headers=headers(run, body, **changes)
    ).status_code


def refusals(subject: str) -> list[str]:
    """The faults that were recorded of a run, in order."""
    row = activity_log.c
    with transaction() as connection:
        found = select(row.details).where(
            row.action == "callback_refused", row.subject == subject, row.succeeded.is_(False)
        )
        return [details["fault"] for details in connection.scalars(found.order_by(row.id))]


def everything_but_hints(run: RentedRun) -> tuple[Any, ...]:
    attempt = run.row._asdict() | {"hinted_at": None}
    return tuple(attempt.items())


def job_status(run: RentedRun) -> str:
    from lib.db import jobs

    with transaction() as connection:
        return jobs.by_id(connection, run.job_id).status


def test_a_signed_message_of_a_live_run_sets_the_hint_and_nothing_else(
    desk: str, rented_run: Make
) -> None:
    run = rented_run()
    before = everything_but_hints(run)
    assert run.row.hinted_at is None
    assert send(desk, run) == 204
    assert run.row.hinted_at is not None
    assert everything_but_hints(run) == before
    assert (job_status(run), run.results) == (JobStatus.QUEUED, [])  # it said "completed"
    assert refusals(run.name) == []


def test_what_the_trainer_posts_is_taken(desk: str, rented_run: Make) -> None:
    run = rented_run()
    exchange = run.open()
    secret = exchange.callback_token.get_secret_value().encode()
    posting = Webhook(exchange.callback_url, secret, str(run.job_id))
    posting.send(EVENT)
    posting.close()
    assert run.row.hinted_at is not None


def test_replayed_doubled_and_reordered_messages_only_hint_again(
    desk: str, rented_run: Make
) -> None:
    run = rented_run()
    before = everything_but_hints(run)
    sent = [(body, headers(run, body)) for body in (b'{"seq": %d}' % n for n in range(5))]
    Random(1).shuffle(sent)
    for body, signed in sent * 3:
        answer = httpx.post(f"{desk}/callbacks/{run.name}", content=body, headers=signed)
        assert answer.status_code == 204
    assert everything_but_hints(run) == before
    assert job_status(run) == JobStatus.QUEUED


@pytest.mark.parametrize(
    ("changes", "status", "fault"),
    [
        ({"secret": "guessed"}, 401, "signature"),
        ({"signature": "v1,AAAA"}, 401, "signature"),
        ({"id": "another"}, 401, "signature"),
        ({"timestamp": "1"}, 401, "signature"),
        ({"ago": 301}, 400, "old"),
        ({"ago": -305}, 400, "old"),
        ({"id": ""}, 400, "form"),
        ({"timestamp": "soon"}, 400, "form"),
        ({"signature": ""}, 400, "form"),
        ({"signature": " ".join(["v1,AAAA"] * 2000)}, 400, "form"),
    ],
)
def test_forged_and_old_ones_are_refused_and_recorded(
    desk: str, rented_run: Make, changes: dict[str, Any], status: int, fault: str
) -> None:
    run = rented_run()
    before = run.row
    assert send(desk, run, **changes) == status
    assert run.row == before
    assert refusals(run.name) == [fault]


def test_every_byte_of_the_body_counts(desk: str, rented_run: Make) -> None:
    run = rented_run()
    signed = headers(run)
    for at in range(len(BODY)):
        changed = bytearray(BODY)
        changed[at] ^= 1
        answer = httpx.post(f"{desk}/callbacks/{run.name}", content=bytes(changed), headers=signed)
        assert answer.status_code == 401
    assert run.row.hinted_at is None
    assert refusals(run.name) == ["signature"]  # one row, however many there were


def test_another_runs_secret_is_worth_nothing(desk: str, rented_run: Make) -> None:
    run, other = rented_run(), rented_run()
    secret = other.open().callback_token.get_secret_value()
    assert send(desk, run, secret=secret) == 401
    assert run.row.hinted_at is None
    assert send(desk, other) == 204  # the twin: there, it is


def test_after_the_end_it_is_told_so_and_forgeries_still_are_not(
    desk: str, rented_run: Make
) -> None:
    run = rented_run()
    run.end()
    before = run.row
    assert send(desk, run) == 410
    assert send(desk, run, secret="guessed") == 401
    assert run.row == before
    assert refusals(run.name) == ["ended", "signature"]


def test_a_message_of_an_attempt_before_does_not_hint_at_the_next(
    desk: str, rented_run: Make
) -> None:
    run = rented_run()
    later = run.again()
    assert send(desk, run) == 410
    assert later.row.hinted_at is None


@pytest.mark.parametrize("more", [0, 1])
def test_a_body_may_have_64_kilobytes(desk: str, rented_run: Make, more: int) -> None:
    run = rented_run()
    body = b"x" * (64 * 1024 + more)
    assert send(desk, run, body) == (413 if more else 204)
    assert refusals(run.name) == ["too_large"] * more


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_that_never_ends_is_not_read(desk: str, rented_run: Make, announced: bool) -> None:
    """Announced or not: the answer comes long before all that would be sent."""
    run = rented_run()
    parts = urlsplit(desk)
    length = "Content-Length: 99999999999" if announced else "Transfer-Encoding: chunked"
    piece = b"4000\r\n" + b"x" * 0x4000 + b"\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as connection:
        head = f"POST /callbacks/{run.name} HTTP/1.1\r\nHost: desk\r\n{length}\r\n\r\n"
        connection.sendall(head.encode() + (b"" if announced else piece * 5))
        assert connection.recv(4096).startswith(b"HTTP/1.1 413 ")
    assert refusals(run.name) == ["too_large"]


def test_runs_that_do_not_exist_are_counted_without_their_names(desk: str, database: Any) -> None:
    names = [run_name(uuid4(), 1), "x", "%00", "%FF", "<script>", "lora-" + "9" * 3000, "ä" * 50]
    with transaction() as connection:  # as if none had come within the hour
        connection.execute(
            update(activity_log)
            .where(activity_log.c.action == "callback_refused")
            .values(action="callback_refused_before")
        )
    for name in names * 3:
        answer = httpx.post(f"{desk}/callbacks/{name}", content=b"x")
        assert answer.status_code == (400 if name == "%00" else 404)  # Streamlit's own guard
    large = httpx.post(f"{desk}/callbacks/x", content=b"x" * 70_000)
    assert large.status_code == 404
    with transaction() as connection:
        rows = connection.execute(
            select(activity_log).where(activity_log.c.action == "callback_refused")
        ).all()
    assert [(row.subject, row.details) for row in rows] == [("unknown", {"fault": "unknown"})]


def test_a_flood_from_many_sides_writes_one_row_an_hour(
    desk: str, rented_run: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = rented_run()
    bad = headers(run, secret="guessed")

    def flood() -> None:
        with httpx.Client() as client:
            for _ in range(25):
                answer = client.post(f"{desk}/callbacks/{run.name}", content=BODY, headers=bad)
                assert answer.status_code == 401

    threads = [threading.Thread(target=flood) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refusals(run.name) == ["signature"]
    monkeypatch.setattr(callbacks, "RECORDED_EVERY", callbacks.RECORDED_EVERY * 0)
    send(desk, run, secret="guessed")  # the twin: without the hour there are more
    assert refusals(run.name) == ["signature"] * 2


def test_only_posts_are_answered(desk: str, rented_run: Make) -> None:
    run = rented_run()
    assert httpx.get(f"{desk}/callbacks/{run.name}").status_code == 405
    assert httpx.put(f"{desk}/callbacks/{run.name}", content=b"x").status_code == 405


def test_a_hint_never_comes_back_to_an_attempt_that_has_ended(desk: str, rented_run: Make) -> None:
    run = rented_run()
    assert send(desk, run) == 204
    run.end()
    with transaction() as connection:
        connection.execute(
            update(job_attempts).where(job_attempts.c.id == run.attempt.id).values(hinted_at=None)
        )
    assert send(desk, run) == 410
    assert run.row.hinted_at is None
