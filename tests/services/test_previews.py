"""Conversations are read one at a time from what the trainer will read."""

import json
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lib import storage
from lib.datafiles import import_pass
from lib.services.errors import NotFound, Refusal
from lib.services.previews import conversation

Make = Callable[..., Any]


def lines_of(file: Any) -> list[dict[str, Any]]:
    text = storage.sequences_file(file.storage_key).read_text("utf-8")
    return [json.loads(line) for line in text.split("\n") if line]


def store(file: Any, *records: object) -> Path:
    path = storage.sequences_file(file.storage_key)
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")
    return path


def record(name: str, *contents: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": text, "train": False} for text in contents]
    return {"id": name, "messages": messages}


def test_each_conversation_is_found_by_its_number_in_any_order(training_file: Make) -> None:
    file = training_file(60)
    stored = lines_of(file)

    for index in (59, 0, 31):
        preview = conversation(file, index)
        assert (preview.id, preview.index, preview.total) == (stored[index]["id"], index, 60)
        assert [
            {"role": turn.role, "content": turn.content, "train": turn.trained}
            for turn in preview.turns
        ] == stored[index]["messages"]
        assert preview.trained_turns == sum(turn["train"] for turn in stored[index]["messages"]) > 0


def test_texts_keep_their_breaks_spaces_and_scripts(training_file: Make) -> None:
    file = training_file(50)
    texts = ("one\n\n  two\t\u2028three", "שלום <b>東京</b>", "", "\u0085🙂")
    store(file, record("first", "ä" * 1000), record("second", *texts))

    assert tuple(turn.content for turn in conversation(file, 1).turns) == texts


@pytest.mark.parametrize("index", [-1, 50, 10**9])
def test_a_number_outside_the_file_is_refused(training_file: Make, index: int) -> None:
    with pytest.raises(NotFound, match="the file has 50"):
        conversation(training_file(50), index)


def test_a_file_that_is_missing_on_disk_is_named_also_after_it_was_read(
    training_file: Make,
) -> None:
    file = training_file(50)
    conversation(file, 0)
    storage.sequences_file(file.storage_key).unlink()

    with pytest.raises(NotFound) as refused:
        conversation(file, 0)
    assert file.name in str(refused.value)
    assert "missing on disk: sequences.jsonl" in str(refused.value)


def test_a_file_that_was_written_anew_is_read_anew(training_file: Make) -> None:
    file = training_file(50)
    assert conversation(file, 0).total == 50

    store(file, record("new", "Hello"), record("newer", "Hello again"))

    assert conversation(file, 1).id == "newer"
    assert conversation(file, 1).total == 2


@pytest.mark.parametrize("line", [b"{", b"\xff\xfe", b"[]", b'{"id": "a", "messages": [1]}', b"7"])
def test_a_damaged_line_is_told_with_its_number(training_file: Make, line: bytes) -> None:
    file = training_file(50)
    path = store(file, record("whole", "Hello"))
    path.write_bytes(path.read_bytes() + line + b"\n")

    assert conversation(file, 0).id == "whole"
    with pytest.raises(Refusal, match="damaged at line 2"):
        conversation(file, 1)


def test_a_large_file_takes_hardly_any_memory(training_file: Make) -> None:
    file = training_file(50)
    path = storage.sequences_file(file.storage_key)
    line = json.dumps(record("same", "x" * 20_000)).encode() + b"\n"
    with path.open("wb") as lines:
        for _ in range(2_000):  # 40 MB
            lines.write(line)

    tracemalloc.start()
    try:
        assert conversation(file, 1_999).total == 2_000
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_000_000  # bytes


def test_the_real_file_can_be_read_from_end_to_end(training_file: Make, real_file: Path) -> None:
    file = training_file(50)
    summary, _ = import_pass(real_file, storage.sequences_file(file.storage_key), name="real")

    read = [conversation(file, index) for index in range(summary.sequences)]

    assert read[0].total == len(read) == 72
    assert sum(preview.trained_turns for preview in read) == summary.trainable_pairs == 212
