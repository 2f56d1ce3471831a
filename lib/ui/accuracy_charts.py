"""Charts of the Accuracy page: estimated against actual, and the error over time."""

import math
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import plotly.graph_objects as go

from lib.domain.accuracy import BAND, ComparedJob
from lib.domain.presets import PRESETS
from lib.ui.moments import date_and_time, local, span
from lib.ui.text import safe

_HEIGHT = 370
_BAND_COLOUR = "rgba(75,114,242,.13)"
_GUIDE = "rgba(128,140,165,.9)"  # readable on light and on dark
#: Colour and shape, so that presets are told apart without colours too.
MARKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "conservative": ("#0f9d6b", "circle"),
        "balanced": ("#4B72F2", "diamond"),
        "aggressive": ("#f59e0b", "square"),
    }
)
#: Where the logarithmic axes are labelled, in seconds.
_TICKS = tuple(
    seconds * unit
    for unit, steps in ((1, (1, 2, 5, 10, 20)), (60, (0.5, 1, 2, 5, 10, 20)))
    for seconds in steps
) + tuple(3600 * hours for hours in (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000))
_FEWEST_DECADES = 1.35  # of an axis: three or four labels
_MOST_SHOWN = 2.0  # of the error: 200 %; a worse one is drawn at the edge


def scatter_chart(jobs: Sequence[ComparedJob]) -> go.Figure:
    """Each job's estimate and actual on logarithmic axes, with the diagonal and the ±15 % band."""
    hours = [float(value) for job in jobs for value in (job.estimated, job.actual)]
    margin = max(1.4, (max(hours) / min(hours)) ** 0.06)  # no mark is cut off at the edge
    least, most = min(hours) / margin, max(hours) * margin
    widen = max(1.0, (10**_FEWEST_DECADES * least / most) ** 0.5)
    ends = [least / widen, most * widen]
    figure = go.Figure()
    for factor, drawn in ((1 - BAND, False), (1 + BAND, True)):
        figure.add_scatter(
            x=ends,
            y=[end * factor for end in ends],
            mode="lines",
            line={"width": 0},
            fill="tonexty" if drawn else None,
            fillcolor=_BAND_COLOUR,
            name="within ±15 %",
            showlegend=drawn,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=ends,
        y=ends,
        mode="lines",
        line={"color": _GUIDE, "dash": "dash", "width": 1.5},
        name="as estimated",
        hoverinfo="skip",
    )
    for preset, shown in _by_preset(jobs):
        figure.add_scatter(
            x=[float(job.estimated) for job in shown],
            y=[float(job.actual) for job in shown],
            **_marks(preset),
            customdata=[_hover(job) for job in shown],
            hovertemplate="%{customdata}<extra></extra>",
        )
    axis = _time_axis(*ends)
    figure.update_layout(
        **_layout(),
        xaxis={"title": "Estimated", **axis},
        yaxis={"title": "Took", **axis},
    )
    return figure


def error_chart(jobs: Sequence[ComparedJob]) -> go.Figure:
    """How far each job was from its estimate, by when it ended, with the ±15 % band."""
    figure = go.Figure()
    figure.add_hrect(y0=-BAND, y1=BAND, fillcolor=_BAND_COLOUR, line_width=0, layer="below")
    figure.add_hline(y=0, line={"color": _GUIDE, "dash": "dash", "width": 1.5})
    for preset, shown in _by_preset(jobs):
        figure.add_scatter(
            x=[local(job.ended_at) for job in shown],
            y=[min(job.error, _MOST_SHOWN) for job in shown],
            **_marks(preset),
            customdata=[_hover(job) for job in shown],
            hovertemplate="%{customdata}<extra></extra>",
        )
    furthest = max(2 * BAND, *(min(abs(job.error), _MOST_SHOWN) for job in jobs)) * 1.12
    figure.update_layout(
        **_layout(),
        xaxis={"tickformatstops": _DAYS_OR_HOURS, "nticks": 6},
        yaxis={
            "title": "Longer than estimated",
            "tickformat": "+.0%",
            "range": [-min(furthest, 1.05), furthest],
        },
    )
    return figure


_DAYS_OR_HOURS = [
    {"dtickrange": [None, 82_800_000], "value": "%H:%M"},
    {"dtickrange": [82_800_000, None], "value": "%d %b"},
]


def _by_preset(jobs: Sequence[ComparedJob]) -> Iterator[tuple[str, list[ComparedJob]]]:
    for preset in PRESETS:
        shown = [job for job in jobs if job.preset == preset]
        if shown:
            yield preset, shown


def _marks(preset: str) -> dict[str, Any]:
    colour, shape = MARKS[preset]
    line = {"width": 1, "color": "rgba(255,255,255,.75)"}
    return {
        "mode": "markers",
        "marker": {"color": colour, "symbol": shape, "size": 10, "opacity": 0.85, "line": line},
        "name": PRESETS[preset].title,
    }


def _hover(job: ComparedJob) -> str:
    """Plotly reads some HTML in its labels, so a job's name goes in as text."""
    return (
        f"<b>{safe(job.name or 'Another person’s job')}</b><br>"
        f"{safe(PRESETS[job.preset].title)}, {safe(job.place)}<br>"
        f"estimated {span(float(job.estimated) * 3600)}, took {span(float(job.actual) * 3600)} "
        f"({job.error * 100:+.1f} %)<br>{date_and_time(job.ended_at)}"
    )


def _time_axis(least: float, most: float) -> dict[str, Any]:
    """A logarithmic axis in hours, labelled in the units that people use; at most six labels."""
    inside = [seconds for seconds in _TICKS if least <= seconds / 3600 <= most]
    shown = inside[:: len(inside) // 7 + 1]
    return {
        "type": "log",
        "tickvals": [seconds / 3600 for seconds in shown],
        "ticktext": [_tick(seconds) for seconds in shown],
        "autorange": False,
        "range": [math.log10(least), math.log10(most)],
    }


def _tick(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 3600 else f"{seconds / 3600:,.0f} h"


def _layout() -> dict[str, Any]:
    return {
        "height": _HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 28, "b": 8},
        "legend": {"orientation": "h", "y": 1.13, "x": 1, "xanchor": "right"},
        "showlegend": True,
    }
