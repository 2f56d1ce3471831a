"""Which month the budget page shows, kept in its address (`month=2026-11`), and its PDF."""

from collections.abc import Sequence
from datetime import date

import streamlit as st

from lib.domain.people import Person
from lib.domain.statement import parse_month
from lib.services import month_reports
from lib.ui.text import plain

_ASKED, _CHOSEN = "month", "month-shown"


def asked_month(months: Sequence[date]) -> date:
    """The month of the address; without one, or with a bad one, the first of the months.

    What is wrong with a bad one is told.
    """
    text = st.query_params.get(_ASKED, "")
    if not text:
        return months[0]
    try:
        month = parse_month(text)
        if month not in months:
            raise ValueError(f"month: there is nothing to show for {month:%B %Y}")
    except ValueError as error:
        st.error(
            plain(f"{error}. This is the current month, {months[0]:%B %Y}."),
            icon=":material/error:",
        )
        return months[0]
    return month


def choose(months: Sequence[date], shown: date) -> None:
    """The months to look at; choosing one changes the address. Nothing where there is one alone."""
    if len(months) < 2:
        return
    titles = {f"{month:%Y-%m}": f"{month:%B %Y}" for month in months}
    st.session_state[_CHOSEN] = f"{shown:%Y-%m}"
    st.selectbox(
        "Month", list(titles), format_func=titles.__getitem__, key=_CHOSEN, on_change=_write_address
    )


def offer_pdf(person: Person, subjects: Sequence[Person], month: date) -> None:
    """The month for finance, made when it is asked for and not before."""
    user_ids = [subject.id for subject in subjects]
    st.download_button(
        "PDF for finance",
        data=lambda: month_reports.document(person, user_ids, month).pdf,
        file_name=month_reports.file_name(month, user_ids),
        mime="application/pdf",
        icon=":material/picture_as_pdf:",
        key=f"month-pdf-{month:%Y-%m}",
        on_click="ignore",
        help="This month with every job, by client, preset and person, and the limits.",
    )


def _write_address() -> None:
    st.query_params[_ASKED] = st.session_state[_CHOSEN]
