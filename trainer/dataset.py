"""The tokenised training set, its size, and the refusal to cut anything."""

from dataclasses import dataclass
from statistics import median
from typing import Any

from trainer import base_model, sequences
from trainer.config import Config
from trainer.conversations import Encoded
from trainer.errors import Code, TrainerError
from trainer.sequences import Sequence


@dataclass(frozen=True)
class Dataset:
    """All sequences of a job, tokenised, in file order.

    Attributes:
        limit: tokens that a sequence may have; None if the model sets no limit.
    """

    sequences: list[Sequence]
    sha256: str
    encoded: list[Encoded]
    limit: int | None

    @property
    def tokens(self) -> int:
        """Tokens in one epoch."""
        return sum(len(each.tokens) for each in self.encoded)

    @property
    def target_tokens(self) -> int:
        """Tokens in one epoch that are learned."""
        return sum(sum(each.targets) for each in self.encoded)

    @property
    def over_limit(self) -> list[Encoded]:
        """Sequences that are too long for the model or the config."""
        if self.limit is None:
            return []
        return [each for each in self.encoded if len(each.tokens) > self.limit]

    def summary(self) -> dict[str, Any]:
        """Counts over one epoch, as `count-tokens` reports them."""
        longest = max(self.encoded, key=lambda each: len(each.tokens))
        return {
            "sequences": len(self.encoded),
            "tokens_total": self.tokens,
            "target_tokens_total": self.target_tokens,
            "longest": len(longest.tokens),
            "longest_id": longest.id,
            "median": int(median(len(each.tokens) for each in self.encoded)),
            "limit": self.limit,
            "over_limit": [{"id": each.id, "tokens": len(each.tokens)} for each in self.over_limit],
        }


def load(config: Config) -> Dataset:
    """Reads and tokenises the config's sequences.

    Raises:
        TrainerError: bad_data, data_changed or model_not_found.
    """
    rows, sha256 = sequences.read(config.sequences, config.sequences_sha256)
    tokenizer = base_model.chat_tokenizer(config, rows, sha256)
    encoded = [tokenizer.encode(row) for row in rows]
    return Dataset(rows, sha256, encoded, base_model.longest_possible(config))


def load_within_limit(config: Config) -> Dataset:
    """Like `load`, and refuses a sequence that does not fit instead of cutting it.

    Raises:
        TrainerError: sequence_too_long, naming the longest such sequence; or as `load`.
    """
    dataset = load(config)
    too_long = dataset.over_limit
    if too_long:
        worst = max(too_long, key=lambda each: len(each.tokens))
        raise TrainerError(
            Code.SEQUENCE_TOO_LONG,
            f"Conversation {worst.id!r} has {len(worst.tokens):,} tokens, and at most "
            f"{dataset.limit:,} fit. Shorten or leave out {len(too_long)} such conversation(s), "
            "or choose a base model that takes longer ones. Nothing was cut.",
            ", ".join(f"{each.id}: {len(each.tokens)}" for each in too_long[:10]),
        )
    return dataset
