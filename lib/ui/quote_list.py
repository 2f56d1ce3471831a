"""The quotes of a job, each downloadable again exactly as it was issued."""

from functools import partial
from uuid import UUID

import streamlit as st

from lib.domain.money import usd
from lib.domain.people import Person
from lib.services import quotes
from lib.ui.text import plain


def draw(person: Person, job_id: UUID) -> None:
    """Number, date, range and a download for each; nothing where there are none."""
    issued = quotes.of_job(person, job_id)
    if not issued:
        return
    st.subheader("Quotes", anchor=False)
    for quote in issued:
        least, most = quotes.stored_range(quote)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{quote.number}** · {quote.created_at:%d %b %Y, %H:%M} UTC · "
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


def _document(person: Person, quote_id: UUID) -> bytes:
    return bytes(quotes.document(person, quote_id).pdf)
