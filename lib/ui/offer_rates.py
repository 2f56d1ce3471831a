"""Where the rates come from: their age, a button to read them anew, and how they have moved."""

from collections.abc import Sequence
from datetime import datetime

import plotly.graph_objects as go
import streamlit as st

from lib.domain.offers import TIER_TITLES, Offer
from lib.domain.people import Person
from lib.services import offers
from lib.services.errors import Refusal
from lib.services.offers import Freshness
from lib.ui.moments import local
from lib.ui.offer_words import source_line
from lib.ui.text import plain

_FAILED = "offers_refresh_failed"
_COLOURS = ("#2F5BEA", "#0EA5A4")


def draw_rates(person: Person, freshness: Freshness, shown: Sequence[Offer], now: datetime) -> None:
    """One line with the button; below it why a refresh failed, and the price history if any."""
    with st.container(horizontal=True, vertical_alignment="center", key="rates"):
        st.caption(plain(source_line(freshness, now)), width="content")
        st.button(
            "Refresh rates",
            icon=":material/refresh:",
            type="tertiary",
            disabled=not freshness.connected,
            help=None if freshness.connected else "Set RUNPOD_API_KEY to read rates from RunPod.",
            on_click=_refresh,
            args=(person,),
        )
    if failed := st.session_state.pop(_FAILED, None):
        st.error(plain(failed), icon=":material/cloud_off:")
    if freshness.fetched_at is not None:
        _draw_history(shown)


def _refresh(person: Person) -> None:
    try:
        offers.refresh(person)
    except Refusal as refusal:
        st.session_state[_FAILED] = str(refusal)
    else:
        st.toast("The rates are those of RunPod now.", icon=":material/check:")


def _draw_history(shown: Sequence[Offer]) -> None:
    """Each offer's rate over time, once it was fetched more than once."""
    lines = [(offer, offers.price_history(offer)) for offer in shown]
    if max((len(rates) for _, rates in lines), default=0) < 2:
        return
    with st.expander("Price history", icon=":material/show_chart:"):
        figure = go.Figure()
        for (offer, rates), colour in zip(lines, _COLOURS, strict=False):
            figure.add_scatter(
                x=[local(row.fetched_at) for row in rates],
                y=[float(row.hourly_rate) for row in rates],
                name=TIER_TITLES[offer.tier],
                mode="lines+markers",
                line={"shape": "hv", "width": 2, "color": colour},
                hovertemplate="%{x|%d %b, %H:%M}<br>$%{y:.2f}/hr<extra></extra>",
            )
        figure.update_layout(
            height=220,
            margin={"l": 8, "r": 8, "t": 24, "b": 8},
            yaxis={"tickprefix": "$", "rangemode": "tozero", "title": "an hour"},
            legend={"orientation": "h", "y": 1.15, "x": 0},
            showlegend=True,
        )
        st.plotly_chart(
            figure,
            key="price-history",
            config={"displayModeBar": False},
            alt="The hourly rates that were fetched, over time",
        )
