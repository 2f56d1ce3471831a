"""Our own look on top of .streamlit/config.toml: cards, figures and the cost panel."""

from pathlib import Path

import streamlit as st

_STYLE = Path(__file__).with_name("style.css")


def apply_style() -> None:
    """Adds the style sheet to the page, and tells dialogs and popovers whether it is dark."""
    st.html(_STYLE)
    scheme = "dark" if st.context.theme.type == "dark" else "light"
    st.html(f"<style>body > div:not(#root) {{ color-scheme: {scheme}; }}</style>")
