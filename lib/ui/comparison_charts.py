"""The loss curves of compared jobs in one chart: by step, by time or by cost (FR1.3.1)."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

import plotly.graph_objects as go

from lib.domain.job_comparison import LETTERS
from lib.domain.job_facts import Facts
from lib.domain.loss_curve import Point, smoothed
from lib.ui.charts import layout
from lib.ui.text import safe

#: By a job's place. At least 3:1 against the page in light and in dark, and further apart for every
#: kind of colour blindness than the palettes usually recommended; dashes tell them apart as well.
COLOURS = ("#4b72f2", "#d18302", "#4a6c13", "#e62774", "#b314a0", "#9988c5")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")

AXES: Mapping[str, str] = MappingProxyType(
    {"step": "By step", "time": "By time", "cost": "By cost"}
)
_POSITIONS: Mapping[str, Callable[[Point], float | None]] = MappingProxyType(
    {
        "step": lambda point: point.step,
        "time": lambda point: point.hours,
        "cost": lambda point: point.dollars,
    }
)
_LONGEST_NAME = 44
_FEW_POINTS = 40


def loss_chart(
    jobs: Sequence[Facts],
    curves: Mapping[UUID, Sequence[Point]],
    axis: str,
    *,
    smooth: bool,
) -> tuple[go.Figure | None, list[str]]:
    """The curves along the axis, and what is not in the chart and why, in words.

    No figure where there is nothing to draw. Smoothed curves stand before the measured ones, faint.
    """
    drawn, left_out = {}, []
    for job, letter in zip(jobs, LETTERS, strict=False):
        placed = [
            (x, point) for point in curves[job.id] if (x := _POSITIONS[axis](point)) is not None
        ]
        if not curves[job.id]:
            left_out.append(f"{letter} has no metrics: {_without_metrics(job)}.")
        elif axis == "cost" and not any(x for x, _point in placed):
            left_out.append(f"{letter} cost nothing, so it has no place by cost.")
        elif not placed:
            left_out.append(f"{letter} has no record of when its steps were trained.")
        else:
            drawn[job.id] = placed
    if not drawn:
        return None, left_out
    unit, factor = _unit(axis, max(placed[-1][0] for placed in drawn.values()))
    figure = go.Figure()
    for at, job in enumerate(jobs):
        if job.id in drawn:
            _add(figure, job, at, drawn[job.id], factor, smooth)
    figure.update_layout(
        **layout(400),
        xaxis={"title": unit, "rangemode": "tozero", "tickprefix": "$" if axis == "cost" else ""},
        yaxis={"title": "Training loss"},
        hovermode="closest",
        showlegend=True,
        legend={"orientation": "h", "y": -0.2, "x": 0, "yanchor": "top"},
    )
    return figure, left_out


def _add(
    figure: go.Figure,
    job: Facts,
    at: int,
    placed: Sequence[tuple[float, Point]],
    factor: float,
    smooth: bool,
) -> None:
    """One job's curve; where it is smoothed, the measured one behind it."""
    positions = [x * factor for x, _point in placed]
    measured = [point.loss for _x, point in placed]
    name = job.name if len(job.name) <= _LONGEST_NAME else f"{job.name[: _LONGEST_NAME - 1]}…"
    named = f"{LETTERS[at]} · {safe(name)}"  # Plotly reads a little HTML in its labels
    line = {"color": COLOURS[at], "dash": DASHES[at], "width": 2.2}
    if smooth:
        figure.add_scatter(
            x=positions,
            y=measured,
            mode="lines",
            line={"color": COLOURS[at], "width": 1},
            opacity=0.25,
            hoverinfo="skip",
            showlegend=False,
            legendgroup=named,
        )
    figure.add_scatter(
        x=positions,
        y=smoothed(measured) if smooth else measured,
        mode="lines+markers" if len(placed) <= _FEW_POINTS else "lines",
        line=line,
        marker={"size": 5},
        name=named,
        legendgroup=named,
        customdata=[[point.step, point.loss] for _x, point in placed],
        hovertemplate=f"{named}<br>step %{{customdata[0]}}, loss %{{customdata[1]:.4f}}"
        "<extra></extra>",
    )


def _without_metrics(job: Facts) -> str:
    return "it has not been started" if job.queued_at is None else "no step of it was trained"


def _unit(axis: str, longest: float) -> tuple[str, float]:
    """The axis's title, and what a position is multiplied with: a rehearsal takes seconds."""
    if axis == "step":
        return "Step", 1
    if axis == "cost":
        return "Cost in US dollars", 1
    if longest >= 1:
        return "Hours since start", 1
    return ("Minutes since start", 60) if longest >= 1 / 20 else ("Seconds since start", 3600)
