"""All other GPUs that RunPod lists, as a table to sort and choose from."""

from collections.abc import Callable, Sequence
from decimal import Decimal

import pandas as pd
import streamlit as st

from lib.domain.offers import TIER_TITLES, enough_memory
from lib.domain.presets import Preset
from lib.services.estimates import Priced
from lib.ui.csv_table import table_with_csv

_CLICKED = "offer_clicked"


def choose_offer(
    offers: Sequence[Priced], preset: Preset, needed_gb: Decimal, on_choose: Callable[[str], None]
) -> None:
    """One row an offer, cheapest first; `on_choose` gets the key of the one that was clicked.

    `needed_gb` is what the draft needs of GPU memory, its overrides included.

    Amounts become floats here: the grid sorts numbers only.
    """
    rows = sorted(offers, key=lambda priced: priced.offer.hourly_rate)

    def clicked() -> None:
        click = st.session_state.get(_CLICKED)
        if click:
            on_choose(rows[click["row"]].offer.key)  # as they were on the screen

    table_with_csv(
        "offers",
        pd.DataFrame([_row(priced, preset, needed_gb) for priced in rows]),
        row_height=38,
        placeholder="–",
        height="content" if len(rows) <= 12 else 500,
        column_config={
            "Choose": st.column_config.ButtonColumn(
                width=90, type="secondary", key=_CLICKED, on_click=clicked
            ),
            "GPU": st.column_config.TextColumn(width=190),
            "Rate / hr": st.column_config.NumberColumn(width=90, format="dollar"),
            "This job": st.column_config.NumberColumn(width=100, format="dollar"),
            "Memory GB": st.column_config.NumberColumn(width=100),
        },
    )


def _row(priced: Priced, preset: Preset, needed_gb: Decimal) -> dict[str, object]:
    offer = priced.offer
    fits = enough_memory(offer, needed_gb, preset.title) is None
    return {
        "GPU": offer.gpu_title,
        "Tier": TIER_TITLES[offer.tier],
        "Rate / hr": float(offer.hourly_rate),
        "This job": float(priced.estimate.total) if priced.estimate else None,
        "Memory GB": offer.vram_gb,
        "Stock": str(offer.stock) if offer.stock else None,
        f"Fits {preset.title}": "yes" if fits else "no",
        "Choose": "Choose",
    }
