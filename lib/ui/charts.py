"""Charts of a job and of a training file. Their colours suit light and dark alike."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
from sqlalchemy import Row

from lib.domain.dataset import Share

ACCENT = "#4B72F2"
GUIDE = "rgba(128,140,165,.9)"  # readable on light and on dark
_MOST_POINTS = 1000  # more are not told apart on a screen, and are sent every second
_FEW_POINTS = 40
_TOP = 12  # bars in a distribution; the rest is summed up
#: Zooming and saving as a picture stay; what makes no sense for a line goes.
PLOT_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "autoScale2d"],
}


def loss_chart(metrics: Sequence[Row], steps_total: int | None) -> go.Figure:
    """Training loss over the steps of the whole run, with a mark wherever it was taken up again."""
    kept = [row for row in metrics if row.loss is not None]
    shown = kept[:: len(kept) // _MOST_POINTS + 1]
    if kept and shown[-1] is not kept[-1]:
        shown.append(kept[-1])
    figure = go.Figure(
        go.Scatter(
            x=[row.step for row in shown],
            y=[float(row.loss) for row in shown],
            mode="lines+markers" if len(shown) <= _FEW_POINTS else "lines",
            line={"width": 2, "color": ACCENT},
            marker={"size": 5},
            name="Loss",
            hovertemplate="step %{x}<br>loss %{y:.4f}<extra></extra>",
        )
    )
    for before, after in pairwise(metrics):
        if after.attempt != before.attempt:
            figure.add_vline(
                x=(before.step + after.step) / 2,
                line={"color": GUIDE, "dash": "dot", "width": 1.5},
                annotation={"text": f"resumed after step {before.step}", "font": {"size": 11}},
                annotation_position="top right",
            )
    figure.update_layout(
        **layout(290),
        xaxis={"title": "Step", "range": [0, steps_total] if steps_total else None},
        yaxis={"title": "Training loss"},
        hovermode="x",
        showlegend=False,
    )
    return figure


def distribution_chart(shares: Sequence[Share]) -> go.Figure:
    """One bar a share, in the given order, with its percentage; what is beyond is one bar more."""
    total = sum(share.count for share in shares)
    bars = [(share.name, share.count) for share in shares[:_TOP]]
    if rest := shares[_TOP:]:
        bars.append((f"{len(rest)} more", sum(share.count for share in rest)))
    names = [name if len(name) <= 36 else f"{name[:35]}…" for name, _count in bars]
    figure = go.Figure(
        go.Bar(
            x=[count for _name, count in bars],
            y=list(range(len(bars))),
            orientation="h",
            text=[f"{count / total:.0%}" for _name, count in bars],
            hovertext=[f"{count:,} conversations" for _name, count in bars],
            hoverinfo="text",
            textposition="auto",
            textangle=0,
            textfont={"size": 11},
            constraintext="none",
            cliponaxis=False,
            marker={"color": ACCENT},
        )
    )
    figure.update_layout(
        height=26 * len(bars) + 16,
        margin={"l": 0, "r": 8, "t": 4, "b": 4},
        xaxis={"visible": False, "fixedrange": True, "rangemode": "tozero"},
        yaxis={
            "tickvals": list(range(len(bars))),
            # Plotly reads a little HTML in labels: names are shown as they are written.
            "ticktext": [name.replace("<", "‹").replace("&", "＆") for name in names],
            "autorange": "reversed",
            "fixedrange": True,
        },
        bargap=0.35,
    )
    return figure


def layout(height: int) -> dict[str, Any]:
    """What all charts share."""
    return {"height": height, "margin": {"l": 8, "r": 8, "t": 28, "b": 8}}
