"""A model's chat template: where it is found, and the Jinja dialect that it is written in."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Template, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from tokenizers import Tokenizer

from trainer.errors import Code, TrainerError

LLAMA_3_CONTROL_TOKENS = (
    "<|begin_of_text|>",
    "<|start_header_id|>",
    "<|end_header_id|>",
    "<|eot_id|>",
)
# For the tiny model, and for base models of the Llama 3 family, which come without a template.
LLAMA_3_TEMPLATE = (
    "<|begin_of_text|>{% for message in messages %}"
    "<|start_header_id|>{{ message.role }}<|end_header_id|>\n\n{{ message.content }}<|eot_id|>"
    "{% endfor %}{% if add_generation_prompt %}"
    "<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
# Some templates print today's date: with a fixed one, a run resumed tomorrow sees the same tokens.
RENDERING_DATE = datetime(2024, 7, 26, tzinfo=UTC)
NAMED_TOKENS = ("bos_token", "eos_token", "pad_token", "unk_token")


def _environment() -> ImmutableSandboxedEnvironment:
    """The Jinja dialect that chat templates are written in (as transformers defines it)."""

    def raise_exception(message: str) -> None:
        raise TemplateError(message)

    def to_json(value: Any, ensure_ascii: bool = False, **options: Any) -> str:
        return json.dumps(value, ensure_ascii=ensure_ascii, **options)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = to_json
    environment.globals["raise_exception"] = raise_exception
    environment.globals["strftime_now"] = RENDERING_DATE.strftime
    return environment


def compile(template: str) -> Template:
    """The template, ready to render.

    The tags that mark assistant text, which only transformers knows, become ones that do nothing.

    Raises:
        jinja2.TemplateError: if it is not well-formed.
    """
    plain = re.sub(r"\{%(-?)\s*generation\s*(-?)%\}", r"{%\1 if true \2%}", template)
    plain = re.sub(r"\{%(-?)\s*endgeneration\s*(-?)%\}", r"{%\1 endif \2%}", plain)
    return _environment().from_string(plain)


def template_of(folder: Path, settings: dict, tokenizer: Tokenizer) -> str:
    """The chat template of a model's folder.

    Raises:
        TrainerError: model_not_found, if there is none.
    """
    beside = folder / "chat_template.jinja"
    if beside.is_file():
        return beside.read_text(encoding="utf-8")
    template = settings.get("chat_template")
    if isinstance(template, list):
        template = {each["name"]: each["template"] for each in template}.get("default")
    if template:
        return template
    if all(tokenizer.token_to_id(token) is not None for token in LLAMA_3_CONTROL_TOKENS):
        return LLAMA_3_TEMPLATE
    raise unusable("no chat_template")


def named_tokens(settings: dict) -> dict[str, str]:
    """bos_token and its kind; written as a text, or as an object with a content."""
    named = {name: settings[name] for name in NAMED_TOKENS if settings.get(name)}
    return {
        name: token["content"] if isinstance(token, dict) else token
        for name, token in named.items()
    }


def unusable(detail: str) -> TrainerError:
    """The failure of a model whose template is missing or broken."""
    return TrainerError(
        Code.MODEL_NOT_FOUND,
        "The base model does not say how a conversation is written for it (it has no usable chat "
        "template). Choose its instruction-tuned edition.",
        detail,
    )
