"""A training file as the desk knows it: its figures, what they forbid, and how to say so (FR1.1.1).

Pure. `lib.domain.dataset_tally` makes a summary from conversations, `lib.datafiles` from a file.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, Literal

from lib.domain.conversations import DatasetError, Format, Header, Limits, safe_name

__all__ = [
    "MIN_CONVERSATIONS",
    "REVIEW_QUALITY",
    "DatasetError",
    "DatasetSummary",
    "Limits",
    "Problem",
    "Readiness",
    "Share",
    "eligible",
    "pairs_explained",
    "problems",
    "readiness",
    "safe_name",
    "scores_explained",
    "too_few",
]

MIN_CONVERSATIONS = 50  # FR1.1.1
REVIEW_QUALITY = Decimal("4.0")  # FR1.1.1: below it, "⚠ Review"


@dataclass(frozen=True, slots=True)
class Share:
    """How many conversations have this persona, arc or topic."""

    key: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """Figures of one training file. Scores are 0 to 5 with two decimals, None where there are none.

    `training_pairs` and `conversations` are counted; the declared ones are what the file says of
    itself (None for chat files). Characters are counted in the sequences that it makes.
    """

    name: str
    format: Format
    size_bytes: int
    sha256: str
    header: Header
    conversations: int
    training_pairs: int
    trainable_pairs: int
    restated_pairs: int  # without a target, and the next pair answers the same user input
    human_reviewed: int  # pairs
    sequences: int
    characters: int
    trained_characters: int
    longest_sequence: int  # characters
    average_quality: Decimal | None
    min_quality: Decimal | None
    max_quality: Decimal | None
    quality: Mapping[str, Decimal | None]  # empathy, clarity, appropriateness, brand_voice
    personas: tuple[Share, ...]
    emotional_arcs: tuple[Share, ...]
    topics: tuple[Share, ...]
    turns: Mapping[int, int]  # turns of a conversation -> conversations of that length

    @property
    def declared_conversations(self) -> int | None:
        return self.header.conversations

    @property
    def declared_pairs(self) -> int | None:
        return self.header.pairs

    @property
    def dataset_size(self) -> int:
        """Pairs that the published formula prices (FR1.2.1): the declared, else the found ones."""
        return self.training_pairs if self.declared_pairs is None else self.declared_pairs

    @property
    def human_reviewed_percentage(self) -> Decimal:
        """Of the pairs, with one decimal."""
        if not self.training_pairs:
            return Decimal("0.0")
        share = Decimal(100 * self.human_reviewed) / self.training_pairs
        return share.quantize(Decimal("0.1"), ROUND_HALF_EVEN)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; decimals become strings, the keys of `turns` too."""
        values = _plain(asdict(self))
        values["turns"] = {str(length): count for length, count in self.turns.items()}
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "DatasetSummary":
        """The inverse of `to_dict`."""
        header = dict(values["header"])
        header["average_quality"] = _decimal(header["average_quality"])
        changed = {
            "header": Header(**header),
            "quality": {key: _decimal(score) for key, score in values["quality"].items()},
            "turns": {int(length): count for length, count in values["turns"].items()},
        }
        for key in ("average_quality", "min_quality", "max_quality"):
            changed[key] = _decimal(values[key])
        for key in ("personas", "emotional_arcs", "topics"):
            changed[key] = tuple(Share(**share) for share in values[key])
        return cls(**{**values, **changed})


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return str(value)
        case dict():
            return {key: _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case _:
            return value


def _decimal(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something to know before training on a file. Only "blocking" keeps it from being trained."""

    code: str
    message: str
    severity: Literal["blocking", "warning", "review"]


def problems(summary: DatasetSummary) -> list[Problem]:
    """What stands against training on a file, the blocking ones first (FR1.1.1)."""
    found = []
    if summary.conversations < MIN_CONVERSATIONS:
        message = (
            f"Insufficient conversations: {summary.conversations} found,"
            f" at least {MIN_CONVERSATIONS} are needed."
        )
        found.append(Problem("insufficient_conversations", message, "blocking"))
    if not summary.trainable_pairs:
        message = "Nothing to train: none of the training pairs has a target response."
        found.append(Problem("nothing_to_train", message, "blocking"))
    if mismatch := _declared_mismatch(summary):
        found.append(Problem("declared_mismatch", mismatch, "warning"))
    if summary.average_quality is None:
        message = "No quality scores: the file does not say how good its pairs are."
        found.append(Problem("no_quality", message, "review"))
    elif summary.average_quality < REVIEW_QUALITY:
        message = f"Average quality {summary.average_quality} is below {REVIEW_QUALITY}."
        found.append(Problem("low_quality", message, "review"))
    if not summary.human_reviewed:
        message = "No pair is marked as reviewed by a person."
        found.append(Problem("not_reviewed", message, "review"))
    return found


def _declared_mismatch(summary: DatasetSummary) -> str:
    differing = [
        f"{declared:,} {what} declared but {found:,} found"
        for what, declared, found in (
            ("conversations", summary.declared_conversations, summary.conversations),
            ("training pairs", summary.declared_pairs, summary.training_pairs),
        )
        if declared is not None and declared != found
    ]
    return f"The file contradicts itself: {', '.join(differing)}." if differing else ""


def too_few(conversations: int) -> str | None:
    """Why no job can be made of a file with so many conversations, or None (FR1.1.1)."""
    if conversations >= MIN_CONVERSATIONS:
        return None
    return (
        f"Insufficient conversations: {conversations}, and a job needs at least {MIN_CONVERSATIONS}"
    )


def eligible(summary: DatasetSummary) -> bool:
    """Whether nothing blocking stands against training on the file."""
    return all(problem.severity != "blocking" for problem in problems(summary))


@dataclass(frozen=True, slots=True)
class Readiness:
    """The indicator beside a file and the sentence that explains it (FR1.1.1)."""

    state: Literal["ready", "processing", "review"]
    label: str
    tooltip: str


def readiness(summary: DatasetSummary | None, obstacle: str | None = None) -> Readiness:
    """The indicator of a file. `obstacle`: why no job can be made from it now, if that is so.

    Without summary and obstacle it is still being read.
    """
    if obstacle is not None:
        return Readiness("review", "⚠ Review Required", f"No job can be made now. {obstacle}")
    if summary is None:
        tooltip = "The file is still being read and checked. It can be chosen once that is done."
        return Readiness("processing", "⏳ Processing", tooltip)
    found = problems(summary)
    if not found:
        tooltip = (
            f"{summary.conversations:,} conversations with {summary.trainable_pairs:,} trained"
            " responses; nothing stands against training on them."
        )
        return Readiness("ready", "✓ Ready for Training", tooltip)
    advice = (
        "Look at the file before you train on it."
        if eligible(summary)
        else "It cannot be trained on until this is put right."
    )
    tooltip = " ".join([*(problem.message for problem in found), advice])
    return Readiness("review", "⚠ Review Required", tooltip)


def scores_explained(summary: DatasetSummary) -> str | None:
    """What it means that every pair has one and the same score; None where scores differ."""
    score = summary.average_quality
    if score is None or not summary.min_quality == summary.max_quality == score:
        return None
    reviewed = (
        f"{summary.human_reviewed:,} of {summary.training_pairs:,} pairs are"
        if summary.human_reviewed
        else "none is"
    )
    return (
        f"Every pair is scored {score}, and {reviewed} marked as reviewed: such scores do not tell "
        "better conversations from worse ones. Read some of them below; once somebody has scored "
        "and marked the pairs in the file, import it again."
    )


def pairs_explained(summary: DatasetSummary) -> str:
    """Why not every pair is trained, in one to three sentences made of the file's own figures."""
    pairs, trained = summary.training_pairs, summary.trainable_pairs
    if summary.declared_pairs in (None, pairs):
        start = f"The file lists {_count(pairs, 'training pair')}"
    else:
        start = (
            f"The file declares {_count(summary.declared_pairs, 'training pair')}"
            f" and lists {pairs:,}"
        )
    if trained == pairs:
        return f"{start}; each has a target response and is trained."
    untrained = pairs - trained
    unanswered = untrained - summary.restated_pairs
    has, is_ = ("has", "is") if trained == 1 else ("have", "are")
    told = f"{start}; {trained:,} of them {has} a target response and {is_} trained."
    if summary.format == "chat-jsonl":
        return f"{told} The other {untrained:,} have a weight of 0 or are blank."
    reasons = []
    if summary.restated_pairs:
        reasons.append(
            f"{summary.restated_pairs:,} only state a user turn, which the next pair repeats"
            " together with the answer"
        )
    if unanswered:
        reasons.append(f"{unanswered:,} hold a user turn without an answer")
    return f"{told} Of the other {untrained:,}, {', and '.join(reasons)}."


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
