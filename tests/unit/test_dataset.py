"""What a training file's figures mean for the people who want to train on it (FR1.1.1)."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest

from lib.domain.conversations import Conversation, Header, Label, Message, Pair, Scores
from lib.domain.conversations import TrainingSequence as Sequence
from lib.domain.dataset import (
    DatasetError,
    DatasetSummary,
    eligible,
    pairs_explained,
    problems,
    readiness,
    safe_name,
    scores_explained,
)
from lib.domain.dataset_tally import MOST_LABELS, Tally

ANSWERED = Pair(True, human_reviewed=True, scores=Scores(Decimal("4.5"), empathy=Decimal("4.4")))
STATED = Pair(False, restated=True, scores=Scores(Decimal("4.5"), empathy=Decimal("4.4")))


def conversation(number: int = 1, pairs=(STATED, ANSWERED), **changes) -> Conversation:
    messages = (Message("user", "four"), Message("assistant", "twelve chars", train=True))
    values = {
        "number": number,
        "conversation_id": f"c{number}",
        "turns": len(pairs),
        "pairs": tuple(pairs),
        "sequences": (Sequence(messages),),
        "persona": Label("calm", "The Calm One"),
    }
    return Conversation(**(values | changes))


def summary_of(conversations, header: Header | None = None) -> DatasetSummary:
    tally = Tally()
    for each in conversations:
        tally.add(each)
    return tally.summary(
        name="f.json",
        format="brightrun-lora-v4",
        size_bytes=1234,
        sha256="ab" * 32,
        header=header or Header(),
    )


@pytest.fixture
def good() -> DatasetSummary:
    return summary_of(
        (conversation(number) for number in range(1, 51)),
        Header(title="T", conversations=50, pairs=100, average_quality=Decimal("4.5")),
    )


def codes(summary: DatasetSummary) -> dict[str, str]:
    return {problem.code: problem.severity for problem in problems(summary)}


def test_a_tally_counts_what_it_was_given(good):
    assert (good.conversations, good.training_pairs, good.trainable_pairs) == (50, 100, 50)
    assert (good.restated_pairs, good.human_reviewed, good.sequences) == (50, 50, 50)
    assert good.human_reviewed_percentage == Decimal("50.0")
    assert (good.characters, good.trained_characters, good.longest_sequence) == (800, 600, 16)
    assert good.quality["empathy"] == Decimal("4.40")
    assert good.quality["clarity"] is None
    assert [(s.key, s.name, s.count) for s in good.personas] == [("calm", "The Calm One", 50)]
    assert good.topics == ()
    assert good.turns == {2: 50}


def test_quality_is_the_mean_of_the_pairs_that_have_a_score_rounded_to_cents():
    scores = ("3.4", "4.9", "4.9", None)
    pairs = [Pair(True, scores=Scores(quality=s and Decimal(s))) for s in scores]
    summary = summary_of([conversation(pairs=pairs)])
    assert summary.average_quality == Decimal("4.40")
    assert (summary.min_quality, summary.max_quality) == (Decimal("3.40"), Decimal("4.90"))


def test_labels_are_ranked_and_those_beyond_the_limit_counted_as_one():
    labelled = (
        conversation(number, persona=Label(f"p{number:05}", "P"))
        for number in range(MOST_LABELS + 9)
    )
    personas = summary_of(labelled).personas
    assert len(personas) == MOST_LABELS + 1
    assert (personas[0].name, personas[0].count) == ("Other", 9)
    assert sum(share.count for share in personas) == MOST_LABELS + 9


def test_a_summary_survives_json(good):
    unscored = summary_of([conversation(pairs=[Pair(True)])])
    for summary in (good, unscored):
        assert DatasetSummary.from_dict(json.loads(json.dumps(summary.to_dict()))) == summary


def test_the_dataset_size_is_the_declared_one_and_the_counted_one_where_none_is(good):
    assert replace(good, header=Header(pairs=447)).dataset_size == 447
    assert replace(good, header=Header()).dataset_size == 100


def test_a_good_file_is_eligible_and_ready(good):
    assert problems(good) == []
    assert eligible(good)
    assert readiness(good).label == "✓ Ready for Training"
    assert "50 conversations" in readiness(good).tooltip


@pytest.mark.parametrize(("count", "allowed"), [(0, False), (49, False), (50, True)])
def test_fewer_than_50_conversations_block(good, count, allowed):
    summary = replace(good, conversations=count, header=Header())
    assert eligible(summary) is allowed
    if not allowed:
        assert problems(summary)[0].message.startswith("Insufficient conversations")
        assert f"{count} found" in problems(summary)[0].message


@pytest.mark.parametrize(
    ("changes", "code", "severity"),
    [
        ({"trainable_pairs": 0}, "nothing_to_train", "blocking"),
        ({"header": Header(conversations=51)}, "declared_mismatch", "warning"),
        ({"header": Header(pairs=99)}, "declared_mismatch", "warning"),
        ({"average_quality": Decimal("3.99")}, "low_quality", "review"),
        ({"average_quality": None}, "no_quality", "review"),
        ({"human_reviewed": 0}, "not_reviewed", "review"),
    ],
)
def test_each_problem_is_found_alone_and_only_the_blocking_ones_block(
    good, changes, code, severity
):
    summary = replace(good, **changes)
    assert codes(summary) == {code: severity}
    assert eligible(summary) is (severity != "blocking")
    assert readiness(summary).label == "⚠ Review Required"
    assert problems(summary)[0].message in readiness(summary).tooltip


def test_an_obstacle_needs_review_whatever_the_file_is_like(good):
    for summary in (good, None):
        found = readiness(summary, "Storage file missing")
        assert found.label == "⚠ Review Required"
        assert "Storage file missing" in found.tooltip


def test_scores_that_never_differ_are_explained_and_others_are_not(good):
    three = Decimal("3.00")
    same = replace(good, average_quality=three, min_quality=three, max_quality=three)
    assert "Every pair is scored 3.00" in scores_explained(replace(same, human_reviewed=0))
    assert "none is marked" in scores_explained(replace(same, human_reviewed=0))
    assert "7 of 100 pairs are marked" in scores_explained(replace(same, human_reviewed=7))
    assert scores_explained(replace(same, max_quality=Decimal("3.01"))) is None
    assert scores_explained(replace(same, average_quality=None)) is None


def test_quality_of_exactly_four_needs_no_review(good):
    assert problems(replace(good, average_quality=Decimal("4.00"))) == []


def test_a_mismatch_names_both_figures(good):
    summary = replace(good, header=Header(conversations=60, pairs=1447))
    [problem] = problems(summary)
    assert "60 conversations declared but 50 found" in problem.message
    assert "1,447 training pairs declared but 100 found" in problem.message


def test_a_file_that_is_still_being_read_is_processing():
    assert readiness(None).label == "⏳ Processing"
    assert "still being read" in readiness(None).tooltip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"training_pairs": 447, "trainable_pairs": 212, "restated_pairs": 212},
            "The file lists 447 training pairs; 212 of them have a target response and are"
            " trained. Of the other 235, 212 only state a user turn, which the next pair repeats"
            " together with the answer, and 23 hold a user turn without an answer.",
        ),
        (
            {"training_pairs": 30, "trainable_pairs": 30, "restated_pairs": 0},
            "The file lists 30 training pairs; each has a target response and is trained.",
        ),
        (
            {"training_pairs": 30, "trainable_pairs": 1, "restated_pairs": 0},
            "The file lists 30 training pairs; 1 of them has a target response and is trained."
            " Of the other 29, 29 hold a user turn without an answer.",
        ),
        (
            {
                "training_pairs": 30,
                "trainable_pairs": 30,
                "restated_pairs": 0,
                "header": Header(pairs=1447),
            },
            "The file declares 1,447 training pairs and lists 30; each has a target response and"
            " is trained.",
        ),
        (
            {
                "training_pairs": 30,
                "trainable_pairs": 20,
                "restated_pairs": 0,
                "format": "chat-jsonl",
            },
            "The file lists 30 training pairs; 20 of them have a target response and are trained."
            " The other 10 have a weight of 0 or are blank.",
        ),
    ],
)
def test_the_pairs_are_explained_with_the_files_own_figures(good, changes, said):
    assert pairs_explained(replace(good, **({"header": Header()} | changes))) == said


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("training.json", "training.json"),
        ("../../etc/passwd", "passwd"),
        ("C:\\x\\y.json", "y.json"),
        ("a\x00b\r\n\x1b[31mc.json", "ab[31mc.json"),
        ("evil\u202egnp.json", "evilgnp.json"),
        ("\ud800half.json", "half.json"),
        ("x" * 500, "x" * 200),
        ("", "unnamed file"),
        ("folder/", "unnamed file"),
        ("..", "unnamed file"),
        (" \n ", "unnamed file"),
        ("Größe 💡.json", "Größe 💡.json"),
    ],
)
def test_a_file_name_is_made_safe_to_show(given, shown):
    assert safe_name(given) == shown


def test_an_error_is_one_line_of_file_place_and_cure():
    error = DatasetError("wrong_type", "has to be text.", "conversations[2].id", "f.json")
    assert str(error) == "f.json: conversations[2].id: has to be text."
    assert str(DatasetError("empty", "holds nothing.", name="f.json")) == "f.json: holds nothing."


def test_an_error_code_has_to_be_a_known_one():
    with pytest.raises(ValueError, match="unknown dataset error code"):
        DatasetError("oops", "…")


def test_sequence_ids_differ_even_if_conversation_ids_repeat():
    twins = [conversation(number, conversation_id="same") for number in (1, 2)]
    assert len({twin.sequence_id(twin.sequences[0]) for twin in twins}) == 2
