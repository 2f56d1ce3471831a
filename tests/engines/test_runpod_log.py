"""A pod's log: server-sent events however they are cut up, and each event of the trainer once."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.engines import runpod_log
from lib.engines.runpod_log import events_after, first_position, position, read_stream

START = datetime(2026, 11, 24, 12, tzinfo=UTC)


def sent(number: int, line: str, newline: str = "\n") -> str:
    data = json.dumps({"ts": "2026-11-24T12:00:00Z", "source": "container", "line": line})
    return newline.join((f"id: 2026-11-24T12:00:00Z/{number:012}", f"data: {data}", "", ""))


def event(seq: int, attempt: int = 1, seconds: float = 0, kind: str = "step") -> dict:
    at = (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")
    return {"seq": seq, "attempt": attempt, "at": at, "kind": kind}


def lines(*events: dict) -> list[str]:
    return [json.dumps(event) for event in events]


@given(
    st.lists(st.text(max_size=30), max_size=8),
    st.lists(st.integers(1, 40), max_size=40),
    st.sampled_from(["\n", "\r\n"]),
)
def test_lines_come_out_as_they_went_in_wherever_the_network_cuts(texts, cuts, newline):
    stream = "".join(sent(number, text, newline) for number, text in enumerate(texts, 1)).encode()
    chunks = []
    for cut in cuts:
        chunks.append(stream[:cut])
        stream = stream[cut:]
    page = read_stream([*chunks, stream], None)
    assert page.lines == tuple(texts)
    assert page.cursor == (f"2026-11-24T12:00:00Z/{len(texts):012}" if texts else None)
    assert page.complete


@given(st.binary(max_size=300))
def test_whatever_comes_instead_is_no_line(noise):
    assert all(isinstance(line, str) for line in read_stream([noise], "before").lines)


def test_an_event_that_is_cut_off_is_left_for_the_next_page():
    whole, torn = sent(1, "whole"), sent(2, "torn")
    page = read_stream([whole.encode(), torn[:-10].encode()], None)
    assert (page.lines, page.cursor) == (("whole",), "2026-11-24T12:00:00Z/000000000001")


def test_comments_keep_a_stream_alive_and_say_nothing():
    page = read_stream([b": ping\n\n", sent(1, "word").encode(), b": ping\n\n"], None)
    assert page.lines == ("word",)


@pytest.mark.parametrize(
    ("error", "complete"), [(httpx.ReadTimeout, True), (httpx.RemoteProtocolError, False)]
)
def test_silence_is_the_end_of_what_there_is_and_a_break_is_not(error, complete):
    def stream():
        yield sent(1, "word").encode()
        raise error("")

    page = read_stream(stream(), None)
    assert (page.lines, page.complete) == (("word",), complete)


def test_a_page_has_an_end_in_bytes_and_in_time(monkeypatch):
    monkeypatch.setattr(runpod_log, "PAGE_BYTES", 300)
    stream = [sent(number, "x" * 50).encode() for number in range(1, 50)]
    page = read_stream(stream, None)
    assert len(page.lines) < 5
    assert not page.complete
    monkeypatch.setattr(runpod_log, "PAGE_SECONDS", 0)
    assert not read_stream(stream, None).complete


def test_other_attempts_torn_lines_and_other_output_are_passed_over():
    mixed = ["Loading…", *lines(event(1)), "{", *lines(event(2, attempt=2)), "[" * 2000, "{}"]
    found, _ = events_after(mixed, 1, 0)
    assert [each["seq"] for each in found] == [1]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30), st.data())
def test_a_log_read_again_from_anywhere_gives_each_event_once_in_order(steps, data):
    """Even where a container was restarted, and the trainer counts from 1 again."""
    log, seconds, seq = [], 0.0, 0
    for pause, restart in steps:
        seconds += pause / 1000
        seq = 1 if restart == 3 and pause else seq + 1
        log.append(event(seq, seconds=seconds))
    log = [each for each in log if each["seq"] < 1000]
    offset, read = 0, []
    while len(read) < len(log):
        start = data.draw(st.integers(0, len(read)))
        end = data.draw(st.integers(len(read) + 1, len(log)))
        found, offset = events_after(lines(*log[start:end]), 1, offset)
        read += found
    assert read == log
    assert events_after(lines(*log), 1, offset) == ((), offset)


def test_a_later_attempts_events_all_count_whatever_its_machines_clock_says():
    _, offset = events_after(lines(event(400, attempt=1, seconds=3600)), 1, 0)
    found, further = events_after(lines(event(1, attempt=2, seconds=0)), 2, offset)
    assert len(found) == 1
    assert further > offset
    assert first_position(2) > offset


@pytest.mark.parametrize(
    "changes",
    [
        *({"at": "noon"}, {"at": None}, {"at": "1999-01-01T00:00:00+00:00"}),
        *({"at": "2026-11-24T12:00:00"}, {"seq": None}, {"seq": "many"}, {"seq": [1]}),
    ],
)
def test_an_event_without_a_usable_time_has_no_place(changes):
    assert position({**event(1), **changes}) is None


def test_an_offset_fits_where_the_database_keeps_it():
    last = {**event(1023, attempt=1000), "at": "2054-01-01T00:00:00+00:00"}
    assert 0 < position(last) < 2**63
