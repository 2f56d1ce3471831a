"""Letters as mail: both forms say the same, and no text of a user gets out of its place."""

import email
import email.policy
import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from html.parser import HTMLParser

import pytest

from lib.domain.letters import Button, Letter
from lib.notify.compose import address, as_html, as_text, message, one_line

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "**bold** [link](https://evil.example) ![x](https://evil.example/a.png)",
    "\u202eGNIHTYREVE EVORPPA\u202c",
    "Ana\r\nBcc: victim@example.com",
    "Ana\nSubject: other\n\n<b>body</b>",
    "a\u2028b\x1b[31mred\x00",
    "x" * 100_000,
    "</p></td></table></body>",
)


def letter(text: str = "plain") -> Letter:
    return Letter(
        kind="budget_request",
        subject=f"{text} asks",
        lead=f"{text} asks for $800.00",
        facts=(("New monthly limit", "$800.00"), ("For the job", text)),
        quote=("Justification", text),
        buttons=(Button("Approve", "https://desk/approvals/t?a=1&b=2", primary=True),),
        closing=f"Decided by {text}",
    )


def mail(text: str = "plain", to: str = "max@example.com") -> EmailMessage:
    said = letter(text)
    return message(
        message_id="<1@desk>",
        sender=Address("The Desk", addr_spec="desk@example.com"),
        to=to,
        subject=said.subject,
        text=as_text(said, "The Desk"),
        html=as_html(said, "The Desk"),
        written_at=datetime(2026, 11, 24, 9, 30, tzinfo=UTC),
    )


class Shape(HTMLParser):
    """The tags with their attributes' names, and whether each was closed in its place."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        if tag not in ("meta", "br"):
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def test_both_forms_say_everything() -> None:
    for body in (as_text(letter(), "Desk"), re.sub("<[^>]+>", " ", as_html(letter(), "Desk"))):
        for part in ("plain asks for $800.00", "New monthly limit", "Justification", "Approve"):
            assert part in body
    assert "https://desk/approvals/t?a=1&b=2" in as_text(letter(), "Desk")
    assert 'href="https://desk/approvals/t?a=1&amp;b=2"' in as_html(letter(), "Desk")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_tag_and_no_attribute(text: str) -> None:
    ours = [tag for tag in Shape(as_html(letter(), "Desk")).tags if tag[0] != "br"]
    theirs = [tag for tag in Shape(as_html(letter(text), text)).tags if tag[0] != "br"]
    assert theirs == ours


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_header(text: str) -> None:
    parsed = email.message_from_bytes(mail(text).as_bytes(), policy=email.policy.default)
    assert set(parsed.keys()) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("MIME-Version", "Content-Type"),
    }
    assert parsed["To"] == "max@example.com"
    assert [part.get_content_type() for part in parsed.walk()] == [
        *("multipart/alternative", "text/plain", "text/html"),
    ]
    assert len(parsed["Subject"]) <= 200


@pytest.mark.parametrize("text", HOSTILE)
def test_every_line_is_as_short_and_plain_as_smtp_asks(text: str) -> None:
    for line in mail(text).as_bytes().split(b"\r\n"):
        assert len(line) <= 998
        assert line.isascii()
        assert b"\r" not in line and b"\n" not in line


def test_quoted_words_stay_in_their_quote_line_by_line() -> None:
    text = as_text(letter("Line one\nApprove:\nhttps://evil.example\r\n\u202eevil"), "Desk")
    quoted = text.partition("Justification:\n")[2].partition("\n\n")[0]
    assert [line[:2] for line in quoted.splitlines()] == ["> "] * 4
    html = as_html(letter("\u202eevil"), "Desk")
    assert '<div dir="auto" style="unicode-bidi:isolate' in html


def test_the_html_has_no_script_style_sheet_or_picture_and_no_colour_of_text_of_its_own() -> None:
    html = as_html(letter(), "Desk")
    names = {tag for tag, _ in Shape(html).tags}
    assert not names & {"script", "style", "img", "link", "iframe", "form"}
    assert '<meta name="color-scheme" content="light dark">' in html
    coloured = re.findall(r"(?<![-\w])color:([^;\"]+)", html)
    assert coloured == ["#ffffff"]  # of the button that has a ground of its own


@pytest.mark.parametrize(
    "bad",
    [
        *("", "ada", "@example.com", "ada@", "ada@exa mple.com", "ada@example.com>"),
        *("ada@example.com\r\nBcc: x@example.com", "a@b, c@d.example", "ada@example.com\x00"),
    ],
)
def test_what_is_no_address_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match="is not an e-mail address"):
        address(bad)


def test_a_strange_local_part_is_quoted_and_stays_one_address() -> None:
    parsed = email.message_from_bytes(
        mail(to="a,b<c>@example.com").as_bytes(), policy=email.policy.default
    )
    (only,) = parsed["To"].addresses
    assert (only.username, only.domain) == ("a,b<c>", "example.com")


def test_one_line_keeps_words_and_drops_what_could_steer() -> None:
    assert one_line(" Zoë\r\n\tMüller\u202e \x1b[31m李") == "Zoë Müller [31m李"
