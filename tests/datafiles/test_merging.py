"""Pairs become one sequence per conversation wherever that changes nothing."""

from lib.datafiles.sequences import Example, merged
from lib.domain.conversations import Message

SYSTEM = Message("system", "Be kind.")


def user(text: str) -> Message:
    return Message("user", text)


def said(text: str) -> Message:
    return Message("assistant", text)


FIRST = Example(2, (SYSTEM, user("a")), "A")
SECOND = Example(4, (SYSTEM, user("a"), said("A"), user("b")), "B")


def trained(sequence) -> list[str]:
    return [message.content for message in sequence.messages if message.train]


def test_consistent_pairs_make_one_sequence_that_trains_every_target():
    [sequence] = merged([FIRST, SECOND])
    assert [m.content for m in sequence.messages] == ["Be kind.", "a", "A", "b", "B"]
    assert trained(sequence) == ["A", "B"]


def test_the_order_of_the_pairs_does_not_matter():
    assert merged([SECOND, FIRST]) == merged([FIRST, SECOND])


def test_an_answer_that_is_only_history_is_not_trained():
    [sequence] = merged([SECOND])
    assert trained(sequence) == ["B"]
    assert [m.content for m in sequence.messages if m.role == "assistant"] == ["A", "B"]


def test_different_system_prompts_keep_the_pairs_apart():
    other = Example(4, (Message("system", "Be brief."), *SECOND.context[1:]), "B")
    sequences = merged([FIRST, other])
    assert [trained(sequence) for sequence in sequences] == [["A"], ["B"]]
    assert len({sequence.suffix for sequence in sequences}) == 2


def test_a_history_that_tells_another_story_keeps_the_pairs_apart():
    other = Example(4, (SYSTEM, user("a"), said("edited"), user("b")), "B")
    assert [trained(sequence) for sequence in merged([FIRST, other])] == [["A"], ["B"]]


def test_two_answers_to_the_same_words_are_both_trained():
    again = Example(3, FIRST.context, "another A")
    twin = Example(3, FIRST.context, "A")
    assert [trained(s) for s in merged([FIRST, again])] == [["A"], ["another A"]]
    assert [trained(s) for s in merged([FIRST, twin])] == [["A"], ["A"]]


def test_no_examples_make_no_sequence():
    assert merged([]) == ()
