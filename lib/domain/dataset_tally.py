"""Adds up the conversations of a training file, one at a time, into its summary. Pure."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal

from lib.domain.conversations import Conversation, Format, Header, Label, Pair
from lib.domain.dataset import DatasetSummary, Share

MOST_LABELS = 1_000  # of each kind; what a hostile file has beyond them is counted as one
OTHER = Label("(other)", "Other")
_CENT = Decimal("0.01")
_QUALITY_PARTS = ("empathy", "clarity", "appropriateness", "brand_voice")


@dataclass(slots=True)
class _Mean:
    total: Decimal = Decimal(0)
    count: int = 0
    least: Decimal | None = None
    most: Decimal | None = None

    def add(self, value: Decimal | None) -> None:
        if value is None:
            return
        self.total += value
        self.count += 1
        self.least = value if self.least is None else min(self.least, value)
        self.most = value if self.most is None else max(self.most, value)

    @property
    def value(self) -> Decimal | None:
        return _cents(self.total / self.count) if self.count else None


def _cents(value: Decimal | None) -> Decimal | None:
    return None if value is None else value.quantize(_CENT, ROUND_HALF_EVEN)


@dataclass(slots=True)
class _Shares:
    names: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)

    def add(self, label: Label | None) -> None:
        if label is None:
            return
        if label.key not in self.names and len(self.names) >= MOST_LABELS:
            label = OTHER
        self.names.setdefault(label.key, label.name)
        self.counts[label.key] += 1

    def largest_first(self) -> tuple[Share, ...]:
        ranked = sorted(self.counts.items(), key=lambda item: (-item[1], item[0]))
        return tuple(Share(key, self.names[key], count) for key, count in ranked)


@dataclass(slots=True)
class Tally:
    """Running figures of one file, in constant memory; `add` each conversation, then `summary`."""

    conversations: int = 0
    pairs: int = 0
    trainable: int = 0
    restated: int = 0
    reviewed: int = 0
    sequences: int = 0
    characters: int = 0
    trained_characters: int = 0
    longest_sequence: int = 0
    _scores: dict[str, _Mean] = field(
        default_factory=lambda: {part: _Mean() for part in ("quality", *_QUALITY_PARTS)}
    )
    _personas: _Shares = field(default_factory=_Shares)
    _arcs: _Shares = field(default_factory=_Shares)
    _topics: _Shares = field(default_factory=_Shares)
    _turns: Counter[int] = field(default_factory=Counter)

    def add(self, conversation: Conversation) -> None:
        self.conversations += 1
        self._turns[conversation.turns] += 1
        self._personas.add(conversation.persona)
        self._arcs.add(conversation.emotional_arc)
        self._topics.add(conversation.topic)
        self._add_pairs(conversation.pairs)
        for sequence in conversation.sequences:
            length = sum(len(message.content) for message in sequence.messages)
            self.sequences += 1
            self.characters += length
            self.longest_sequence = max(self.longest_sequence, length)
            self.trained_characters += sum(len(m.content) for m in sequence.messages if m.train)

    def _add_pairs(self, pairs: Iterable[Pair]) -> None:
        for pair in pairs:
            self.pairs += 1
            self.trainable += pair.has_target
            self.restated += pair.restated
            self.reviewed += pair.human_reviewed
            if pair.scores:
                for part, mean in self._scores.items():
                    mean.add(getattr(pair.scores, part))

    def summary(
        self, *, name: str, format: Format, size_bytes: int, sha256: str, header: Header
    ) -> DatasetSummary:
        quality = self._scores["quality"]
        return DatasetSummary(
            name=name,
            format=format,
            size_bytes=size_bytes,
            sha256=sha256,
            header=header,
            conversations=self.conversations,
            training_pairs=self.pairs,
            trainable_pairs=self.trainable,
            restated_pairs=self.restated,
            human_reviewed=self.reviewed,
            sequences=self.sequences,
            characters=self.characters,
            trained_characters=self.trained_characters,
            longest_sequence=self.longest_sequence,
            average_quality=quality.value,
            min_quality=_cents(quality.least),
            max_quality=_cents(quality.most),
            quality={part: self._scores[part].value for part in _QUALITY_PARTS},
            personas=self._personas.largest_first(),
            emotional_arcs=self._arcs.largest_first(),
            topics=self._topics.largest_first(),
            turns=dict(sorted(self._turns.items())),
        )
