"""One conversation of a training file as a chat: what is trained on, and what is only context."""

from pathlib import Path
from uuid import UUID

import streamlit as st

from lib.services import previews
from lib.services.errors import Refusal
from lib.services.previews import Preview, Turn
from lib.services.training_files import get
from lib.ui.text import plain, safe

_STYLE = Path(__file__).with_name("conversation.css")


def is_asked_for(file_id: UUID) -> bool:
    """Whether somebody has come to read a conversation, which the address counts from 1.

    The part is then open there, and the page draws it where it is seen at once.
    """
    asked = f"came-to-read-{file_id}"
    named = st.query_params.pop("conversation", "")
    if named.isdecimal():
        st.session_state[asked] = st.session_state["read-conversations"] = True
        st.session_state[f"conversation-{file_id}"] = max(1, int(named[:9]))
    return bool(st.session_state.get(asked, False))


@st.fragment
def draw(file_id: UUID) -> None:
    """A folded part of the page; nothing is read from disk before somebody opens it."""
    part = st.expander(
        "Read the conversations",
        icon=":material/forum:",
        key="read-conversations",
        on_change="rerun",
    )
    if not part.open:
        return
    with part:
        key = f"conversation-{file_id}"
        try:
            preview = previews.conversation(get(file_id), st.session_state.setdefault(key, 1) - 1)
        except Refusal as error:
            st.session_state[key] = 1  # an address may name one that is not there
            st.error(plain(error), icon=":material/error:")
            return
        _steps(key, preview)
        trained = preview.trained_turns
        st.caption(
            f"{plain(preview.id)} · {len(preview.turns)} messages, {trained} trained. The model "
            "learns to write the highlighted responses; all else is only read as context."
        )
        st.html(_STYLE)
        st.html(chat(preview))


def _steps(key: str, preview: Preview) -> None:
    """Back, forward, and a field to go to any number; the field's value says where we are."""

    def step(by: int) -> None:
        st.session_state[key] = min(max(st.session_state[key] + by, 1), preview.total)

    with st.container(horizontal=True, vertical_alignment="bottom", key="conversation-steps"):
        st.button(
            "Previous",
            icon=":material/chevron_left:",
            on_click=step,
            args=(-1,),
            disabled=preview.index == 0,
        )
        st.button(
            "Next",
            icon=":material/chevron_right:",
            icon_position="right",
            on_click=step,
            args=(1,),
            disabled=preview.index + 1 == preview.total,
        )
        st.number_input(
            f"Conversation, 1 to {preview.total:,}",
            min_value=1,
            max_value=preview.total,
            key=key,
            width=200,
        )


def chat(preview: Preview) -> str:
    """The conversation as HTML; every text in it is escaped, its line breaks and spaces kept."""
    turns = "".join(_turn(turn) for turn in preview.turns)
    return f'<div class="chat" role="group" aria-label="Conversation">{turns}</div>'


def _turn(turn: Turn) -> str:
    text = f'<p dir="auto">{safe(turn.content)}</p>'
    if turn.role == "system":
        return f"<details><summary>System prompt</summary>{text}</details>"
    kind, pill = safe(turn.role), ""
    if turn.trained:
        kind, pill = f"{kind} trained", '<span class="pill good">trained</span>'
    elif turn.role == "assistant":
        pill = '<span class="pill quiet">context only</span>'
    who = f'<div class="who">{safe(turn.role.capitalize())} {pill}</div>'
    return f'<div class="turn {kind}">{who}{text}</div>'
