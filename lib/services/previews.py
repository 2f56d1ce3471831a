"""The conversations of a training file one at a time, as the trainer will read them."""

import json
from array import array
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from sqlalchemy import Row

from lib import storage
from lib.services.errors import NotFound, Refusal


@dataclass(frozen=True, slots=True)
class Turn:
    """One message; `trained` says whether the model learns to write it."""

    role: str
    content: str
    trained: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """One stored sequence of `total`: mostly a whole conversation, else a pair of a split one."""

    id: str
    index: int  # from 0
    total: int
    turns: tuple[Turn, ...]

    @property
    def trained_turns(self) -> int:
        return sum(turn.trained for turn in self.turns)


def conversation(file: Row, index: int) -> Preview:
    """The conversation at `index`, from 0. Only its own line is kept in memory.

    Raises NotFound where the stored form is missing on disk or ends before, Refusal where it
    cannot be read.
    """
    path = storage.sequences_file(file.storage_key)
    try:
        status = path.stat()
        starts = _line_starts(path, file.content_hash, status.st_mtime_ns, status.st_size)
        if not 0 <= index < len(starts):
            raise NotFound(f"There is no conversation {index + 1}: the file has {len(starts):,}.")
        with path.open("rb") as lines:
            lines.seek(starts[index])
            line = lines.readline()
    except FileNotFoundError as error:
        raise NotFound(
            f"The conversations of {file.name} are missing on disk: {path.name} is no longer in "
            f"the storage folder {file.storage_key}."
        ) from error
    except OSError as error:
        raise Refusal(
            f"The conversations of {file.name} cannot be read: {error.strerror}."
        ) from error
    try:
        record = json.loads(line)
        turns = tuple(
            Turn(message["role"], message["content"], message["train"])
            for message in record["messages"]
        )
        return Preview(record["id"], index, len(starts), turns)
    except (ValueError, KeyError, TypeError) as error:
        raise Refusal(
            f"The stored conversations of {file.name} are damaged at line {index + 1}."
        ) from error


def place_of(file: Row, sequence_id: str) -> int | None:
    """Where the sequence with this id is, from 0; None where it is not, or cannot be looked for."""
    wanted = b'{"id":%s,' % json.dumps(sequence_id, ensure_ascii=False).encode()
    try:
        with storage.sequences_file(file.storage_key).open("rb") as lines:
            return next((at for at, line in enumerate(lines) if line.startswith(wanted)), None)
    except OSError:
        return None


@lru_cache(maxsize=8)
def _line_starts(path: Path, content_hash: str, modified_ns: int, size: int) -> "array[int]":
    """Where each line begins, 8 bytes a line. Time and size notice a file that was written anew."""
    starts, position = array("Q"), 0
    with path.open("rb") as lines:
        for line in lines:
            starts.append(position)
            position += len(line)
    return starts
