"""A page of nothing but radio cards, for a browser to use: run by test_radio_cards.py."""

import streamlit as st

from lib.ui.radio_cards import RadioCard, radio_cards
from lib.ui.style import apply_style

CARDS = (
    RadioCard("a", "Apple", "<p>Sweet</p><details><summary>More</summary><p>Seeds</p></details>"),
    RadioCard("b", "Berry", "<p>Sour</p>"),
    RadioCard("c", "Cherry", "<p>Red</p>", locked="Not before June"),
    RadioCard("d", "Durian", "<p>Asks first, and is never taken</p>"),
)


def choose(name: str) -> None:
    """As the app's pages do it: the choice is kept, or something speaks against it."""
    st.session_state["asked"] = st.session_state.get("asked", 0) + 1
    if name != "d":
        st.session_state["fruit"] = name


apply_style()
chosen = st.session_state.get("fruit", "a")
st.text(f"Chosen {chosen} after {st.session_state.get('asked', 0)}")
radio_cards("fruit-cards", "Fruit", CARDS, chosen, choose)
