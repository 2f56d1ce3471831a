"""The quotes of a job, each downloadable again exactly as it was issued, and one of several."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from itertools import groupby
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.quote import COMPARISON, MOST_CHOICES
from lib.services import quotes
from lib.services.drafts import OpenDraft
from lib.services.quotes import Alternative
from lib.settings import settings
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
        about = f" · {plain(quote.configuration)}" if quote.kind == COMPARISON else ""
        replaced = f" · {quotes.state(quote)}" if quote.replaced_by else ""
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{quote.number}** · {date_and_time(quote.created_at)} · "
                f"{plain(usd(least))} – {plain(usd(most))}{about} · "
                f"valid until {quote.valid_until:%d %b %Y}{replaced}"
            )
            download_button(person, quote, label="PDF", type="tertiary")


def download_button(person: Person, quote: Row, *, label: str, type: str) -> None:
    """Gives out the stored bytes of a quote."""
    st.download_button(
        label,
        data=partial(_document, person, quote.id),
        file_name=f"{quote.number}.pdf",
        mime="application/pdf",
        icon=":material/download:",
        key=f"quote-{quote.id}",
        on_click="ignore",
        type="primary" if type == "primary" else "tertiary",
    )


def draw_alternatives(person: Person, opened: OpenDraft) -> None:
    """One quote for several alternatives of an open draft: the usual ones are ticked."""
    with st.popover("Quote several alternatives", icon=":material/splitscreen:"):
        _choose_alternatives(person, opened)


@st.fragment
def _choose_alternatives(person: Person, opened: OpenDraft) -> None:
    found = quotes.alternatives(opened)
    if len(found) < 2:
        st.caption("There is nothing to compare with until this machine has been measured.")
        return
    by_offer = sorted(found, key=lambda one: [o.offer_key for o in found].index(one.offer_key))
    chosen: list[str] = []
    for _, listed in groupby(by_offer, key=lambda one: one.offer_key):
        chosen += _ticked(opened, list(listed))
    fits = 2 <= len(chosen) <= MOST_CHOICES
    st.download_button(
        f"Quote {len(chosen)} alternatives" if fits else f"Choose 2 to {MOST_CHOICES}",
        data=lambda: bytes(quotes.issue_alternatives(person, opened, chosen).pdf),
        file_name=f"cost-alternatives-{datetime.now(settings().time_zone):%Y-%m-%d-%H%M}.pdf",
        mime="application/pdf",
        icon=":material/picture_as_pdf:",
        width="stretch",
        type="primary",
        disabled=not fits,
        key=f"quote-alternatives-{opened.job_id}",
        on_click=asked,
        args=(person, opened.job_id),
        help="A numbered PDF with all of them, each with its breakdown. It is kept with the job.",
    )


def _ticked(opened: OpenDraft, listed: Sequence[Alternative]) -> list[str]:
    """The alternatives on one offer as boxes; the keys of those that are ticked."""
    with st.container(gap="xxsmall"):
        st.caption(plain(listed[0].choice.offer_title))
        return [
            one.key
            for one in listed
            if st.checkbox(
                f"{plain(one.choice.configuration)} · {plain(usd(one.choice.estimate.total))}",
                value=one.usual,
                key=f"alternative-{opened.job_id}-{one.key}",
                help=plain(" ".join(one.choice.notes)) or None,
            )
        ]


@st.fragment(run_every=1.0)
def _wait_for_quote(person: Person, job_id: UUID, before: int) -> None:
    """Looks once a second, until the page is drawn again."""
    st.caption("The quote is being written and will be listed here.")
    if len(quotes.of_job(person, job_id)) > before:
        st.rerun()


def _document(person: Person, quote_id: UUID) -> bytes:
    return bytes(quotes.document(person, quote_id).pdf)
