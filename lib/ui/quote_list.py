"""The quotes of a job, each downloadable again exactly as it was issued."""

from functools import partial
from uuid import UUID

import streamlit as st

from lib.domain.money import usd
from lib.domain.people import Person
from lib.services import quotes
from lib.ui.moments import date_and_time
from lib.ui.text import plain

_ASKED = "quotes_before_the_last_one"


def asked(person: Person, job_id: UUID) -> None:
    """A callback: a quote is being made beside this run, and the list should show it when done."""
    st.session_state[_ASKED] = len(quotes.of_job(person, job_id))


def draw(person: Person, job_id: UUID) -> None:
    """Number, date, range and a download for each; nothing where there are none."""
    issued = quotes.of_job(person, job_id)
    before = st.session_state.pop(_ASKED, None)
    if before is not None and len(issued) <= before:
        _wait_for_quote(person, job_id, before)
    if not issued:
        return
    st.subheader("Quotes", anchor=False)
    for quote in issued:
        least, most = quotes.stored_range(quote)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{quote.number}** · {date_and_time(quote.created_at)} · "
                f"{plain(usd(least))} – {plain(usd(most))} · "
                f"valid until {quote.valid_until:%d %b %Y}"
            )
            st.download_button(
                "PDF",
                data=partial(_document, person, quote.id),
                file_name=f"{quote.number}.pdf",
                mime="application/pdf",
                icon=":material/download:",
                key=f"quote-{quote.id}",
                on_click="ignore",
                type="tertiary",
            )


@st.fragment(run_every=1.0)
def _wait_for_quote(person: Person, job_id: UUID, before: int) -> None:
    """Looks once a second, until the page is drawn again."""
    st.caption("The quote is being written and will be listed here.")
    if len(quotes.of_job(person, job_id)) > before:
        st.rerun()


def _document(person: Person, quote_id: UUID) -> bytes:
    return bytes(quotes.document(person, quote_id).pdf)
