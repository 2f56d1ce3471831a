"""The changes that steps make, the conversation that a message names, and a wait in words."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lib.domain.hyperparameters import LIMITS, Whole
from lib.domain.next_steps import (
    NextStep,
    Step,
    Waiting,
    conversation_named_in,
    lower_rank,
    more,
    smaller_batch,
    waiting,
)
from lib.domain.presets import PRESETS
from trainer.conversations import _unfaithful
from trainer.sequences import Sequence

BALANCED = PRESETS["balanced"].hyperparameters
T0 = datetime(2026, 11, 24, 12, 3, tzinfo=UTC)


@given(batch=some.integers(1, 64), accumulated=some.integers(1, 64))
def test_a_smaller_batch_keeps_the_conversations_of_a_step(batch: int, accumulated: int) -> None:
    chosen = replace(
        BALANCED, per_device_train_batch_size=batch, gradient_accumulation_steps=accumulated
    )
    smaller = smaller_batch(chosen)
    if smaller is None:
        part = next((part for part in range(2, batch + 1) if batch % part == 0), 0)
        assert batch == 1 or accumulated * part > 64
        return
    new, steps = smaller["per_device_train_batch_size"], smaller["gradient_accumulation_steps"]
    assert 1 <= new < batch
    assert new * steps == batch * accumulated
    assert batch % 2 or (new, steps) == (batch // 2, accumulated * 2)


@given(rank=some.integers(1, 256), alpha=some.integers(1, 512))
def test_a_lower_rank_is_one_that_a_job_may_have(rank: int, alpha: int) -> None:
    lower = lower_rank(replace(BALANCED, r=rank, lora_alpha=alpha))
    if lower is None:
        assert rank == 1
        return
    assert lower["r"] == rank // 2
    for name, value in lower.items():
        limit = LIMITS[name]
        assert isinstance(limit, Whole)
        assert limit.read(value) == value


def test_alpha_goes_down_with_the_rank() -> None:
    assert lower_rank(BALANCED) == {"r": 8, "lora_alpha": 16}


@pytest.mark.parametrize("name", ["conv-12", "it's", 'say "a"', "both ' and \"", "naïve \\ x\n"])
def test_the_trainers_words_name_the_conversation(name: str) -> None:
    assert conversation_named_in(_unfaithful(Sequence(name, ()), "x").message) == name
    assert conversation_named_in(f"Conversation {name!r} has 9,000 tokens, and 8,192 fit") == name


@pytest.mark.parametrize("message", [None, "", "Line 3 is not valid JSON.", "Conversation 3"])
def test_other_messages_name_none(message: str | None) -> None:
    assert conversation_named_in(message) is None


def test_a_price_is_said_as_what_it_adds() -> None:
    assert more(Decimal("84.2")) == "+$84.20"
    assert more(Decimal("-3")) == "-$3.00"
    assert more(Decimal("0.00")) == "the same price"
    step = NextStep(Step.ON_DEMAND, "Start on demand instead", "", difference=Decimal("84.20"))
    assert step.text == "Start on demand instead: +$84.20"


@dataclass
class Tried:
    outcome: str | None
    created_at: datetime
    ended_at: datetime | None
    retry_at: datetime | None = None


def tried(*outcomes: str | None) -> list[Tried]:
    """One attempt a minute."""
    found = []
    for minute, outcome in enumerate(outcomes):
        began = T0 + timedelta(minutes=minute)
        ended = None if outcome is None else began + timedelta(seconds=2)
        retry = ended and ended + timedelta(seconds=40)
        found.append(Tried(outcome, began, ended, retry))
    return found


def test_looks_are_counted_from_the_last_run_on() -> None:
    waits = waiting(tried("no_capacity", "not_sent", "no_capacity"))
    assert waits is not None
    assert (waits.no_machine, waits.looks, waits.since) == (True, 3, T0)
    assert waits.until == T0 + timedelta(hours=6)
    later = waiting(tried("interrupted", "no_capacity", "not_sent"))
    assert later is not None
    assert (later.no_machine, later.looks, later.until) == (False, 2, None)


@pytest.mark.parametrize(
    "outcomes", [(), (None,), ("no_capacity", None), ("no_capacity", "interrupted")]
)
def test_a_job_that_runs_or_was_interrupted_does_not_wait_for_a_machine(
    outcomes: tuple[str | None, ...],
) -> None:
    assert waiting(tried(*outcomes)) is None


def test_a_wait_is_told_with_its_looks_and_the_next_one() -> None:
    waits = Waiting(True, 4, T0, None, None)
    assert waits.sentence("H100", "RunPod", "12:03", "40 s") == (
        "No H100 is free at RunPod; looked 4 times since 12:03, next look in 40 s."
    )
    assert (
        replace(waits, looks=1)
        .sentence("H100", "RunPod", "12:03", "")
        .endswith("looked once since 12:03, next look now.")
    )
    assert replace(waits, no_machine=False).sentence("H100", "RunPod", "12:03", "9 s") == (
        "RunPod cannot be asked; tried 4 times since 12:03, next try in 9 s."
    )
