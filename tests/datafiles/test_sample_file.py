"""The generated training file is a fair stand-in for a real one."""

import json

import pytest

from lib.datafiles import import_pass, summarise
from lib.datafiles.sample import write_sample
from lib.domain.dataset import problems


def test_the_default_sample_is_small_ready_and_true_to_its_own_figures(tmp_path):
    path = tmp_path / "sample.json"
    write_sample(path)
    summary, stats = import_pass(path, tmp_path / "out.jsonl")
    assert path.stat().st_size < 500_000
    assert problems(summary) == []
    assert summary.conversations == 60
    assert summary.header.average_quality is not None
    assert summary.header.human_reviewed == summary.human_reviewed > 0
    assert (stats.sequences, stats.split_conversations) == (60, 0)
    assert stats.trained_responses == summary.trainable_pairs
    assert len(summary.personas) == 5
    assert len(summary.emotional_arcs) == 4
    assert len(summary.topics) == 7
    assert set(summary.turns) <= set(range(4, 11))
    assert summary.min_quality < 4 < summary.max_quality


def test_its_texts_vary(tmp_path):
    write_sample(tmp_path / "f.jsonl", format="chat")
    answers = [
        message["content"]
        for line in (tmp_path / "f.jsonl").read_text().splitlines()
        for message in json.loads(line)["messages"]
        if message["role"] == "assistant"
    ]
    assert len(set(answers)) > len(answers) / 2


@pytest.mark.parametrize("format", ["brightrun", "jsonl", "chat"])
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, format):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write_sample(tmp_path / name, conversations=5, seed=seed, format=format)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()
    assert summarise(tmp_path / "c").conversations == 5
