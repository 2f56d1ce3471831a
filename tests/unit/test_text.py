"""Text of users on pages: shown as it was typed, never read as markdown or as an address."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ui.text import plain, safe

MARKDOWN = r"\\([\\`*_{}\[\]()<>#+\-.!|~$:^=&])"


@given(st.text())
def test_nothing_is_lost_but_line_breaks(text: str) -> None:
    shown = re.sub(MARKDOWN, r"\1", plain(text))
    kept = re.sub(r"[\r\n\u2028\u2029]+", " ", text)
    assert shown.replace("\u2060", "") == kept.replace("\u2060", "")
    assert "\n" not in plain(text)


@pytest.mark.parametrize(
    "address", ["https://example.com/x", "HTTP://example.com", "www.example.com", "eve@example.com"]
)
def test_a_bare_address_does_not_become_a_link(address: str) -> None:
    shown = re.sub(MARKDOWN, r"\1", plain(f"see {address} there"))
    assert address not in shown
    assert address in shown.replace("\u2060", "")


def test_html_is_escaped() -> None:
    assert safe("<b>'\"&") == "&lt;b&gt;&#x27;&quot;&amp;"
