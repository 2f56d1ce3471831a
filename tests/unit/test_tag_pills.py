"""Tags as pills: escaped, linked, and in one colour each."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from lib.domain.metadata import PREDEFINED_TAGS
from lib.ui.tag_pills import hue, pills


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), max_size=3))
def test_each_pill_is_text_and_leads_to_the_jobs_with_its_tag(tags: list[str]) -> None:
    html = pills(tags)
    found = re.findall(
        r'<a class="tag-pill" style="--hue:\d+" target="_self" href="([^"]*)">([^<]*)</a>', html
    )
    assert [unescape(text) for _, text in found] == tags
    for (address, _), tag in zip(found, tags, strict=True):
        parts = urlsplit(unescape(address))
        assert (parts.path, parse_qs(parts.query)) == ("/", {"tag": [tag]})
    assert re.sub(r"</?(a|span)[^>]*>", "", html) == "".join(text for _, text in found)


def test_a_tag_has_its_colour_wherever_it_stands() -> None:
    assert f"--hue:{hue('poc')}" in pills(["test", "poc"])
    assert len({hue(tag) for tag in PREDEFINED_TAGS}) > 10
    assert pills([]) == ""
