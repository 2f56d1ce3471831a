"""What stands around the job list: how many there are, what was mended, what to do without any."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import streamlit as st

from lib.domain.job_search import JobQuery, Sort
from lib.services.job_search import Page
from lib.ui.job_filters import ask
from lib.ui.text import plain

_ORDERS: Mapping[Sort, str] = MappingProxyType(
    {
        Sort.BEST: "best match first",
        Sort.NEWEST: "newest first",
        Sort.OLDEST: "oldest first",
        Sort.COST: "highest cost first",
        Sort.DURATION: "longest first",
        Sort.NAME: "by name",
    }
)


def draw_count(page: Page, query: JobQuery) -> None:
    """How many there are, in which order, and what was looked for instead."""
    if page.mended:
        typed, used = page.mended_words
        st.markdown(f"Nothing for '{plain(typed)}'; showing '**{plain(used)}**'")
    st.caption(f"{count(page, query)}, {_ORDERS[page.order]}")


def count(page: Page, query: JobQuery) -> str:
    """`3 matches`; where they were too many to count, the planner's guess to two figures."""
    one, more = ("match", "matches") if query.narrowed else ("job", "jobs")
    if page.counted:
        return f"{page.total:,} {one if page.total == 1 else more}"
    magnitude = 10 ** (len(str(page.total)) - 2)
    return f"About {round(page.total / magnitude) * magnitude:,} {more}"


def draw_no_match(query: JobQuery) -> None:
    """Ways on from a search or filters that nothing matches."""
    st.subheader("No job matches", anchor=False)
    st.write(
        "Fewer words find more: a job must have all of them."
        if query.text
        else "No job has all that the filters ask for."
    )
    with st.container(horizontal=True):
        st.button("Clear the search and filters", on_click=lambda: ask(JobQuery()))
        if query.text and not query.archived:
            st.button(
                "Search archived jobs",
                icon=":material/archive:",
                type="tertiary",
                on_click=lambda: ask(replace(query, archived=True)),
            )
