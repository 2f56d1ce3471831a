"""Charts of money over time: a month day by day, and the months before it."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go
from sqlalchemy import Row

from lib.domain.budget import Budget
from lib.domain.money import ZERO, usd
from lib.domain.spending import Projection
from lib.ui.charts import ACCENT, GUIDE, layout
from lib.ui.moments import local

_RESERVED = "rgba(75,114,242,.75)"
_PROJECTED = "#0F8A5F"
_BAND = "rgba(15,138,95,.16)"


def month_chart(
    budget: Budget, daily: Sequence[Row], now: datetime, projection: Projection | None = None
) -> go.Figure:
    """Spending added up over the month's days, what is reserved on top, the limit and its grace.

    `daily` has the `day` on which jobs ended and their `cost`; it counts at that day's end, today's
    now. The projection leads to the month's end within its band.
    """
    begin, end = (_midnight(day, now) for day in (budget.month, budget.resets_on))
    today = min(local(now), end)
    moments, sums = [begin], [ZERO]
    for row in daily:
        closed = _midnight(row.day + timedelta(days=1), now)
        moments.append(min(max(closed, begin), today))
        sums.append(sums[-1] + row.cost)
    figure = go.Figure(
        go.Scatter(
            x=[*moments, today],
            y=_drawn([*sums, sums[-1]]),
            name="Spent",
            mode="lines",
            line={"shape": "hv", "width": 2.5, "color": ACCENT},
            fill="tozeroy",
            hovertemplate="%{x|%d %b}<br>spent $%{y:,.2f}<extra></extra>",
        )
    )
    if budget.reserved > ZERO:
        _add_reserved(figure, budget, today, end)
    highest = max(budget.ceiling, budget.spent + budget.reserved)
    if projection is not None and projection.expected > sums[-1] and today < end:
        _add_projection(figure, projection, sums[-1], today, end)
        highest = max(highest, projection.most)
    _add_limits(figure, budget)
    figure.update_layout(
        **layout(320),
        xaxis={"range": [begin, end], "tickformat": "%d %b"},
        yaxis={"title": "US dollars", "range": [0, float(highest) * 1.14], "tickprefix": "$"},
        legend={"orientation": "h", "y": 1.12, "x": 1, "xanchor": "right"},
        showlegend=True,
    )
    return figure


def months_chart(months: Sequence[Any]) -> go.Figure:
    """What each month has cost, and what is still reserved: `month`, `spent`, `reserved`."""
    names = [f"{row.month:%b %Y}" for row in months]
    figure = go.Figure()
    for name, amounts, colour in (
        ("Spent", [row.spent for row in months], ACCENT),
        ("Reserved", [row.reserved for row in months], _RESERVED),
    ):
        if any(amounts):
            figure.add_bar(
                x=names,
                y=_drawn(amounts),
                name=name,
                marker={"color": colour},
                text=[usd(amount) if amount else "" for amount in amounts],
                textposition="auto",
                hovertemplate="%{x}<br>$%{y:,.2f}<extra></extra>",
            )
    figure.update_layout(
        **layout(240),
        barmode="stack",
        xaxis={"type": "category", "fixedrange": True},
        yaxis={"tickprefix": "$", "fixedrange": True, "rangemode": "tozero"},
        showlegend=False,
        bargap=0.45,
    )
    return figure


def _add_projection(
    figure: go.Figure, projection: Projection, spent: Decimal, today: datetime, end: datetime
) -> None:
    """From what is spent to what the month is expected to come to, with the band around it."""
    for amount, shown in ((projection.least, False), (projection.most, True)):
        figure.add_scatter(
            x=[today, end],
            y=_drawn([spent, amount]),
            mode="lines",
            line={"width": 0},
            fill="tonexty" if shown else None,
            fillcolor=_BAND,
            showlegend=False,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=[today, end],
        y=_drawn([spent, projection.expected]),
        mode="lines",
        line={"width": 2, "dash": "dash", "color": _PROJECTED},
        name="Projected",
        hovertemplate=f"projected {usd(projection.expected)}<extra></extra>",
    )


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
            line={"color": GUIDE, "dash": dash, "width": 1.5},
            annotation={"text": label, "font": {"size": 12}},
            annotation_position=position,
        )


def _midnight(day: date, now: datetime) -> datetime:
    return datetime.combine(day, time.min, tzinfo=local(now).tzinfo)


def _drawn(amounts: Sequence[Decimal]) -> list[float]:
    return [float(amount) for amount in amounts]
