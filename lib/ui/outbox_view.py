"""The outbox: its list, and one mail as text and as the HTML that a mail program would show."""

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

import streamlit as st

from lib.domain.people import Person
from lib.services import mail
from lib.services.errors import Refusal
from lib.services.mail import MailState, OutboxMail
from lib.ui.csv_table import table_with_csv
from lib.ui.moments import date_and_time
from lib.ui.tables import frame, moment_column
from lib.ui.text import plain, safe

TITLES = {
    MailState.SENT: "Sent",
    MailState.FAILED: "Failed",
    MailState.RETRYING: "Trying again",
    MailState.WAITING: "Waiting",
    MailState.KEPT: "Kept here",
}
TONES: Mapping[MailState, Literal["green", "red", "orange", "blue", "gray"]] = {
    MailState.SENT: "green",
    MailState.FAILED: "red",
    MailState.RETRYING: "orange",
    MailState.WAITING: "blue",
    MailState.KEPT: "gray",
}
_PREVIEW_HEIGHT = 640


def head(mails: Sequence[OutboxMail]) -> None:
    """How mail leaves this installation, and what went wrong."""
    if any(one.state is MailState.KEPT for one in mails):
        st.info(
            "No mail server is set up, so mail stays here to be read and passed on. Set SMTP_URL "
            "to have it sent.",
            icon=":material/mail_off:",
        )
    failed = sum(one.state is MailState.FAILED for one in mails)
    if failed:
        st.error(
            f"{failed} {'mail was' if failed == 1 else 'mails were'} refused for good. Choose one "
            "to see why.",
            icon=":material/error:",
        )


def choose(mails: Sequence[OutboxMail]) -> UUID | None:
    """The list, newest first; returns the mail whose row was clicked, at first the newest."""
    states = {one.row.id: TITLES[one.state] for one in mails}
    table = frame(
        [one.row for one in mails],
        {
            "State": lambda row: states[row.id],
            "To": lambda row: row.to_address,
            "Subject": lambda row: row.subject,
            "Written": lambda row: row.created_at,
            "Trouble": lambda row: row.error or "",
        },
    )
    answer = table_with_csv(
        "mails",
        table,
        on_select="rerun",
        selection_mode="single-row-required",
        height="content" if len(mails) <= 8 else 340,
        column_config={
            "State": st.column_config.TextColumn(width=95),
            "To": st.column_config.TextColumn(width=180),
            "Subject": st.column_config.TextColumn(width=300),
            "Written": moment_column("D MMM, HH:mm", width=112),
        },
    )
    rows = answer.selection.rows
    return mails[rows[0]].row.id if rows and rows[0] < len(mails) else mails[0].row.id


def draw(person: Person, opened: OutboxMail) -> None:
    """One mail: where it is, what went wrong, and how it looks."""
    row = opened.row
    with st.container(key="card-mail"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(TITLES[opened.state], color=TONES[opened.state])
            st.markdown(f"**{plain(row.subject)}**")
        who = f"{row.recipient_name} · {row.to_address}" if row.recipient_name else row.to_address
        st.caption(f"To {plain(who)} · {plain(_story(opened))}")
        if row.error:
            st.warning(plain(row.error), icon=":material/error:")
        if opened.state is MailState.FAILED and st.button(
            "Send again", icon=":material/refresh:", key=f"again-{row.id}"
        ):
            _send_again(person, row.id)
        as_html, as_text = st.tabs(["As HTML", "As text"])
        with as_html:
            st.iframe(_sandboxed(row.body_html), height=_PREVIEW_HEIGHT, alt="The mail as HTML")
        with as_text:
            st.code(row.body_text, language=None, wrap_lines=True)


def _story(opened: OutboxMail) -> str:
    row = opened.row
    written = f"written {date_and_time(row.created_at)}"
    return {
        MailState.SENT: f"{written}, sent {date_and_time(row.sent_at)}" if row.sent_at else "",
        MailState.FAILED: f"{written}, given up {date_and_time(row.failed_at)}"
        if row.failed_at
        else "",
        MailState.RETRYING: f"{written}, {row.attempts} tried, next {date_and_time(row.due_at)}",
        MailState.WAITING: f"{written}, about to be sent",
        MailState.KEPT: f"{written}, not sent: there is no mail server",
    }[opened.state]


def _send_again(person: Person, mail_id: UUID) -> None:
    try:
        mail.try_again(person, mail_id)
    except Refusal as refusal:  # it has been sent in the meantime
        st.toast(plain(refusal))
    st.rerun()


def _sandboxed(html: str) -> str:
    """A page whose only content is the mail in a frame that runs nothing and opens nothing."""
    return (
        '<html style="color-scheme:light dark;height:100%"><body style="margin:0;height:100%">'
        f'<iframe sandbox="" referrerpolicy="no-referrer" title="Mail" srcdoc="{safe(html)}" '
        'style="border:0;width:100%;height:100%"></iframe></body></html>'
    )
