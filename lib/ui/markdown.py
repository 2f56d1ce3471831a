"""Notes as they were meant (FR1.3.1): Markdown to HTML that loads nothing and runs nothing."""

import re
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from lib.ui.text import safe

#: Notes have at most 2,000 characters; what is this much longer is not worth a reader's time.
_LONGEST = 10_000
_ADDRESS = re.compile(r"(?i)(https?://|mailto:)[^\s]+")


class _Harmless(RendererHTML):
    """Images are shown as they were typed, links open a tab that knows nothing of this one."""

    def image(self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
        return safe(f"![{tokens[at].content}]({tokens[at].attrGet('src') or ''})")

    def link_open(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
    ) -> str:
        address = safe(tokens[at].attrGet("href") or "")
        return f'<a href="{address}" target="_blank" rel="noopener noreferrer nofollow">'

    def heading_open(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
    ) -> str:
        return f"<{_below_the_pages_own(tokens[at])}>"

    def heading_close(
        self, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
    ) -> str:
        return f"</{_below_the_pages_own(tokens[at])}>"


def _below_the_pages_own(heading: Token) -> str:
    return f"h{min(int(heading.tag[1]) + 3, 6)}"


class _Reader(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        return _ADDRESS.fullmatch(url) is not None


_reader = _Reader("commonmark", {"html": False, "breaks": True}, renderer_cls=_Harmless)


def rendered(text: str) -> str:
    """Safe HTML for st.html: emphasis, lists, code, quotes, links to http, https and mailto.

    HTML in the text is text, and so are images: nothing is ever loaded. A text far longer than
    notes may be is shown as it was typed.
    """
    if len(text) > _LONGEST:
        return f'<div class="notes" dir="auto"><p class="prose">{safe(text)}</p></div>'
    return f'<div class="notes" dir="auto">{_reader.render(text)}</div>'
