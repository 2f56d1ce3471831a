"""From messages to tokens, and which of the tokens are learned.

A model's chat template decides how messages become text. Where each message's content ends up in
that text is found by rendering the conversation a second time with markers for contents: what
stands between the markers is the template's own text, and the real rendering has to be exactly
that text with the contents filled in. A template that does anything else is refused, so a mask can
never be off by a token. Nothing here imports torch: counting tokens is quick.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from jinja2 import TemplateError
from tokenizers import Tokenizer

from trainer import chat_template
from trainer.errors import Code, TrainerError
from trainer.sequences import Message, Sequence

MARKER = re.compile("\ue000([0-9]+)\ue001")

Span = tuple[int, int]


@dataclass(frozen=True)
class Encoded:
    """A tokenised sequence; `targets[i]` says whether token i is learned."""

    id: str
    tokens: list[int]
    targets: list[bool]


class ChatTokenizer:
    """A tokenizer with a chat template.

    Args:
        tokenizer: the tokenizer; truncation and padding are switched off.
        template: the chat template, as Jinja.
        named_tokens: what the template may refer to, such as bos_token.
    """

    def __init__(self, tokenizer: Tokenizer, template: str, named_tokens: dict[str, str]) -> None:
        tokenizer.no_truncation()
        tokenizer.no_padding()
        self._tokenizer = tokenizer
        self._template = chat_template.compile(template)
        self._named_tokens = named_tokens
        special = [t.content for t in tokenizer.get_added_tokens_decoder().values() if t.special]
        longest_first = sorted(special, key=len, reverse=True)
        self._special = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    @classmethod
    def from_folder(cls, folder: Path) -> "ChatTokenizer":
        """Reads tokenizer.json and the chat template beside it.

        Raises:
            TrainerError: model_not_found, if there is no usable tokenizer or template.
        """
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            settings = json.loads((folder / "tokenizer_config.json").read_bytes())
        except Exception as error:  # the tokenizers library raises bare Exception
            raise TrainerError(
                Code.MODEL_NOT_FOUND,
                "The base model has no tokenizer that can be used (tokenizer.json and "
                "tokenizer_config.json). Choose another base model.",
                str(error),
            ) from error
        try:
            return cls(
                tokenizer,
                chat_template.template_of(folder, settings, tokenizer),
                chat_template.named_tokens(settings),
            )
        except TemplateError as error:
            raise chat_template.unusable(str(error)) from error

    def encode(self, sequence: Sequence) -> Encoded:
        """Tokens of a whole sequence; the learned ones are contents and end-of-turn tokens.

        Raises:
            TrainerError: bad_data, if the template cannot show this conversation faithfully.
        """
        text, spans = self.render(sequence)
        tokens, offsets = self._tokenize(text, spans)
        targets = [False] * len(tokens)
        for message, (start, end) in zip(sequence.messages, spans, strict=True):
            if not message.train:
                continue
            end += self._end_of_turn(text[end:])
            inside = [i for i, (low, high) in enumerate(offsets) if low < end and high > start]
            targets[inside[0] : inside[-1] + 1] = [True] * (inside[-1] + 1 - inside[0])
        return Encoded(sequence.id, tokens, targets)

    def render(self, sequence: Sequence) -> tuple[str, list[Span]]:
        """The text the model sees, and the span of each message's content in it."""
        markers = tuple(
            Message(message.role, f"\ue000{place}\ue001", message.train)
            for place, message in enumerate(sequence.messages)
        )
        try:
            text, skeleton = self._apply(sequence.messages), self._apply(markers)
        except TemplateError as error:
            raise _unfaithful(sequence, str(error)) from error
        pieces = MARKER.split(skeleton)
        if pieces[1::2] != [str(place) for place in range(len(markers))]:
            raise _unfaithful(sequence, "messages are left out, repeated or reordered")
        spans, position = [], len(pieces[0])
        for message, following in zip(sequence.messages, pieces[2::2], strict=True):
            content = _as_rendered(message.content, following, text, position)
            if content is None:
                raise _unfaithful(sequence, "contents are rewritten")
            spans.append((position, position + len(content)))
            position += len(content) + len(following)
        if position != len(text) or not text.startswith(pieces[0]):
            raise _unfaithful(sequence, "the text depends on the contents")
        return text, spans

    def _apply(self, messages: tuple[Message, ...]) -> str:
        turns = [{"role": message.role, "content": message.content} for message in messages]
        return self._template.render(
            messages=turns, add_generation_prompt=False, **self._named_tokens
        )

    def _end_of_turn(self, following: str) -> int:
        """Characters up to the end of the control token that closes a turn; 0 without one."""
        blank = len(following) - len(following.lstrip())
        token = self._special.match(following, blank)
        return token.end() if token else 0

    def _tokenize(self, text: str, spans: list[Span]) -> tuple[list[int], list[Span]]:
        if not any(self._special.search(text, start, end) for start, end in spans):
            encoding = self._tokenizer.encode(text, add_special_tokens=False)
            return encoding.ids, encoding.offsets
        # Somebody wrote a control token into a message. To a tokenizer it is the real thing, so
        # only the template's own control tokens are turned into ids, and all else is plain text.
        tokens: list[int] = []
        offsets: list[Span] = []
        self._tokenizer.encode_special_tokens = True
        for start, end, special in self._split(text, spans):
            if special is not None:
                tokens.append(special)
                offsets.append((start, end))
                continue
            encoding = self._tokenizer.encode(text[start:end], add_special_tokens=False)
            tokens += encoding.ids
            offsets += [(start + low, start + high) for low, high in encoding.offsets]
        self._tokenizer.encode_special_tokens = False
        return tokens, offsets

    def _split(self, text: str, spans: list[Span]) -> Iterator[tuple[int, int, int | None]]:
        """Stretches of text (start, end, token id of a template's control token or None)."""
        done = 0
        starts = [start for start, _ in spans]
        ends = [end for _, end in spans]
        outside = zip([0, *ends], [*starts, len(text)], strict=True)
        for start, end in outside:
            for match in self._special.finditer(text, start, end):
                if done < match.start():
                    yield done, match.start(), None
                yield match.start(), match.end(), self._tokenizer.token_to_id(match.group())
                done = match.end()
        if done < len(text):
            yield done, len(text), None


def _as_rendered(content: str, following: str, text: str, position: int) -> str | None:
    """The content as the template printed it: as it is, or trimmed."""
    for shown in (content, content.strip(), content.lstrip(), content.rstrip()):
        if text.startswith(shown + following, position):
            return shown
    return None


def _unfaithful(sequence: Sequence, detail: str) -> TrainerError:
    return TrainerError(
        Code.BAD_DATA,
        f"Conversation {sequence.id!r} cannot be written in the base model's chat format. Look at "
        "the order of its roles (system first, then user and assistant in turn), or choose "
        "another base model.",
        detail,
    )
