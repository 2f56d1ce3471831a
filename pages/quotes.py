"""All quotes: search, look one up, download it as it was issued."""

import streamlit as st
from sqlalchemy import Row

from lib.services import quotes
from lib.services.errors import NotFound
from lib.ui import quote_table
from lib.ui.guard import guard
from lib.ui.lists import search_field
from lib.ui.navigation import go
from lib.ui.text import plain

person = guard()
A_PAGE, ALL = 200, 10_000
SHOWN = "quotes_shown"


def asked_for() -> Row | None:
    """The quote that the address names."""
    number = st.query_params.get("quote")
    if number is None:
        return None
    try:
        return quotes.numbered(person, number)
    except NotFound as error:
        st.warning(plain(error), icon=":material/search_off:")
        return None


def nothing_found() -> None:
    """What to do next where the list is empty."""
    if search.strip():
        st.info(
            "No quote matches. Try fewer letters, or clear the search.", icon=":material/search:"
        )
        return
    with st.container(key="empty"):
        st.subheader("No quotes yet", anchor=False)
        st.write(
            "Configure a job and press Download Cost Estimate in the panel beside it: "
            "each quote is numbered, kept, and listed here."
        )
        if st.button("New job", icon=":material/add:"):
            go("dataset")


st.title("Quotes", anchor=False)
search = search_field("quote-search", "Search numbers, jobs, clients, projects and makers")
one = st.container()
limit = st.session_state.setdefault(SHOWN, A_PAGE)
found = quotes.listing(person, search, limit + 1)
chosen = None
if not found:
    nothing_found()
else:
    chosen = quote_table.choose_quote(found[:limit], makers=person.may_see_all_jobs)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Click a quote's number to see it. The table sorts by its headings.")
        if len(found) > limit and st.button(f"Show {A_PAGE} more", type="tertiary"):
            st.session_state[SHOWN] = limit + A_PAGE
            st.rerun()
        st.download_button(
            "Export as CSV",
            data=lambda: quote_table.as_csv(quotes.listing(person, search, ALL)),
            file_name="quotes.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            type="tertiary",
        )
if chosen is not None:
    st.query_params["quote"] = chosen.number
with one:
    quote = chosen or asked_for()
    if quote is not None:
        quote_table.draw_quote(person, quote)
