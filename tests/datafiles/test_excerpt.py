"""The first conversations of a file, in its own format."""

import json
from pathlib import Path
from typing import Literal

import pytest

from lib.datafiles import open_training_file, summarise
from lib.datafiles.excerpt import write_excerpt
from lib.datafiles.sample import write_sample
from lib.domain.conversations import Conversation, DatasetError


def conversations(path: Path) -> list[Conversation]:
    with open_training_file(path) as found:
        return list(found)


@pytest.mark.parametrize("format", ["brightrun", "jsonl", "chat"])
def test_the_first_conversations_are_the_same_and_no_others(
    tmp_path: Path, format: Literal["brightrun", "jsonl", "chat"]
) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    write_sample(whole, conversations=60, format=format)
    write_excerpt(whole, part, 51, name="whole")
    assert conversations(part) == conversations(whole)[:51]
    summary = summarise(part, name="part")
    assert summary.conversations == 51
    pairs = sum(len(one.pairs) for one in conversations(part))
    assert summary.dataset_size == pairs, "its own totals"


def test_pairs_on_lines_of_their_own_stay_with_their_conversation(tmp_path: Path) -> None:
    lines = [
        {"_meta": {"file_name": "pairs", "total_conversations": 3, "total_training_pairs": 6}}
    ] + [
        {
            "conversation_id": name,
            "current_user_input": f"{name} asks {turn}",
            "target_response": "An answer",
            "conversation_history": [],
            "system_prompt": None,
        }
        for turn in range(2)
        for name in ("a", "b", "c")
    ]
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.write_text("\n".join(map(json.dumps, lines)))
    write_excerpt(whole, part, 2, name="whole")
    assert [(one.conversation_id, one.turns) for one in conversations(part)] == [("a", 2), ("b", 2)]
    header = json.loads(part.read_text().splitlines()[0])["_meta"]
    assert (header["total_conversations"], header["total_training_pairs"]) == (2, 4)


def test_a_broken_end_is_found_though_it_is_not_kept(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    write_sample(whole, conversations=60)
    whole.write_bytes(whole.read_bytes()[:-200])
    with pytest.raises(DatasetError):
        write_excerpt(whole, tmp_path / "part", 50, name="whole")


def test_the_real_file_can_be_cut(real_file: Path, tmp_path: Path) -> None:
    part = tmp_path / "part"
    write_excerpt(real_file, part, 50, name="real")
    assert conversations(part) == conversations(real_file)[:50]
