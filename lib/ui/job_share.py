"""Sharing a job: its link to copy, a mail to colleagues, the team's chat (FR1.3.1)."""

from collections.abc import Callable
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.people import Person
from lib.domain.sharing import MESSAGE_LIMIT
from lib.services import sharing
from lib.services.errors import Refusal
from lib.ui.text import plain


def draw_button(person: Person, job_id: UUID) -> None:
    """The button and its dialog."""
    if st.button("Share", icon=":material/share:", key="share"):
        _share(person, job_id)


@st.dialog("Share this job", width="medium")
def _share(person: Person, job_id: UUID) -> None:
    invitation = sharing.invitation(person, job_id)
    st.caption("Copy the link, or the sentence with it:")
    st.code(invitation.link, language=None, wrap_lines=True)
    st.code(f"{invitation.text}\n{invitation.link}", language=None, wrap_lines=True)
    colleagues = {user.id: user for user in sharing.colleagues(person, job_id)}
    chosen = st.multiselect(
        "Colleagues",
        list(colleagues),
        format_func=lambda key: _named(colleagues[key]),
        key="share-with",
        placeholder="Choose who gets it by mail" if colleagues else "Nobody else may open this job",
        disabled=not colleagues,
        help="Its creator, managers, admins and the owner. Nobody else could open the link.",
    )
    message = st.text_area(
        "Message",
        max_chars=MESSAGE_LIMIT,
        height=80,
        key="share-message",
        placeholder="Why they should look at it (optional)",
    )
    connected = sharing.chat_is_connected()
    with st.container(horizontal=True):
        by_mail = st.button(
            "Send mail",
            type="primary",
            icon=":material/mail:",
            key="share-by-mail",
            disabled=not colleagues,
        )
        to_chat = st.button(
            "Post to the team's chat",
            icon=":material/chat:",
            key="share-to-chat",
            disabled=not connected,
        )
    if not connected:
        st.caption(plain(sharing.NO_CHAT))
    if by_mail:
        _try(lambda: sharing.by_mail(person, job_id, chosen, message), "The mail is on its way.")
    if to_chat:
        _try(lambda: sharing.to_chat(person, job_id, message), "The message is on its way.")


def _try(send: Callable[[], object], done: str) -> None:
    """What came of it, in the dialog, which keeps what was typed."""
    try:
        send()
    except Refusal as refusal:
        st.error(plain(refusal), icon=":material/error:")
    else:
        st.success(done, icon=":material/check:")


def _named(user: Row) -> str:
    """With the address: two may have one name, and a mail must not reach the other."""
    return f"{user.name} · {user.role} · {user.email}"
