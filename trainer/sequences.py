"""The training sequences: JSON Lines, checked line by line before anything is loaded."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.errors import Code, TrainerError

ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Message:
    """One turn; its content and end-of-turn token are learned if `train` is set."""

    role: str
    content: str
    train: bool


@dataclass(frozen=True)
class Sequence:
    """One training sequence: a conversation, or a part of one."""

    id: str
    messages: tuple[Message, ...]


def read(path: Path, expected_sha256: str | None) -> tuple[list[Sequence], str]:
    """Reads all sequences, in file order, and the file's SHA-256 in hexadecimal.

    Raises:
        TrainerError: bad_data, naming the line; data_changed, if the hash is another one.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise _bad("The file of training sequences cannot be read.", str(error)) from error
    sha256 = hashlib.sha256(content).hexdigest()
    if expected_sha256 is not None and sha256 != expected_sha256:
        raise TrainerError(
            Code.DATA_CHANGED,
            "The training data is not what was approved for this job: its file has changed "
            "since. Prepare the job again from the training file.",
            f"expected sha256 {expected_sha256}, found {sha256}",
        )
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    sequences = [_parse_line(line, number) for number, line in enumerate(lines, start=1)]
    if not sequences:
        raise _bad("The file of training sequences is empty.")
    seen: set[str] = set()
    for number, sequence in enumerate(sequences, start=1):
        if sequence.id in seen:
            raise _bad(f"Line {number}: the id {sequence.id!r} is used twice.")
        seen.add(sequence.id)
    return sequences, sha256


def _bad(message: str, detail: str = "") -> TrainerError:
    return TrainerError(Code.BAD_DATA, f"{message} Prepare the training data again.", detail)


def _parse_line(line: bytes, number: int) -> Sequence:
    try:
        value = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise _bad(f"Line {number} is not valid JSON.", str(error)) from error
    where = f"Line {number}"
    if not isinstance(value, dict) or value.keys() != {"id", "messages"}:
        raise _bad(f"{where} must be an object with the fields id and messages.")
    if not _is_text(value["id"]) or not value["id"]:
        raise _bad(f"{where}: id must be a text.")
    if not isinstance(value["messages"], list) or not value["messages"]:
        raise _bad(f"{where}: messages must be a list of messages.")
    messages = tuple(
        _parse_message(message, f"{where}, message {place}")
        for place, message in enumerate(value["messages"], start=1)
    )
    if not any(message.train for message in messages):
        raise _bad(f"{where} ({value['id']!r}) has no message to learn from.")
    return Sequence(value["id"], messages)


def _parse_message(value: Any, where: str) -> Message:
    if not isinstance(value, dict) or value.keys() != {"role", "content", "train"}:
        raise _bad(f"{where} must be an object with the fields role, content and train.")
    if value["role"] not in ROLES:
        raise _bad(f"{where}: role must be one of {', '.join(ROLES)}.")
    if not _is_text(value["content"]):
        raise _bad(f"{where}: content must be a text.")
    if not isinstance(value["train"], bool):
        raise _bad(f"{where}: train must be true or false.")
    if value["train"] and (value["role"] != "assistant" or not value["content"].strip()):
        raise _bad(f"{where}: only a non-empty assistant message can be learned.")
    return Message(value["role"], value["content"], value["train"])


def _is_text(value: Any) -> bool:
    """Whether it is a string that UTF-8 can hold: JSON escapes can spell lone surrogates."""
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
