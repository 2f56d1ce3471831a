"""From training pairs to training sequences, and their neutral JSONL for the trainer.

One sequence per conversation trains the same tokens as one per pair, with about half the tokens
to process, because each pair repeats the conversation before it. So pairs are merged whenever
that changes nothing, and kept apart where system prompts or histories differ.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lib.domain.conversations import Conversation, Message, TrainingSequence

_encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Example:
    """A pair that has a target: what comes before the response, and the response. `position`
    counts the conversation's pairs from 1."""

    position: int
    context: tuple[Message, ...]  # system prompt, earlier turns, the current user input
    target: str


def merged(examples: list[Example]) -> tuple[TrainingSequence, ...]:
    """One sequence of all examples if each is a beginning of the longest, else one of each.

    Either way, every target is trained exactly once.
    """
    if not examples:
        return ()
    whole = [_with_target(example) for example in examples]
    longest = max(whole, key=len)
    ends = {len(turns) for turns in whole}
    if len(ends) == len(whole) and all(turns == longest[: len(turns)] for turns in whole):
        return (TrainingSequence(_trained(longest, ends)),)
    return tuple(
        TrainingSequence(_trained(turns, {len(turns)}), f"-pair{example.position}")
        for example, turns in zip(examples, whole, strict=True)
    )


def _with_target(example: Example) -> tuple[Message, ...]:
    return (*example.context, Message("assistant", example.target))


def _trained(turns: tuple[Message, ...], ends: set[int]) -> tuple[Message, ...]:
    return tuple(
        Message(turn.role, turn.content, train=position in ends)
        for position, turn in enumerate(turns, start=1)
    )


@dataclass(frozen=True, slots=True)
class SequenceStats:
    """What was written: lines, trained responses in them, bytes, and the file's SHA-256."""

    sequences: int
    trained_responses: int
    split_conversations: int  # kept as pairs, since they could not be merged
    size_bytes: int
    sha256: str


class SequenceWriter:
    """Writes sequences as JSON lines: {"id", "messages": [{"role", "content", "train"}]}."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb")
        self._hash = hashlib.sha256()
        self._sequences = self._responses = self._split = self._size = 0

    def add(self, conversation: Conversation) -> None:
        for sequence in conversation.sequences:
            messages = [
                {"role": message.role, "content": message.content, "train": message.train}
                for message in sequence.messages
            ]
            record = {"id": conversation.sequence_id(sequence), "messages": messages}
            line = _encoded(record).encode() + b"\n"
            self._file.write(line)
            self._hash.update(line)
            self._size += len(line)
            self._responses += sum(message.train for message in sequence.messages)
        self._sequences += len(conversation.sequences)
        self._split += len(conversation.sequences) > 1

    def stats(self) -> SequenceStats:
        return SequenceStats(
            self._sequences, self._responses, self._split, self._size, self._hash.hexdigest()
        )

    def close(self, *, durable: bool) -> None:
        if durable:
            self._file.flush()
            os.fsync(self._file.fileno())
        self._file.close()


@contextmanager
def replacing(target: Path) -> Iterator[SequenceWriter]:
    """A writer whose file takes the place of `target` at the end, whole; on an error nothing is
    left behind and `target` stays as it was."""
    descriptor, name = tempfile.mkstemp(".part", f".{target.name}.", target.parent)
    os.close(descriptor)
    part = Path(name)
    writer = SequenceWriter(part)
    try:
        yield writer
        writer.close(durable=True)
        part.replace(target)
    except BaseException:
        writer.close(durable=False)
        part.unlink(missing_ok=True)
        raise
