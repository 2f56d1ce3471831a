"""What lists have in common: the field that searches one, and its pages."""

from collections.abc import Sequence
from typing import Any, TypeVar

import streamlit as st

Item = TypeVar("Item")


def search_field(key: str, placeholder: str, **options: Any) -> str:
    """A field that searches while one types; `options` go to `st.text_input`."""
    settings: dict[str, Any] = {"max_chars": 200, "live": True, **options}
    return st.text_input(
        "Search",
        key=key,
        type="search",
        placeholder=placeholder,
        label_visibility="collapsed",
        icon=":material/search:",
        **settings,
    )


def on_page(items: Sequence[Item], size: int, key: str) -> Sequence[Item]:
    """What of the items stands on the page that is shown; there is always a first one."""
    here = min(st.session_state.get(key, 1), _pages(items, size))
    return items[(here - 1) * size : here * size]


def draw_pages(items: Sequence[object], size: int, key: str) -> None:
    """The way to the other pages, where there are some."""
    if (pages := _pages(items, size)) > 1:
        st.pagination(pages, key=key)


def _pages(items: Sequence[object], size: int) -> int:
    return max(1, -(-len(items) // size))
