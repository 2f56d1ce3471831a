"""What a training file is made of: conversations, their pairs, and the sequences that train.

Pure values and the one error of the area. Files are read by `lib.datafiles`; figures about a whole
file are in `lib.domain.dataset`.
"""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

Format = Literal["brightrun-lora-v4", "brightrun-jsonl", "chat-jsonl"]
Role = Literal["system", "user", "assistant"]

ERROR_CODES = (
    "empty",
    "not_json",
    "not_utf8",
    "unknown_format",
    "no_conversations",
    "missing_field",
    "wrong_type",
    "out_of_range",
    "nothing_to_train",
    "not_a_number",
    "duplicate_key",
    "nul_character",
    "lone_surrogate",
    "too_deep",
    "too_large",
    "too_long",
    "unreadable",
)

NAME_LENGTH = 200
UNNAMED = "unnamed file"


class DatasetError(Exception):
    """A training file cannot be used, and why: one of ERROR_CODES, the file, the place, the cure.

    `place` is a path such as "conversations[12].training_pairs[3].target_response", with a line
    and column where they are known; it is empty when the whole file is meant. `str()` is one line.
    """

    def __init__(self, code: str, message: str, place: str = "", name: str = UNNAMED) -> None:
        if code not in ERROR_CODES:
            raise ValueError(f"unknown dataset error code {code!r}")
        super().__init__(code, message, place, name)
        self.code, self.message, self.place, self.name = code, message, place, name

    def __str__(self) -> str:
        return ": ".join(part for part in (self.name, self.place, self.message) if part)


def safe_name(name: str) -> str:
    """The part of a given file name that is safe to show: no folders, no control or bidirectional
    characters, no lone surrogates, at most 200 characters and never empty."""
    last = re.split(r"[/\\]", name)[-1]
    shown = "".join(
        c for c in last if unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp")
    )
    shown = shown.strip()[:NAME_LENGTH].strip()
    return shown if shown.strip(".") else UNNAMED


@dataclass(frozen=True, slots=True)
class Limits:
    """What a training file may be at most."""

    max_bytes: int = 100 * 1024 * 1024
    max_conversation: int = 8 * 1024 * 1024  # characters of one conversation, line or root field
    max_depth: int = 64  # levels of nesting; the format itself has 6
    max_values: int = 500_000  # of one conversation, told by brackets and commas; bounds memory
    max_groups: int = 250_000  # conversations of a file with a pair a line; bounds the index


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a sequence. `train` marks the turns that the loss is taken on."""

    role: Role
    content: str
    train: bool = False


@dataclass(frozen=True, slots=True)
class TrainingSequence:
    """What the trainer sees as one example. `suffix` tells a conversation's sequences apart."""

    messages: tuple[Message, ...]
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Scores:
    """Quality of one pair, each 0 to 5, None where the file has none."""

    quality: Decimal | None = None
    empathy: Decimal | None = None
    clarity: Decimal | None = None
    appropriateness: Decimal | None = None
    brand_voice: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """The figures of one training pair; its text is in the conversation's sequences.

    `restated` marks a pair without a target whose user input the next pair repeats and answers.
    """

    has_target: bool
    restated: bool = False
    human_reviewed: bool = False
    scores: Scores | None = None


@dataclass(frozen=True, slots=True)
class Label:
    """A persona, an emotional arc or a topic: the key that is counted and the name to show."""

    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """One conversation of a file. `number` counts from 1, in file order; `turns` are its messages
    without the system prompt (brightrun lists each turn as a pair)."""

    number: int
    conversation_id: str
    turns: int
    pairs: tuple[Pair, ...]
    sequences: tuple[TrainingSequence, ...]
    persona: Label | None = None
    emotional_arc: Label | None = None
    topic: Label | None = None

    def sequence_id(self, sequence: TrainingSequence) -> str:
        """Unique in its file whatever the file's own ids are, since those may repeat."""
        return f"{self.number:06d}-{self.conversation_id[:100]}{sequence.suffix}"


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says about itself. All None for chat files, which say nothing."""

    title: str | None = None
    vertical: str | None = None
    profile_name: str | None = None
    last_updated: str | None = None
    conversations: int | None = None
    pairs: int | None = None
    average_quality: Decimal | None = None
    human_reviewed: int | None = None
