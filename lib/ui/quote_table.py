"""All quotes as a table that sorts, exports and leads to one of them (FR1.2.1)."""

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st
from sqlalchemy import Row

from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.quote import COMPARISON
from lib.domain.spreadsheet import BYTE_ORDER_MARK, csv_line
from lib.services import quotes
from lib.ui import quote_list, wizard
from lib.ui.moments import date_and_time, local
from lib.ui.navigation import go
from lib.ui.tables import dollars, frame, moment_column, money_column
from lib.ui.text import plain

_ON_SCREEN, _CLICKED = "quotes_on_screen", "quote_clicked"


def choose_quote(found: Sequence[Row], *, makers: bool) -> Row | None:
    """The list of quotes; returns the one whose number was clicked."""
    columns: dict[str, Callable[[Row], Any]] = {
        "Quote": lambda quote: quote.number,
        "Job": lambda quote: quote.job_name,
        "Client": lambda quote: quote.client or None,
        "Min": lambda quote: dollars(quotes.stored_range(quote)[0]),
        "Max": lambda quote: dollars(quotes.stored_range(quote)[1]),
        "State": lambda quote: "Replaced" if quote.replaced_by else quotes.state(quote),
        "Issued": lambda quote: quote.created_at,
        "Project": lambda quote: quote.project or None,
        "Quoted": lambda quote: quote.configuration or None,
        "Revision": lambda quote: quote.revision,
        "Made by": lambda quote: quote.maker_name,
    }
    if not makers:
        del columns["Made by"]
    on_screen = st.session_state.get(_ON_SCREEN, found)  # the rows that a click was aimed at
    st.session_state[_ON_SCREEN] = found
    st.dataframe(
        frame(found, columns),
        key="quotes",
        hide_index=True,
        row_height=38,
        placeholder="–",
        height="content" if len(found) <= 15 else 620,
        column_config={
            "Quote": st.column_config.ButtonColumn(
                width=120, type="tertiary", alignment="left", key=_CLICKED
            ),
            "Job": st.column_config.TextColumn(width=190),
            "Client": st.column_config.TextColumn(width=130),
            "State": st.column_config.TextColumn(width=115),
            "Project": st.column_config.TextColumn(width=120),
            "Quoted": st.column_config.TextColumn(width=220),
            "Min": money_column("The least of the range; of the cheapest alternative"),
            "Max": money_column("The most of the range; of the dearest alternative"),
            "Issued": moment_column("D MMM, HH:mm", width=112),
            "Revision": st.column_config.NumberColumn(
                width=75, help="Which of the job's quotes it is, counted from the first"
            ),
        },
    )
    clicked = st.session_state.get(_CLICKED)
    return on_screen[clicked["row"]] if clicked else None


def draw_quote(person: Person, quote: Row) -> None:
    """One quote: what it says, its document as it was issued, and the way to its job."""
    least, most = map(usd, quotes.stored_range(quote))
    several = quote.kind == COMPARISON
    replaced = quote.replaced_by and f"by {quote.replaced_by}"
    about = (quote.number, quote.client, quote.project, quote.configuration)
    with st.container(border=True, key="quote-shown", gap="small"):
        st.subheader(plain(quote.job_name), anchor=False)
        st.caption(plain(" · ".join(filter(None, (*about, f"by {quote.maker_name}")))))
        wizard.facts(
            [
                (
                    "Expected",
                    quotes.stored_total(quote),
                    "over all alternatives" if several else "sum of the breakdown",
                ),
                ("Range", f"{least} – {most}", "as issued"),
                (
                    "State",
                    "Replaced" if replaced else quotes.state(quote),
                    replaced or f"valid until {quote.valid_until:%d %b %Y}",
                ),
                ("Revision", str(quote.revision), f"issued {date_and_time(quote.created_at)}"),
            ]
        )
        if several:
            wizard.rows(
                (choice.title, usd(choice.estimate.total))
                for choice in quotes.stored_choices(quote)
            )
        with st.container(horizontal=True):
            quote_list.download_button(person, quote, label="Download PDF", type="primary")
            if st.button("Open the job", icon=":material/arrow_forward:"):
                go("job", quote.job_id)
            st.button("Close", type="tertiary", icon=":material/close:", on_click=_close)


def _close() -> None:
    del st.query_params["quote"]


def as_csv(found: Sequence[Row]) -> bytes:
    """Quotes for a spreadsheet, in UTF-8 with the mark that spreadsheets know it by."""
    columns: dict[str, Callable[[Row], object]] = {
        "number": lambda quote: quote.number,
        "issued": lambda quote: f"{local(quote.created_at):%Y-%m-%d %H:%M}",
        "valid_until": lambda quote: quote.valid_until,
        "state": quotes.state,
        "revision": lambda quote: quote.revision,
        "kind": lambda quote: quote.kind,
        "job": lambda quote: quote.job_name,
        "client": lambda quote: quote.client,
        "project": lambda quote: quote.project,
        "quoted": lambda quote: quote.configuration,
        "min": lambda quote: quotes.stored_range(quote)[0],
        "max": lambda quote: quotes.stored_range(quote)[1],
        "made_by": lambda quote: quote.maker_name,
        "e_mail": lambda quote: quote.maker_email,
        "sha256": lambda quote: quote.sha256,
    }
    lines = (csv_line(str(value(quote)) for value in columns.values()) for quote in found)
    return "".join([BYTE_ORDER_MARK, csv_line(columns), *lines]).encode()
