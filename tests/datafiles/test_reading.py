"""The three formats of a training file are read alike."""

import hashlib
import json
import random
from decimal import Decimal
from pathlib import Path

import pytest

from lib.datafiles import content_hash, import_pass, open_training_file, summarise, write_sequences
from lib.datafiles.sample import write_sample
from lib.domain.dataset import DatasetError, eligible, pairs_explained

REAL = Path(__file__).resolve().parents[3] / "shared/data/training-file-72-conversations.json"
real_file = pytest.mark.skipif(not REAL.exists(), reason="the real training file is not here")


@pytest.fixture
def sample(tmp_path) -> Path:
    write_sample(tmp_path / "sample.json", conversations=12, seed=5)
    return tmp_path / "sample.json"


def sequences(path: Path) -> list[dict]:
    target = path.with_suffix(".sequences")
    write_sequences(path, target)
    return [json.loads(line) for line in target.read_text().splitlines()]


def rewritten(path: Path, name: str, text: str) -> Path:
    new = path.with_name(name)
    new.write_text(text, encoding="utf-8", newline="")
    return new


def json_lines(*records: dict) -> str:
    return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


@real_file
def test_the_real_files_figures_are_found(tmp_path):
    summary, stats = import_pass(REAL, tmp_path / "out.jsonl")
    assert (summary.conversations, summary.training_pairs, summary.trainable_pairs) == (
        72,
        447,
        212,
    )
    assert (summary.declared_conversations, summary.declared_pairs) == (72, 447)
    assert summary.average_quality == Decimal("3.00")
    assert (summary.human_reviewed, summary.size_bytes) == (0, REAL.stat().st_size)
    assert [len(x) for x in (summary.personas, summary.emotional_arcs, summary.topics)] == [
        3,
        4,
        12,
    ]
    assert summary.turns == {4: 3, 5: 17, 6: 34, 7: 5, 8: 9, 9: 1, 10: 3}
    assert (stats.sequences, stats.trained_responses, stats.split_conversations) == (72, 212, 0)
    assert eligible(summary)
    assert "447" in pairs_explained(summary)
    assert "212" in pairs_explained(summary)


@real_file
def test_the_real_files_sequences_train_each_response_once_and_repeat_none(tmp_path):
    write_sequences(REAL, tmp_path / "out.jsonl")
    document = json.loads(REAL.read_text())
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    for conversation, line in zip(document["conversations"], lines, strict=True):
        messages = json.loads(line)["messages"]
        targets = [p["target_response"] for p in conversation["training_pairs"]]
        assert [m["content"] for m in messages if m["train"]] == [t for t in targets if t]
        roles = [m["role"] for m in messages]
        assert roles == ["system", *["user", "assistant"] * (len(roles) // 2)]


def test_pretty_minified_and_reordered_json_read_the_same(sample):
    document = json.loads(sample.read_text())
    reordered = dict(reversed(document.items()))
    assert next(iter(reordered)) == "conversations"
    variants = [
        json.dumps(document),
        json.dumps(document, separators=(",", ":"), ensure_ascii=False),
        json.dumps(document, indent=4).replace("\n", "\r\n"),
        json.dumps(reordered, indent=1),
        "\ufeff\n " + json.dumps(document) + "\n\n",
        json.dumps({"extra": [1, {"a": None}]} | document),
    ]
    wanted, header = sequences(sample), summarise(sample).header
    for text in variants:
        path = rewritten(sample, "variant.json", text)
        assert sequences(path) == wanted
        assert summarise(path).header == header


def test_the_json_lines_form_gives_the_same_bytes(sample, tmp_path):
    write_sample(tmp_path / "sample.jsonl", conversations=12, seed=5, format="jsonl")
    one, stats = import_pass(sample, tmp_path / "one")
    other, other_stats = import_pass(tmp_path / "sample.jsonl", tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert stats == other_stats
    assert (one.header, one.quality, one.turns) == (other.header, other.quality, other.turns)
    assert (one.format, other.format) == ("brightrun-lora-v4", "brightrun-jsonl")


@pytest.mark.parametrize("kind", ["fields", "wrapped", "true and wrapped", "true and fields"])
def test_each_way_of_writing_the_first_line_is_understood(sample, kind):
    document = json.loads(sample.read_text())
    profile = {"consultant_profile": document["consultant_profile"]}
    metadata = document["training_file_metadata"]
    wrapped = {"training_file_metadata": metadata} | profile
    first = {
        "fields": {"_meta": metadata} | profile,
        "wrapped": {"_meta": wrapped},
        "true and wrapped": {"_meta": True} | wrapped,
        "true and fields": {"_meta": True} | metadata | profile,
    }[kind]
    text = json_lines(first, *document["conversations"]).replace("\n", "\r\n\r\n")
    path = rewritten(sample, "lines.jsonl", "\ufeff" + text)
    assert summarise(path).header == summarise(sample).header
    assert sequences(path) == sequences(sample)


@pytest.mark.parametrize("shuffled", [False, True])
def test_pairs_on_lines_of_their_own_are_grouped_by_conversation(sample, shuffled):
    document = json.loads(sample.read_text())
    waiting = [list(c["training_pairs"]) for c in document["conversations"]]
    pairs = []
    dice = random.Random(3)
    while any(waiting):
        # The first pair of each conversation in order, so that the conversations keep theirs.
        untouched = len(pairs) < len(waiting)
        at = len(pairs) if untouched and shuffled else next(i for i, w in enumerate(waiting) if w)
        if shuffled and not untouched:
            at = dice.choice([i for i, w in enumerate(waiting) if w])
        pairs.append(waiting[at].pop(0))
    lines = json_lines({"_meta": document["training_file_metadata"]}, *pairs)
    path = rewritten(sample, "pairs.jsonl", lines)
    assert sequences(path) == sequences(sample)
    summary = summarise(path)
    assert summary.training_pairs == summarise(sample).training_pairs
    assert [s.key for s in summary.topics] == [s.key for s in summarise(sample).topics]


def test_chat_lines_hold_the_same_conversations(sample, tmp_path):
    write_sample(tmp_path / "chat.jsonl", conversations=12, seed=5, format="chat")
    chat, original = sequences(tmp_path / "chat.jsonl"), sequences(sample)
    assert [s["messages"] for s in chat] == [s["messages"] for s in original]
    summary = summarise(tmp_path / "chat.jsonl")
    assert (summary.format, summary.declared_pairs) == ("chat-jsonl", None)
    assert summary.training_pairs == summary.trainable_pairs


def test_chat_weights_decide_what_is_trained_and_extra_keys_are_ignored(tmp_path):
    record = {
        "id": {"any": ["thing"]},
        "messages": [
            {"role": "developer", "content": "Be kind."},
            {"role": "user", "content": "Hi", "name": "A", "weight": 1},
            {"role": "assistant", "content": "Skip me", "weight": 0},
            {"role": "user", "content": "Again"},
            {"role": "assistant", "content": "Learn me", "weight": 1, "tool_calls": None},
            {"role": "user", "content": "Never answered"},
            {"role": "assistant", "content": "  "},
        ],
    }
    path = rewritten(tmp_path / "x", "chat.jsonl", "\r\n\n" + json_lines(record))
    [sequence] = sequences(path)
    assert [(m["role"], m["train"]) for m in sequence["messages"]] == [
        ("system", False),
        ("user", False),
        ("assistant", False),
        ("user", False),
        ("assistant", True),
    ]
    summary = summarise(path)
    assert (summary.training_pairs, summary.trainable_pairs, summary.turns) == (3, 1, {6: 1})


def test_the_stream_yields_conversations_in_order_and_knows_the_header_at_the_end(sample):
    with open_training_file(sample, name="uploads/My file.json") as file:
        numbers = [conversation.number for conversation in file]
        assert numbers == list(range(1, 13))
        assert file.name == "My file.json"
        assert file.header.vertical == "bicycle_workshop"


def test_a_value_cut_by_the_reading_window_is_read_whole(tmp_path, sample):
    document = json.loads(sample.read_text())
    big = "é" * 200_000 + "💡" * 50_000 + "\\u0000 as text \\ud800"
    document["conversations"][3]["training_pairs"][1]["target_response"] = big
    document["conversations"][4]["note"] = [0.12345678901234567] * 50_000
    for escaped in (True, False):
        path = rewritten(sample, "big.json", json.dumps(document, ensure_ascii=escaped))
        [found] = [
            message["content"]
            for sequence in sequences(path)
            for message in sequence["messages"]
            if message["train"] and len(message["content"]) > 1000
        ]
        assert found == big


def test_progress_is_reported_while_reading(tmp_path):
    write_sample(tmp_path / "f.json", conversations=450)
    seen = []
    summarise(tmp_path / "f.json", progress=lambda done, total: seen.append((done, total)))
    size = (tmp_path / "f.json").stat().st_size
    assert len(seen) >= 3
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert all(0 < done <= total == size for done, total in seen)


def test_the_hash_is_of_the_files_bytes(sample):
    assert summarise(sample).sha256 == content_hash(sample)
    assert content_hash(sample) == hashlib.sha256(sample.read_bytes()).hexdigest()


def test_a_failed_import_leaves_the_old_sequences_and_no_scraps(sample, tmp_path):
    target = tmp_path / "out" / "sequences.jsonl"
    target.parent.mkdir()
    target.write_text("old")
    cut = rewritten(sample, "cut.json", sample.read_text()[:-100])
    with pytest.raises(DatasetError):
        write_sequences(cut, target)
    assert target.read_text() == "old"
    assert list(target.parent.iterdir()) == [target]
    write_sequences(sample, target)
    assert len(target.read_text().splitlines()) == 12
    assert list(target.parent.iterdir()) == [target]
