"""Reading the trainer's events while it writes them."""

import json

import pytest

from lib.engines import event_log


def line(kind: str, attempt: int = 1, **facts) -> bytes:
    event = {"attempt": attempt, "at": "2026-11-24T12:00:00+00:00", "kind": kind, **facts}
    return json.dumps(event).encode() + b"\n"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.jsonl"


def kinds(page):
    return [event["kind"] for event in page.events]


def test_a_line_is_taken_once_it_is_whole(path):
    step = line("step")
    path.write_bytes(line("started") + step[:10])
    page = event_log.read(path, 0, 1)
    assert (kinds(page), page.offset, page.ended) == (["started"], len(line("started")), True)
    path.write_bytes(line("started") + step)
    page = event_log.read(path, page.offset, 1)
    assert (kinds(page), page.trained) == (["step"], True)


def test_torn_lines_and_other_attempts_are_passed_over(path):
    path.write_bytes(line("step") + b'{"kind": "st\n' + b"[1]\n" + line("started", attempt=2))
    page = event_log.read(path, 0, 2)
    assert (kinds(page), page.offset) == (["started"], path.stat().st_size)
    assert not page.trained


def test_a_page_is_bounded_and_the_next_one_goes_on_after_it(path, monkeypatch):
    monkeypatch.setattr(event_log, "MAX_BYTES", 150)
    path.write_bytes(b"".join(line("step", step=number) for number in range(10)))
    steps, offset, pages, ended = [], 0, 0, False
    while not ended:
        page = event_log.read(path, offset, 1)
        assert page.offset - offset <= 150 + len(line("step", step=1))
        steps += [event["step"] for event in page.events]
        offset, pages, ended = page.offset, pages + 1, page.ended
    assert steps == list(range(10))
    assert pages > 3


def test_that_it_has_trained_is_known_from_the_line_before_the_page(path):
    path.write_bytes(line("started") + line("step"))
    assert event_log.read(path, path.stat().st_size, 1).trained
    assert not event_log.read(path, path.stat().st_size, 2).trained


def test_no_file_is_no_events(path):
    page = event_log.read(path, 0, 1)
    assert (page.events, page.offset, page.ended) == ((), 0, True)
