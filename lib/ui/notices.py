"""Notices above any page, once."""

import streamlit as st

from lib.domain.people import Person
from lib.services import budgets, notices
from lib.ui.text import plain

_NEXT = "notice_of_next_page"
_ASKED = "month_asked"  # the month for which this browser session has asked already


def on_next_page(text: str) -> None:
    """Told once the page that is switched to is drawn; a toast of this one would go with it."""
    st.session_state[_NEXT] = text


def show(person: Person) -> None:
    """Asks once a session and month, so that other runs of the page cost nothing."""
    if text := st.session_state.pop(_NEXT, None):
        st.toast(plain(text))
    month = budgets.this_month()
    if st.session_state.get(_ASKED) == month:
        return
    st.session_state[_ASKED] = month
    told = notices.month_begun(person, month)
    if told:
        st.toast(plain(told), duration="infinite")
