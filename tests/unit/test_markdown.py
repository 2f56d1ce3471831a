"""Notes as HTML: what Markdown means is there, and nothing that runs or loads ever is."""

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lib.ui.markdown import rendered

#: All that the renderer may write, and the attributes that each may have.
ALLOWED: dict[str, set[str]] = {
    **{tag: set() for tag in ("em", "strong", "ul", "li", "pre", "blockquote", "br", "hr")},
    **{tag: set() for tag in ("h4", "h5", "h6")},
    "p": {"class"},
    "div": {"class", "dir"},
    "code": {"class"},
    "ol": {"start"},
    "a": {"href", "target", "rel", "class"},
}
FRAGMENTS = (
    *(
        "<script>",
        "</script>",
        "<img src=//evil/x onerror=a()>",
        "![a](http://evil/x.png)",
        "![",
        "]",
    ),
    *(
        "[a](javascript:alert(1))",
        "[a](data:text/html,x)",
        "[a](JaVa\tscript:x)",
        "[a](&#106;ava:x)",
    ),
    *(
        "<javascript:x>",
        "<http://a.b>",
        "[a]: http://evil/x 't\"'",
        "[a]",
        "![a]",
        "(",
        ")",
        "\\",
        "`",
    ),
    *(
        "```",
        "~~~x onload=1",
        "\n",
        "\n\n",
        "    ",
        "- ",
        "1. ",
        "> ",
        "# ",
        "**",
        "_",
        "&lt;",
        "&#0;",
    ),
    *(
        '"',
        "'",
        " on='x'",
        "<!--",
        "-->",
        "<style>@import url(//evil)</style>",
        "\x00",
        "\u202e",
        "😀",
    ),
)


class Read(HTMLParser):
    """The elements of some HTML, its text, and whether all that was opened was closed."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in ("br", "hr") or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


def harmless(text: str) -> Read:
    read = Read(rendered(text))
    assert read.open == []
    for tag, attributes in read.found:
        assert attributes.keys() <= ALLOWED[tag], tag
        if tag == "a":
            address = (attributes["href"] or "").lower()
            assert address.startswith(("http://", "https://", "mailto:"))
            assert "noopener" in (attributes["rel"] or "")
    return read


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8))).map("".join))
def test_nothing_that_was_typed_ever_runs_or_loads(text: str) -> None:
    harmless(text)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**b** and *i*", "<p><strong>b</strong> and <em>i</em></p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("3. a\n4. b", '<ol start="3">\n<li>a</li>\n<li>b</li>\n</ol>'),
        ("`x < 1`", "<p><code>x &lt; 1</code></p>"),
        ("```py\nx < 1\n```", '<pre><code class="language-py">x &lt; 1\n</code></pre>'),
        ("# Big", "<h4>Big</h4>"),
        ("###### Small", "<h6>Small</h6>"),
        ("one\ntwo", "<p>one<br />\ntwo</p>"),
        ("> said", "<blockquote>\n<p>said</p>\n</blockquote>"),
    ],
)
def test_what_markdown_means_is_there(text: str, html: str) -> None:
    assert (
        rendered(text).replace("\n</div>", "</div>")
        == f'<div class="notes" dir="auto">{html}</div>'
    )


def test_an_image_is_shown_as_it_was_typed_and_a_link_knows_nothing_of_the_page() -> None:
    read = harmless("![a & b](https://x.example/a.png) [site](https://x.example/?q=1&r=2)")
    assert read.text.strip() == "![a & b](https://x.example/a.png) site"
    links = [attributes for tag, attributes in read.found if tag == "a"]
    assert links == [
        {
            "href": "https://x.example/?q=1&r=2",
            "target": "_blank",
            "rel": "noopener noreferrer nofollow",
        }
    ]


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//x.example", "/jobs"],
)
def test_other_addresses_are_text(address: str) -> None:
    read = harmless(f"[a]({address}) <{address}>")
    assert "a" not in [tag for tag, _ in read.found]
    assert f"[a]({address})" in read.text


@pytest.mark.parametrize(
    "repeated",
    [
        "word ",
        "[",
        "![a](",
        "*a**b",
        "_a",
        "> ",
        "- a\n",
        "`a``b",
        "<a:",
        "a*_",
        "  " * 40 + "- a\n",
    ],
)
def test_a_hundred_thousand_characters_take_less_than_a_second(repeated: str) -> None:
    text = (repeated * 100_000)[:100_000]
    begin = time.process_time()
    assert harmless(text).text.strip() == text.strip()  # far too long for notes: as it was typed
    harmless(text[:10_000])
    assert time.process_time() - begin < 1
