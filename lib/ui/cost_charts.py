"""Plotly charts of what jobs cost."""

from collections.abc import Sequence
from decimal import Decimal

import plotly.graph_objects as go

from lib.domain.money import usd
from lib.services.estimates import Priced

COLOURS = {"gpu_compute": "#2F5BEA", "spot_buffer": "#F59E0B", "storage": "#94A3B8"}


def cost_comparison(offers: Sequence[Priced]) -> go.Figure:
    """The total of each offer as one bar made of its breakdown lines (FR1.1.3)."""
    figure = go.Figure()
    priced = [entry for entry in offers if entry.estimate is not None]
    titles = [entry.offer.title for entry in priced]
    for key, colour in COLOURS.items():
        found = [
            next((line for line in entry.estimate.lines if line.key == key), None)
            for entry in priced
            if entry.estimate
        ]
        amounts = [line.amount if line else Decimal(0) for line in found]
        if any(amounts):
            figure.add_bar(
                y=titles,
                x=[float(amount) for amount in amounts],
                name=next(line.label for line in found if line),
                orientation="h",
                marker={"color": colour},
                hovertext=[usd(amount) for amount in amounts],
                hoverinfo="text+name",
            )
    for entry in priced:
        assert entry.estimate is not None
        figure.add_annotation(
            y=entry.offer.title,
            x=float(entry.estimate.total),
            text=f"<b>{usd(entry.estimate.total)}</b>",
            showarrow=False,
            xanchor="left",
            xshift=6,
        )
    most = max((float(entry.estimate.total) for entry in priced if entry.estimate), default=1.0)
    figure.update_layout(
        barmode="stack",
        height=150,
        margin={"l": 0, "r": 0, "t": 24, "b": 0},
        xaxis={"visible": False, "range": [0, most * 1.35], "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True, "ticksuffix": "  "},
        legend={"orientation": "h", "y": 1.18, "x": 0},
        bargap=0.4,
    )
    return figure
