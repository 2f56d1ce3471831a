"""Text for pages. What users typed is text everywhere: never markdown, never HTML."""

import html
import re

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:^=&])")
#: Where a bare address begins to be made a link, whatever is escaped: after it goes a word joiner.
_LINKED = re.compile(r"(?i)((?:https?|ftp):(?=//)|www(?=\.)|@)")
_LINE_BREAKS = re.compile(r"[\r\n\u2028\u2029]+")


def plain(text: object) -> str:
    """Any text as literal markdown on one line: no emphasis, links, images, maths or icons."""
    unlinked = _LINKED.sub("\\1\u2060", _LINE_BREAKS.sub(" ", str(text)))
    return _MARKDOWN.sub(r"\\\1", unlinked)


def safe(text: object) -> str:
    """Any text inside HTML of our own."""
    return html.escape(str(text), quote=True)


def file_size(size: int) -> str:
    """Bytes as people read them: `1.4 MB`, `478.9 kB`."""
    return f"{size / 1_000_000:,.1f} MB" if size >= 1_000_000 else f"{size / 1_000:,.1f} kB"
