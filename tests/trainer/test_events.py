"""What a run reports reaches the file whole, and the app's webhook if it can."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from trainer import events
from trainer.events import EventLog
from trainer.webhook import BACKLOG, Webhook

SECRET = b"a shared secret"


class Receiver(HTTPServer):
    """Takes posts down, and answers with `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        self.url = f"http://127.0.0.1:{self.server_port}/callback"


class Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((headers, body))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        """Nothing on the console."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_events_are_numbered_over_all_attempts(tmp_path: Path) -> None:
    path = tmp_path / "run" / "events.jsonl"
    for attempt in (1, 2):
        log = EventLog(path, attempt)
        log.write("started", base_model="tiny")
        log.write("step", step=attempt, note="é\n🙂")
        log.close()
    found = list(events.read(path))
    assert [(e["seq"], e["attempt"]) for e in found] == [(1, 1), (2, 1), (3, 2), (4, 2)]
    assert found[3]["note"] == "é\n🙂"
    assert path.read_bytes().count(b"\n") == 4


@pytest.mark.parametrize("torn", [b"{", b'{"seq": 7, "kind": "step"', b'{"seq": 9}', b"\xff\0"])
def test_a_torn_last_line_is_left_behind(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "events.jsonl"
    log = EventLog(path, 1)
    log.write("started")
    log.close()
    with path.open("ab") as file:
        file.write(torn)
    log = EventLog(path, 2)
    log.write("started")
    log.close()
    found = list(events.read(path))
    assert [event["attempt"] for event in found if "attempt" in event] == [1, 2]
    assert found[-1]["seq"] > found[0]["seq"]


def test_a_number_that_json_cannot_hold_is_refused(tmp_path: Path) -> None:
    log = EventLog(tmp_path / "events.jsonl", 1)
    with pytest.raises(ValueError, match="not JSON compliant"):
        log.write("step", loss=float("nan"))
    log.close()
    assert list(events.read(tmp_path / "events.jsonl")) == []


def test_each_event_is_posted_once_in_order_and_signed(tmp_path: Path, receiver: Receiver) -> None:
    log = EventLog(tmp_path / "events.jsonl", 3, Webhook(receiver.url, SECRET, "job-1"))
    for step in range(5):
        log.write("step", step=step)
    log.close()
    assert len(receiver.received) == 5
    for event, (headers, body) in zip(
        events.read(tmp_path / "events.jsonl"), receiver.received, strict=True
    ):
        assert json.loads(body) == {"job_id": "job-1", **event}
        assert headers["webhook-id"] == f"job-1.3.{event['seq']}"
        assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        digest = base64.b64encode(hmac.new(SECRET, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{digest}"


def test_without_a_secret_events_go_unsigned(tmp_path: Path, receiver: Receiver) -> None:
    log = EventLog(tmp_path / "events.jsonl", 1, Webhook(receiver.url, None, "job-1"))
    log.write("started")
    log.close()
    [(headers, _)] = receiver.received
    assert "webhook-signature" not in headers


def test_a_receiver_that_fails_changes_nothing(tmp_path: Path, receiver: Receiver) -> None:
    receiver.status = 500
    log = EventLog(tmp_path / "events.jsonl", 1, Webhook(receiver.url, SECRET, "job-1"))
    log.write("started")
    log.write("completed")
    log.close()
    assert len(receiver.received) == len(list(events.read(tmp_path / "events.jsonl"))) == 2


def test_a_receiver_that_hangs_holds_nothing_up(tmp_path: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        began = time.monotonic()
        log = EventLog(tmp_path / "events.jsonl", 1, Webhook(url, SECRET, "job-1"))
        for step in range(3 * BACKLOG):
            log.write("step", step=step)
        log.close()
        assert time.monotonic() - began < 4
    assert len(list(events.read(tmp_path / "events.jsonl"))) == 3 * BACKLOG
