"""Text for pages. What users typed is text everywhere: never markdown, never HTML."""

import html
import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&])")
_LINE_BREAKS = re.compile(r"[\r\n\u2028\u2029]+")


def plain(text: object) -> str:
    """Any text as literal markdown on one line: no emphasis, links, images, maths or icons."""
    return _MARKDOWN.sub(r"\\\1", _LINE_BREAKS.sub(" ", str(text)))


def safe(text: object) -> str:
    """Any text inside HTML of our own."""
    return html.escape(str(text), quote=True)
