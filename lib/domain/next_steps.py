"""What may be done after a failure, or while a job waits for a machine: as values, with prices."""

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from itertools import takewhile
from types import MappingProxyType
from typing import Any, Protocol

from lib.domain.hyperparameters import LIMITS, Hyperparameters, Whole
from lib.domain.money import usd
from lib.domain.offers import RUNPOD_ENGINE, Tier
from lib.domain.recovery import LAUNCH_PATIENCE, LOSSES, NEVER_STARTED, Outcome


class Step(StrEnum):
    """What somebody may do next; each is a button, and nothing starts by itself."""

    GO_ON = "go_on"
    RETRY = "retry"
    SMALLER_BATCH = "smaller_batch"
    LOWER_RANK = "lower_rank"
    LARGER_GPU = "larger_gpu"
    ON_DEMAND = "on_demand"
    OTHER_GPU = "other_gpu"
    DATA_CENTER = "data_center"
    REHEARSE = "rehearse"
    OTHER_FILE = "other_file"
    SEE_CONVERSATION = "see_conversation"
    TOP_UP = "top_up"
    ADMIN = "admin"
    KEEP_WAITING = "keep_waiting"
    CANCEL = "cancel"


#: In a word, where there is no room for figures: in mails.
STEP_TITLES: Mapping[Step, str] = MappingProxyType(
    {
        Step.GO_ON: "go on from its last checkpoint",
        Step.RETRY: "try again as it was",
        Step.SMALLER_BATCH: "take a smaller batch",
        Step.LOWER_RANK: "take a lower rank",
        Step.LARGER_GPU: "take a larger GPU",
        Step.ON_DEMAND: "start on demand instead",
        Step.OTHER_GPU: "take another GPU",
        Step.DATA_CENTER: "have more data centres allowed",
        Step.REHEARSE: "rehearse on this machine",
        Step.OTHER_FILE: "train on another file",
        Step.SEE_CONVERSATION: "read the conversation",
        Step.TOP_UP: "have the balance topped up",
        Step.ADMIN: "ask an admin",
        Step.KEEP_WAITING: "keep waiting",
        Step.CANCEL: "cancel the job",
    }
)
#: Those that make a new draft; the others lead somewhere, or leave things as they are.
MAKE_A_DRAFT = frozenset(
    {
        *(Step.GO_ON, Step.RETRY, Step.SMALLER_BATCH, Step.LOWER_RANK, Step.LARGER_GPU),
        *(Step.ON_DEMAND, Step.OTHER_GPU, Step.REHEARSE, Step.OTHER_FILE),
    }
)


@dataclass(frozen=True)
class NextStep:
    """One step that is offered.

    `changes` are the draft's fields after it. `difference` is what it is estimated to cost more
    than the job as it was, in dollars at today's rates; None where the price stays or is not known.
    `link` is where a step leads that makes no draft.
    """

    step: Step
    label: str
    explained: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    difference: Decimal | None = None
    link: str | None = None

    @property
    def makes_a_draft(self) -> bool:
        return self.step in MAKE_A_DRAFT

    @property
    def text(self) -> str:
        """`Start on demand instead: +$84.20`."""
        return self.label if self.difference is None else f"{self.label}: {more(self.difference)}"

    def to_dict(self) -> dict[str, Any]:
        """As the command line writes it."""
        return {
            "step": str(self.step),
            "label": self.label,
            "explained": self.explained,
            "difference": self.difference,
            "link": self.link,
        }


def more(difference: Decimal) -> str:
    """`+$84.20`, `-$3.00`, or that it costs the same."""
    if difference == 0:
        return "the same price"
    return f"+{usd(difference)}" if difference > 0 else usd(difference)


def smaller_batch(chosen: Hyperparameters) -> dict[str, int] | None:
    """Half the batch and twice the accumulation (a third and three times where it is odd), so that
    a step still learns from as many conversations. None where it cannot get smaller.
    """
    batch, accumulated = chosen.per_device_train_batch_size, chosen.gradient_accumulation_steps
    parts = next((part for part in range(2, batch + 1) if batch % part == 0), None)
    limit = LIMITS["gradient_accumulation_steps"]
    assert isinstance(limit, Whole)
    if parts is None or accumulated * parts > limit.most:
        return None
    return {
        "per_device_train_batch_size": batch // parts,
        "gradient_accumulation_steps": accumulated * parts,
    }


def lower_rank(chosen: Hyperparameters) -> dict[str, int] | None:
    """Half the rank, alpha with it, so that the adapter weighs the same. None for rank 1."""
    if chosen.r == 1:
        return None
    return {
        "r": chosen.r // 2,
        "lora_alpha": max(1, chosen.lora_alpha * (chosen.r // 2) // chosen.r),
    }


_NAMED = re.compile(r"""Conversation ('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")


def conversation_named_in(message: str | None) -> str | None:
    """The id of the conversation that the trainer's message names; None where it names none."""
    found = _NAMED.search(message or "")
    return str(ast.literal_eval(found[1])) if found else None


class Attempt(Protocol):
    """What is read of a job's attempts here."""

    outcome: str | None
    created_at: datetime
    ended_at: datetime | None
    retry_at: datetime | None


@dataclass(frozen=True)
class Waiting:
    """A job for which nothing could be started yet, and what has been tried.

    `no_machine`: the provider has none free, else it could not be asked. `until` is when it is
    given up; None for a job that has run already, which has other limits.
    """

    no_machine: bool
    looks: int
    since: datetime
    next_look: datetime | None
    until: datetime | None

    def sentence(self, gpu: str, provider: str, since: str, pause: str) -> str:
        """`No H100 is free at RunPod; looked 4 times since 12:03, next look in 40 s.`

        `since` and `pause` as people read them; an empty pause is over.
        """
        times = "once" if self.looks == 1 else f"{self.looks} times"
        following = f"in {pause}" if pause else "now"
        if self.no_machine:
            return (
                f"No {gpu} is free at {provider}; looked {times} since {since}, next look "
                f"{following}."
            )
        return f"{provider} cannot be asked; tried {times} since {since}, next try {following}."


def waiting(attempts: Sequence[Attempt]) -> Waiting | None:
    """None where an attempt is live, there is none, or the last one was one that ran."""
    tried = list(takewhile(lambda one: one.outcome in NEVER_STARTED, reversed(attempts)))
    if not tried or tried[0].ended_at is None:
        return None
    since = tried[-1].created_at
    has_run = any(attempt.outcome in LOSSES for attempt in attempts)
    return Waiting(
        no_machine=tried[0].outcome == Outcome.NO_CAPACITY,
        looks=len(tried),
        since=since,
        next_look=tried[0].retry_at,
        until=None if has_run else since + LAUNCH_PATIENCE,
    )


class Started(Protocol):
    """What is read of a started job here."""

    engine: str
    gpu_pricing_tier: str
    configuration: Mapping[str, Any]


def waited_for(job: Started) -> tuple[str, str]:
    """The GPU that a job waits for and who rents it out: `spot H100 PCIe 80GB`, `RunPod`."""
    title = str(job.configuration.get("gpu_title") or "machine")
    gpu = f"spot {title}" if job.gpu_pricing_tier == Tier.SPOT else title
    return gpu, {RUNPOD_ENGINE: "RunPod"}.get(job.engine, job.engine)
