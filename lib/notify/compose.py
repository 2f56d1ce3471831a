"""A letter as text and as HTML, and a row of the outbox as the mail that goes out.

The HTML is what every mail program can show: tables and inline styles. It sets no background and
no colour of text, so it is right in light and dark alike; what it colours reads well on both.
"""

import re
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape
from textwrap import wrap

from lib.domain.letters import Button, Letter

ACCENT, LINE = "#2f5bea", "#8a93a5"
_WIDTH = 76
_SUBJECT_LIMIT = 200
_FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"


def one_line(text: str) -> str:
    """Text for a header: no line breaks and no control characters, whatever was typed."""
    blank = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp") else c for c in text)
    return " ".join(blank.split())


def as_text(letter: Letter, sender: str) -> str:
    """The letter for programs that show no HTML. Quoted words are marked with `> `."""
    width = max((len(label) for label, _ in letter.facts), default=0)
    parts = [
        _wrapped(letter.lead),
        "\n".join(
            f"{label + ':':<{width + 1}}  {one_line(value)}" for label, value in letter.facts
        ),
        f"{one_line(letter.quote[0])}:\n{_quoted(letter.quote[1])}" if letter.quote else "",
        "\n\n".join(f"{button.label}:\n{button.url}" for button in letter.buttons),
        _wrapped(letter.closing),
        f"-- \n{one_line(sender)}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _wrapped(text: str) -> str:
    return "\n".join(wrap(one_line(text), _WIDTH))


def _quoted(text: str) -> str:
    lines = [piece for line in text.splitlines() for piece in (wrap(line, _WIDTH - 2) or [""])]
    return "\n".join(f"> {line}".rstrip() for line in lines)


def as_html(letter: Letter, sender: str) -> str:
    """The letter as one HTML page."""
    facts = "".join(_fact(label, value) for label, value in letter.facts)
    buttons = "".join(_button(button) for button in letter.buttons)
    parts = [
        f'<p style="margin:0 0 16px;font-size:18px;line-height:1.4;font-weight:600">'
        f"{escape(one_line(letter.lead))}</p>",
        f'<table role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0" '
        f'style="border-collapse:collapse;margin:0 0 20px">{facts}</table>'
        if facts
        else "",
        _quote(*letter.quote) if letter.quote else "",
        f'<table role="presentation" cellspacing="0" cellpadding="0" border="0" '
        f'style="margin:0 0 20px"><tr>{buttons}</tr></table>'
        if buttons
        else "",
        f'<p style="margin:0 0 16px;font-size:13px;line-height:1.5">{escape(letter.closing)}</p>'
        if letter.closing
        else "",
        f'<p style="margin:0;padding-top:12px;border-top:1px solid {LINE};font-size:12px">'
        f"{escape(one_line(sender))}</p>",
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        '<meta name="supported-color-schemes" content="light dark">'
        f"<title>{escape(one_line(letter.subject))}</title></head>"
        f'<body style="margin:0;padding:0;{_FONT}">\n'
        '<table role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0">'
        '<tr><td align="center" style="padding:24px 16px">\n'
        '<table role="presentation" width="100%" cellspacing="0" cellpadding="0" border="0" '
        'style="max-width:560px;text-align:left"><tr><td>\n'
        + "\n".join(part for part in parts if part)
        + "\n</td></tr></table>\n</td></tr></table>\n</body></html>\n"
    )


def _fact(label: str, value: str) -> str:
    cell = f"padding:8px 0;border-top:1px solid {LINE};font-size:14px;line-height:1.4"
    return (
        f'<tr><td style="{cell};padding-right:16px;white-space:nowrap" valign="top">'
        f"{escape(label)}</td>"
        f'<td style="{cell};text-align:right;font-weight:600;word-break:break-word" dir="auto">'
        f"{escape(one_line(value))}</td></tr>"
    )


def _quote(label: str, text: str) -> str:
    words = "<br>".join(escape(line) for line in text.splitlines())
    return (
        f'<p style="margin:0 0 6px;font-size:13px">{escape(one_line(label))}</p>'
        f'<div dir="auto" style="unicode-bidi:isolate;margin:0 0 20px;padding:4px 12px;'
        f"border-left:3px solid {ACCENT};font-size:14px;line-height:1.5;"
        f'word-break:break-word;overflow-wrap:anywhere">{words}</div>'
    )


def _button(button: Button) -> str:
    look = f"background-color:{ACCENT};color:#ffffff" if button.primary else "color:inherit"
    border = ACCENT if button.primary else LINE
    fill = f' bgcolor="{ACCENT}"' if button.primary else ""
    return (
        f'<td{fill} style="border-radius:6px">'
        f'<a href="{escape(button.url)}" style="display:inline-block;padding:12px 22px;'
        f"border:1px solid {border};border-radius:6px;font-size:15px;font-weight:600;"
        f'text-decoration:none;{look}">{escape(button.label)}</a></td>'
        '<td width="12">&nbsp;</td>'
    )


def message(
    *,
    message_id: str,
    sender: Address,
    to: str,
    subject: str,
    text: str,
    html: str,
    written_at: datetime,
) -> EmailMessage:
    """A mail with both bodies. Raises ValueError where `to` is no address."""
    made = EmailMessage(policy=SMTP)
    made["From"] = sender
    made["To"] = address(to)
    made["Subject"] = one_line(subject)[:_SUBJECT_LIMIT]
    made["Date"] = format_datetime(written_at)
    made["Message-ID"] = one_line(message_id)
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(text, cte="quoted-printable")
    made.add_alternative(html, subtype="html", cte="quoted-printable")
    return made


def address(text: str) -> Address:
    """One address, quoted where it has to be. Raises ValueError."""
    user, _, domain = text.partition("@")
    if not user or not re.fullmatch(r"[\w.-]+", domain) or one_line(text) != text:
        raise ValueError(f"{text!r:.80} is not an e-mail address")
    return Address(username=user, domain=domain)
