"""On which ways somebody is told of what: a row a kind, a column a way; for admins the chat too."""

import streamlit as st

from lib.domain.notifications import JOB_KINDS, TITLES, Kind, Way
from lib.domain.people import Person
from lib.services import notifications
from lib.ui.text import plain

_WAYS = {Way.BELL: "Bell", Way.MAIL: "Mail"}


def draw(person: Person) -> None:
    """Every change is kept at once."""
    chosen = notifications.preferences(person)
    for_chat = notifications.may_choose_for_chat(person)
    chat = notifications.chat_kinds(person) if for_chat else frozenset()
    st.caption(
        "Everything is listed here. Without the bell it is listed as read, and the number beside "
        f"the bell does not count it. Mail goes to {plain(person.email)}."
    )
    with st.container(key="told-of", gap=None):
        for kind in Kind:
            with st.container(horizontal=True, vertical_alignment="center", key=f"told-{kind}"):
                st.markdown(TITLES[kind])
                for way, label in _WAYS.items():
                    _draw_choice(person, kind, way, label, value=chosen[kind, way])
                if for_chat:
                    _draw_chat(person, kind, value=kind in chat)
    if for_chat:
        connected = notifications.chat_is_connected()
        st.caption(
            "Chat is the team's, with everybody's runs, and yours to choose as an admin. "
            + ("" if connected else "It is not connected: set CHAT_URL for the app and its worker.")
        )


def _draw_choice(person: Person, kind: Kind, way: Way, label: str, *, value: bool) -> None:
    key = f"{kind}-{way}"
    st.session_state[key] = value
    st.checkbox(label, key=key, on_change=_choose, args=(person, kind, way, key))


def _choose(person: Person, kind: Kind, way: Way, key: str) -> None:
    notifications.prefer(person, kind, way, st.session_state[key])


def _draw_chat(person: Person, kind: Kind, *, value: bool) -> None:
    """Its place is kept where there is nothing to choose, so that the columns stay columns."""
    key = f"{kind}-chat"
    st.session_state[key] = value
    st.checkbox(
        "Chat",
        key=key,
        disabled=kind not in JOB_KINDS,
        on_change=_choose_chat,
        args=(person, kind, key),
    )


def _choose_chat(person: Person, kind: Kind, key: str) -> None:
    notifications.tell_chat(person, kind, st.session_state[key])
