"""What lists have in common: the field that searches one, its pages, labels to choose by."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st

Item = TypeVar("Item")
Key = TypeVar("Key")


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


def told_apart(labels: Mapping[Key, str]) -> dict[Key, str]:
    """The labels with a number behind those that stand for another key already.

    A browser answers with the label alone: of two alike the first would be taken for the second.
    """
    seen: Counter[str] = Counter()
    told: dict[Key, str] = {}
    for key, label in labels.items():
        seen[label] += 1
        told[key] = label if seen[label] == 1 else f"{label} ({seen[label]})"
    return told


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
