"""Charts of the team page: tags, documentation, presets, estimates. They suit light and dark."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go

from lib.domain.money import usd
from lib.domain.presets import PRESETS
from lib.domain.team_insight import TOP_TAGS, TRENDS, Figures, TagUse
from lib.ui.accuracy_charts import MARKS
from lib.ui.charts import ACCENT, layout
from lib.ui.text import safe

STILL: dict[str, Any] = {"displayModeBar": False}
_ESTIMATED = "#94A3B8"
#: Colour, shape and dash, so that lines are told apart without colours too.
_LINES = (
    (ACCENT, "circle", "solid"),
    ("#0f9d6b", "diamond", "dash"),
    ("#f59e0b", "square", "dot"),
    ("#b45cd6", "triangle-up", "dashdot"),
    ("#94A3B8", "x", "longdash"),
)
_LEGEND = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0}


def tags_chart(uses: Sequence[TagUse], jobs: int) -> go.Figure:
    """The most used tags as bars, each with its share of all jobs; a click chooses a tag."""
    shown = uses[:TOP_TAGS]
    figure = go.Figure(
        go.Bar(
            x=[use.jobs for use in shown],
            y=list(range(len(shown))),
            customdata=[use.tag for use in shown],
            orientation="h",
            text=[f"{use.jobs:,} · {use.jobs / jobs:.0%}" for use in shown],
            textposition="auto",
            textangle=0,
            constraintext="none",
            cliponaxis=False,
            hoverinfo="none",
            marker={"color": ACCENT},
        )
    )
    figure.update_layout(
        height=30 * len(shown) + 20,
        margin={"l": 0, "r": 60, "t": 4, "b": 4},
        xaxis={"visible": False, "fixedrange": True, "rangemode": "tozero"},
        yaxis={
            "tickvals": list(range(len(shown))),
            "ticktext": [f"{safe(use.tag)}  " for use in shown],
            "autorange": "reversed",
            "fixedrange": True,
        },
        bargap=0.3,
        dragmode=False,
        clickmode="event+select",
    )
    return figure


def trend_chart(uses: Sequence[TagUse], months: Sequence[date]) -> go.Figure:
    """How often the top few tags were used in each month."""
    figure = go.Figure()
    for use, (colour, shape, dash) in zip(uses[:TRENDS], _LINES, strict=False):
        figure.add_scatter(
            x=_names(months),
            y=[use.by_month.get(month, 0) for month in months],
            mode="lines+markers",
            line={"width": 2, "color": colour, "dash": dash},
            marker={"size": 7, "symbol": shape},
            name=safe(use.tag),
            hovertemplate="%{x}<br>%{y:,} jobs",
        )
    return _over_months(figure, {"rangemode": "tozero", "title": "Jobs", "tickformat": ",d"})


def completeness_chart(months: Sequence[Figures]) -> go.Figure:
    """The share of documented jobs in each month."""
    shares = [(one.month, one.completeness) for one in months if one.month and one.completeness]
    figure = go.Figure(
        go.Bar(
            x=_names([month for month, _ in shares]),
            y=[float(share.percent) for _, share in shares],
            text=[share.text for _, share in shares],
            customdata=[f"{share.count:,} of {share.of:,}" for _, share in shares],
            textposition="auto",
            textangle=0,
            cliponaxis=False,
            marker={"color": ACCENT},
            hovertemplate="%{x}<br>%{customdata} jobs<extra></extra>",
        )
    )
    return _over_months(figure, {"range": [0, 100], "ticksuffix": " %"})


def success_chart(preset_months: Sequence[Figures], months: Sequence[date]) -> go.Figure:
    """The success of each preset's jobs, by the month in which they were started."""
    found: Mapping[tuple[str | None, date | None], Figures] = {
        (one.preset, one.month): one for one in preset_months
    }
    figure = go.Figure()
    for preset in PRESETS.values():
        shares = [
            one.success if (one := found.get((preset.name, month))) else None for month in months
        ]
        if any(shares):
            colour, shape = MARKS[preset.name]
            figure.add_scatter(
                x=_names(months),
                y=[float(share.percent) if share else None for share in shares],
                customdata=[
                    f"{share.count:,} of {share.of:,}" if share else "" for share in shares
                ],
                mode="lines+markers",
                line={"width": 2, "color": colour},
                marker={"size": 8, "symbol": shape},
                name=preset.title,
                hovertemplate="%{x}<br>%{y:.1f} %, %{customdata}",
            )
    return _over_months(figure, {"ticksuffix": " %", "rangemode": "normal"})


def estimate_chart(presets: Sequence[Figures]) -> go.Figure:
    """What each preset's compared jobs were estimated to cost, and did."""
    shown = [one for one in presets if one.estimated]
    titles = [_preset_title(one) for one in shown]
    figure = go.Figure()
    for name, colour, amounts in (
        ("Estimated", _ESTIMATED, [one.estimated for one in shown]),
        ("Actual", ACCENT, [one.actual for one in shown]),
    ):
        figure.add_bar(
            x=titles,
            y=[float(amount) for amount in amounts],
            customdata=[usd(amount) for amount in amounts],
            name=name,
            marker={"color": colour},
            hovertemplate="%{x}<br>%{customdata}",
        )
    figure.update_layout(
        **layout(280),
        barmode="group",
        xaxis={"type": "category", "fixedrange": True},
        yaxis={"tickprefix": "$", "fixedrange": True, "rangemode": "tozero"},
        legend=_LEGEND,
        showlegend=True,
        bargap=0.35,
    )
    return figure


def _over_months(figure: go.Figure, y: Mapping[str, object]) -> go.Figure:
    figure.update_layout(
        **layout(270),
        xaxis={"type": "category", "fixedrange": True},
        yaxis={"fixedrange": True, **y},
        legend=_LEGEND,
        showlegend=len(figure.data) > 1,
        bargap=0.45,
    )
    return figure


def _names(months: Sequence[date]) -> list[str]:
    return [f"{month:%b %Y}" for month in months]


def _preset_title(figures: Figures) -> str:
    preset = PRESETS.get(figures.preset or "")
    return preset.title if preset else safe(figures.preset)
