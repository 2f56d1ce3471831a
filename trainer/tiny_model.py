"""A base model of 350 thousand parameters, built from the training file itself.

It needs no download and trains on a laptop in seconds, through the very code that a model of 70
billion parameters goes through. Its weights are random but for one thing that it knows, as any
trained model does: which tokens are frequent. One of its hidden dimensions stands for that, and so
there is something that a small adapter can learn to use within a few dozen steps.
"""

import json
import math
import shutil
import statistics
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from trainer.chat_template import LLAMA_3_CONTROL_TOKENS, LLAMA_3_TEMPLATE
from trainer.conversations import ChatTokenizer
from trainer.sequences import Sequence

VOCABULARY = 4096
MAX_TOKENS = 8192
SAMPLE_CHARACTERS = 2_000_000
SEED = 0
# Makes that dimension, when the adapter turns it up, as strong as real frequencies are.
FREQUENCY_GAIN = 10.0
# A part of the cache's folder names: to be raised with every change to what is built here.
EDITION = 1


def folder(cache: Path, sequences_sha256: str) -> Path:
    """Where the model for one file of sequences is kept."""
    return cache / f"tiny-{EDITION}-{sequences_sha256[:32]}"


def chat_tokenizer(sequences: list[Sequence]) -> ChatTokenizer:
    """The model's tokenizer, without building the model."""
    return ChatTokenizer(train_tokenizer(sequences), LLAMA_3_TEMPLATE, {})


def train_tokenizer(sequences: list[Sequence]) -> Tokenizer:
    """A byte-level BPE of at most `VOCABULARY` tokens, learned from the first contents."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(LLAMA_3_CONTROL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_sample(sequences), trainer)
    return tokenizer


def build(cache: Path, sequences: list[Sequence], sequences_sha256: str) -> Path:
    """Builds the model unless it is there already; several trainers may do so at once.

    Returns:
        The folder, with the model, the tokenizer and the chat template.
    """
    target = folder(cache, sequences_sha256)
    if target.is_dir():
        return target
    cache.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=cache, prefix=".tiny-"))
    try:
        tokenizer = train_tokenizer(sequences)
        _write_tokenizer(draft, tokenizer)
        _write_model(draft, _log_frequencies(tokenizer, sequences))
        draft.chmod(0o755)
        draft.replace(target)
    except OSError:
        if not target.is_dir():  # otherwise another trainer was first, with the same bytes
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _sample(sequences: list[Sequence]) -> Iterator[str]:
    room = SAMPLE_CHARACTERS
    for sequence in sequences:
        for message in sequence.messages:
            yield message.content[:room]
            room -= len(message.content)
            if room <= 0:
                return


def _write_tokenizer(target: Path, tokenizer: Tokenizer) -> None:
    begin, *_, end_of_turn = LLAMA_3_CONTROL_TOKENS
    tokenizer.save(str(target / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "bos_token": begin,
        "eos_token": end_of_turn,
        "pad_token": end_of_turn,
        "model_max_length": MAX_TOKENS,
    }
    (target / "tokenizer_config.json").write_text(json.dumps(settings, indent=2))
    (target / "chat_template.jinja").write_text(LLAMA_3_TEMPLATE)


def _log_frequencies(tokenizer: Tokenizer, sequences: list[Sequence]) -> list[float]:
    """How frequent each token of the vocabulary is in the sample: mean 0, deviation 1."""
    counts = Counter(token for text in _sample(sequences) for token in tokenizer.encode(text).ids)
    logs = [math.log1p(counts[token]) for token in range(VOCABULARY)]
    mean, deviation = statistics.fmean(logs), statistics.pstdev(logs)
    return [(each - mean) / deviation for each in logs]


def _write_model(target: Path, log_frequencies: list[float]) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        vocab_size=VOCABULARY,
        hidden_size=64,
        intermediate_size=136,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=MAX_TOKENS,
        tie_word_embeddings=True,
        bos_token_id=0,
        eos_token_id=len(LLAMA_3_CONTROL_TOKENS) - 1,
        pad_token_id=None,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        model = LlamaForCausalLM(config)
    with torch.no_grad():
        frequency = torch.tensor(log_frequencies) * config.initializer_range
        model.model.embed_tokens.weight[:, 0] = frequency
        model.model.norm.weight[0] = FREQUENCY_GAIN
    model.save_pretrained(target)
