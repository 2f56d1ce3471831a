"""The file of sequences is checked line by line."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.trainer.runs import conversations, write_lines
from trainer import sequences
from trainer.errors import Code, TrainerError

USER = {"role": "user", "content": "Hi?", "train": False}
REPLY = {"role": "assistant", "content": "Yes.", "train": True}


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(TrainerError) as failure:
        sequences.read(path, None)
    assert failure.value.code == Code.BAD_DATA
    return failure.value.message


def test_sequences_come_back_in_file_order_with_the_files_hash(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "s.jsonl", conversations(3))
    read, sha256 = sequences.read(path, None)
    assert [sequence.id for sequence in read] == ["c0", "c1", "c2"]
    assert [message.train for message in read[0].messages] == [False, False, True, False, True]
    assert sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sequences.read(path, sha256) == (read, sha256)


def test_another_file_than_the_approved_one_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "s.jsonl", conversations(3))
    with pytest.raises(TrainerError, match="its file has changed") as failure:
        sequences.read(path, "0" * 64)
    assert failure.value.code == Code.DATA_CHANGED


BAD_LINES = {
    "not JSON": (b"{", "is not valid JSON"),
    "not UTF-8": (b'{"id": "\xff"}', "is not valid JSON"),
    "an empty line": (b"", "is not valid JSON"),
    "too deep": (b"[" * 200_000, "is not valid JSON"),
    "a list": (b"[]", "must be an object"),
    "a field too many": (b'{"id": "x", "messages": [], "extra": 1}', "id and messages"),
    "a number as id": (b'{"id": 5, "messages": []}', "id must be a text"),
    "no messages": (b'{"id": "x", "messages": []}', "list of messages"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_LINES.values(), ids=BAD_LINES.keys())
def test_a_bad_line_is_named(tmp_path: Path, line: bytes, reason: str) -> None:
    good = json.dumps({"id": "a", "messages": [USER, REPLY]}).encode()
    message = refusal(tmp_path / "s.jsonl", good + b"\n" + line + b"\n")
    assert message.startswith("Line 2") and reason in message


BAD_MESSAGES = {
    "role": ({**USER, "role": "tool"}, "role must be one of"),
    "content": ({**USER, "content": None}, "content must be a text"),
    "lone surrogate": ({**USER, "content": "\ud800"}, "content must be a text"),
    "train": ({**USER, "train": 1}, "train must be true or false"),
    "a learned question": ({**USER, "train": True}, "only a non-empty assistant message"),
    "an empty reply": ({**REPLY, "content": " \n"}, "only a non-empty assistant message"),
    "missing field": ({"role": "user", "content": "x"}, "role, content and train"),
}


@pytest.mark.parametrize(("message", "reason"), BAD_MESSAGES.values(), ids=BAD_MESSAGES.keys())
def test_a_bad_message_is_named(tmp_path: Path, message: dict, reason: str) -> None:
    line = json.dumps({"id": "a", "messages": [USER, message, REPLY]}).encode()
    found = refusal(tmp_path / "s.jsonl", line + b"\n")
    assert found.startswith("Line 1, message 2") and reason in found


def test_sequences_without_sense_as_a_whole_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    assert "is empty" in refusal(path, b"")
    twice = json.dumps({"id": "a", "messages": [USER, REPLY]}).encode() + b"\n"
    assert refusal(path, twice * 2).startswith("Line 2: the id 'a' is used twice")
    unlearned = json.dumps({"id": "a", "messages": [USER]}).encode()
    assert "no message to learn from" in refusal(path, unlearned)
    path.unlink()
    with pytest.raises(TrainerError, match="cannot be read"):
        sequences.read(path, None)
