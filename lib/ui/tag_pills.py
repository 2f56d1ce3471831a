"""Tags as coloured pills, a tag in the same colour wherever it stands (FR1.3.1)."""

import zlib
from collections.abc import Iterable
from urllib.parse import urlencode

from lib.ui.text import safe


def hue(tag: str) -> int:
    """The tag's colour in degrees of the colour circle; the style sheet sets how light it is."""
    return zlib.crc32(tag.encode()) % 360


def pills(tags: Iterable[str]) -> str:
    """Escaped HTML: each tag a link to the list of jobs that have it."""
    links = "".join(
        f'<a class="tag-pill" style="--hue:{hue(tag)}" target="_self" '
        f'href="/?{safe(urlencode({"tag": tag}))}">{safe(tag)}</a>'
        for tag in tags
    )
    return f'<span class="tag-pills">{links}</span>' if links else ""
