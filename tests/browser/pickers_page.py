"""A page of the two pickers alone, for a browser to use: run by test_pickers.py."""

import streamlit as st

from lib.domain.metadata import PREDEFINED_TAGS
from lib.ui.picker import client_picker, tag_picker
from lib.ui.style import apply_style

CLIENTS = {
    "Acme Financial": ["Q4 2025 Model Enhancement", "Pilot"],
    "Borealis": [],
    "<b>Bold & Sons</b>": ["Größe"],
}
state = st.session_state
state.setdefault("told", 0)


def tags(chosen: tuple[str, ...]) -> None:
    state["told"] += 1
    state["chosen"] = chosen


def client(name: str, project: str) -> None:
    state["told"] += 1
    state["named"] = (name, project)


apply_style()
chosen = state.get("chosen", ())
named = state.get("named", ("", ""))
st.text(f"Tags {','.join(chosen)} and {' / '.join(named)} after {state['told']}")
tag_picker("tags", chosen, PREDEFINED_TAGS, tags)
client_picker("client", *named, CLIENTS, client)
st.button("Something else")
