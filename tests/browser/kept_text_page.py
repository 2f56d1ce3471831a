"""Notes of several people and jobs, kept by the server as a draft would: run by test_kept_text.py.

`?who=` and `?job=` say whose they are, `?refuse=1` makes a server that takes nothing.
"""

import time

import streamlit as st

from lib.ui.kept_text import kept_text
from lib.ui.notes_editor import notes_editor
from lib.ui.style import apply_style


@st.cache_resource
def saved() -> dict[str, str]:
    return {}


store = f"{st.query_params.get('who', 'ana')}:{st.query_params.get('job', '1')}"
runs = st.session_state["runs"] = st.session_state.get("runs", 0) + 1


seen = st.session_state.setdefault("seen", {})


def keep(place: str, text: str) -> None:
    """As a draft is saved: not over what another tab has saved since."""
    time.sleep(0.3)  # so that typing and clicking go on meanwhile
    st.session_state["kept"] = place  # where Streamlit would leave for a newer request
    if "refuse" not in st.query_params and saved().get(place, "") == seen[place]:
        saved()[place] = text


name = f"{store}:name"
seen.update({place: saved().get(place, "") for place in (store, name)})
apply_style()
notes_editor("notes", saved().get(store, ""), store, lambda text: keep(store, text))
kept_text(
    "name",
    "Name",
    saved().get(name, "") or "Made by itself",
    store,
    lambda text: keep(name, text),
    limit=10,
    restored="Your unsaved name of {time} was restored",
)
st.text(f"Saved: {saved().get(store, '')!r}, {saved().get(name, '')!r}")
st.text(f"Run {runs}")
st.button("Something else")
