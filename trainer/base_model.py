"""The base model as a folder on this machine, whatever way the config names it."""

import json
import os
from pathlib import Path

from trainer import tiny_model
from trainer.config import TINY, Config, is_hub_name
from trainer.conversations import ChatTokenizer
from trainer.errors import Code, TrainerError
from trainer.sequences import Sequence

TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "chat_template.jinja",
)


def cut_off_network(config: Config) -> None:
    """Keeps the libraries off the network, except for fetching a model from the hub."""
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    if not is_hub_name(config.base_model):
        os.environ["HF_HUB_OFFLINE"] = "1"


def locate(config: Config, with_weights: bool = True) -> Path:
    """The folder of a base model that is not the tiny one, downloaded if need be.

    Raises:
        TrainerError: model_not_found.
    """
    if not is_hub_name(config.base_model):
        folder = Path(config.base_model)
        if not (folder / "config.json").is_file():
            raise _not_found(config, "there is no config.json in that folder")
        return folder
    from huggingface_hub import snapshot_download

    patterns = ["*.json", "*.jinja"] + (["*.safetensors"] if with_weights else [])
    try:
        return Path(snapshot_download(config.base_model, allow_patterns=patterns))
    except Exception as error:  # httpx, requests, OS and hub errors: all mean it is not to be had
        raise _not_found(config, f"{type(error).__name__}: {error}") from error


def chat_tokenizer(config: Config, sequences: list[Sequence], sha256: str) -> ChatTokenizer:
    """The base model's tokenizer; the tiny model itself is not built for it."""
    if config.base_model != TINY:
        return ChatTokenizer.from_folder(locate(config, with_weights=False))
    built = tiny_model.folder(config.model_cache, sha256)
    if built.is_dir():
        return ChatTokenizer.from_folder(built)
    return tiny_model.chat_tokenizer(sequences)


def longest_possible(config: Config) -> int | None:
    """Tokens that a sequence may have: the model's limit, or the config's if that is lower."""
    if config.base_model == TINY:
        limit: int | None = tiny_model.MAX_TOKENS
    else:
        settings = json.loads((locate(config, with_weights=False) / "config.json").read_bytes())
        limit = settings.get("max_position_embeddings")
    limits = [each for each in (limit, config.max_sequence_tokens) if each is not None]
    return min(limits, default=None)


def _not_found(config: Config, detail: str) -> TrainerError:
    return TrainerError(
        Code.MODEL_NOT_FOUND,
        f"The base model {config.base_model} is not available to this machine. Check its name, "
        "its access token and the network, or choose another base model.",
        " ".join(detail.split())[:500],
    )
