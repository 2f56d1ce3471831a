"""The two charts: a job's loss, a month's spending. Their colours suit light and dark alike."""

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal
from itertools import pairwise
from typing import Any

import plotly.graph_objects as go
from sqlalchemy import Row

from lib.domain.budget import Budget
from lib.domain.dataset import Share
from lib.domain.money import ZERO, usd
from lib.ui.moments import local

_ACCENT = "#4B72F2"
_GUIDE = "rgba(128,140,165,.9)"  # readable on light and on dark
_RESERVED = "rgba(75,114,242,.75)"
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
            line={"width": 2, "color": _ACCENT},
            marker={"size": 5},
            name="Loss",
            hovertemplate="step %{x}<br>loss %{y:.4f}<extra></extra>",
        )
    )
    for before, after in pairwise(metrics):
        if after.attempt != before.attempt:
            figure.add_vline(
                x=(before.step + after.step) / 2,
                line={"color": _GUIDE, "dash": "dot", "width": 1.5},
                annotation={"text": f"resumed after step {before.step}", "font": {"size": 11}},
                annotation_position="top right",
            )
    figure.update_layout(
        **_layout(290),
        xaxis={"title": "Step", "range": [0, steps_total] if steps_total else None},
        yaxis={"title": "Training loss"},
        hovermode="x",
        showlegend=False,
    )
    return figure


def month_chart(budget: Budget, jobs: Sequence[Row], now: datetime) -> go.Figure:
    """Spending added up over the month's days, what is reserved on top, the limit and its grace.

    A job's cost counts from the moment it ended; what a running job has cost counts now.
    """
    begin, end = (_midnight(day, now) for day in (budget.month, budget.resets_on))
    today = min(local(now), end)
    moments, sums = [begin], [ZERO]
    for moment, cost in sorted((local(job.ended_at or now), job.actual_cost) for job in jobs):
        moments.append(min(max(moment, begin), today))
        sums.append(sums[-1] + cost)
    figure = go.Figure(
        go.Scatter(
            x=[*moments, today],
            y=_drawn([*sums, sums[-1]]),
            name="Spent",
            mode="lines",
            line={"shape": "hv", "width": 2.5, "color": _ACCENT},
            fill="tozeroy",
            hovertemplate="%{x|%d %b, %H:%M}<br>spent $%{y:,.2f}<extra></extra>",
        )
    )
    if budget.reserved > ZERO:
        _add_reserved(figure, budget, today, end)
    _add_limits(figure, budget)
    highest = max(budget.ceiling, budget.spent + budget.reserved)
    figure.update_layout(
        **_layout(320),
        xaxis={"range": [begin, end], "tickformat": "%d %b"},
        yaxis={"title": "US dollars", "range": [0, float(highest) * 1.14], "tickprefix": "$"},
        legend={"orientation": "h", "y": 1.12, "x": 1, "xanchor": "right"},
        showlegend=True,
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
            marker={"color": _ACCENT},
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


def _add_reserved(figure: go.Figure, budget: Budget, today: datetime, end: datetime) -> None:
    """A hatched band from now on: what the active jobs may still cost."""
    for top, drawn in ((budget.spent, False), (budget.spent + budget.reserved, True)):
        figure.add_scatter(
            x=[today, end],
            y=_drawn([top, top]),
            mode="lines",
            line={"width": 1 if drawn else 0, "dash": "dot", "color": _RESERVED},
            fill="tonexty" if drawn else None,
            fillpattern={"shape": "/", "fgcolor": _RESERVED, "size": 7} if drawn else None,
            name="Reserved by active jobs",
            showlegend=drawn,
            hovertemplate=f"reserved {usd(budget.reserved)}<extra></extra>",
            hoverinfo=None if drawn else "skip",
        )


def _add_limits(figure: go.Figure, budget: Budget) -> None:
    marks = [(budget.limit, f"Limit {usd(budget.limit)}", "dash", "bottom left")]
    if budget.ceiling > budget.limit:
        marks.append((budget.ceiling, f"With grace {usd(budget.ceiling)}", "dot", "top left"))
    for amount, label, dash, position in marks:
        figure.add_hline(
            y=float(amount),
            line={"color": _GUIDE, "dash": dash, "width": 1.5},
            annotation={"text": label, "font": {"size": 12}},
            annotation_position=position,
        )


def _layout(height: int) -> dict[str, Any]:
    """What both charts share."""
    return {"height": height, "margin": {"l": 8, "r": 8, "t": 28, "b": 8}}


def _midnight(day: Any, now: datetime) -> datetime:
    return datetime.combine(day, time.min, tzinfo=local(now).tzinfo)


def _drawn(amounts: Sequence[Decimal]) -> list[float]:
    return [float(amount) for amount in amounts]
