"""The guide's diagram, charts and table. Their colours suit light and dark alike."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from typing import Any

import plotly.graph_objects as go

from lib.domain.estimate import Estimate
from lib.domain.lora import ModelShape, learning_rate_share, trainable_parameters
from lib.domain.money import usd
from lib.domain.offers import TIER_TITLES, Tier
from lib.domain.presets import PRESETS, Preset

_TRAINED = "#4B72F2"
_FROZEN = "#94A3B8"
_GUIDE = "rgba(128,140,165,.9)"  # readable on light and on dark
_TIERS = {Tier.SPOT: _TRAINED, Tier.ON_DEMAND: "#F59E0B"}
_COLOURS = {"conservative": "#0EA5A4", "balanced": _TRAINED, "aggressive": "#F59E0B"}


def adapter_diagram(inputs: int, outputs: int, r: int) -> go.Figure:
    """One layer: its frozen weights W, and beside them the thin B and A that are trained.

    B and A grow thicker with the rank, though not to scale: beside W they could not be seen.
    """
    thin = 0.14 + 0.09 * r.bit_length()
    boxes = (  # name, what is said of it, centre, width, height, colour, rows and columns
        ("W", "frozen", 1.5, 3.0, 3.0, _FROZEN, (outputs, inputs)),
        ("B", "trained", 4.7, thin, 3.0, _TRAINED, (outputs, r)),
        ("A", "trained", 7.9, 3.0, thin, _TRAINED, (r, inputs)),
    )
    figure = go.Figure()
    for name, said, centre, width, height, colour, (rows, columns) in boxes:
        figure.add_shape(
            type="rect",
            x0=centre - width / 2,
            x1=centre + width / 2,
            y0=-height / 2,
            y1=height / 2,
            line={"color": colour, "width": 1.5},
            fillcolor=colour,
            opacity=0.45 if name == "W" else 0.9,
        )
        _label(figure, centre, 1.95, f"<b>{name}</b> · {said}")
        _label(figure, centre, -1.95, f"{rows:,} × {columns:,}")
    _label(figure, 3.5, 0, "<b>+</b>", 20)
    _label(figure, 5.9, 0, "<b>×</b>", 20)
    figure.update_layout(
        **_layout(210),
        xaxis={"visible": False, "range": [-0.1, 9.5]},
        yaxis={"visible": False, "range": [-2.3, 2.3]},
    )
    return figure


def module_table(shape: ModelShape, r: int, target_modules: Collection[str]) -> str:
    """HTML: for each linear part its size and what its adapters add over all layers."""
    body = "".join(
        f"<tr><th scope=row>{name}</th><td>{part.inputs:,} → {part.outputs:,}</td>"
        f"<td>{f'{part.adapter(r) * shape.layers:,}' if name in target_modules else '–'}</td></tr>"
        for name, part in shape.projections.items()
    )
    return (
        '<table class="rows compared"><tr><td></td><th scope=col>Numbers in → out</th>'
        f"<th scope=col>Trained in {shape.layers} layers</th></tr>{body}</table>"
    )


def learning_rate_chart(peak: float, steps: int, warmup: int) -> go.Figure:
    """The learning rate after each step of the run, with the end of the warm-up marked."""
    most_points = 400
    shown = sorted({*range(0, steps, steps // most_points + 1), warmup, steps})
    figure = go.Figure(
        go.Scatter(
            x=shown,
            y=[peak * learning_rate_share(step, steps, warmup) for step in shown],
            mode="lines",
            line={"width": 2.5, "color": _TRAINED},
            fill="tozeroy",
            hovertemplate="after step %{x}<br>learning rate %{y:.3~g}<extra></extra>",
        )
    )
    if warmup:
        figure.add_vline(
            x=warmup,
            line={"color": _GUIDE, "dash": "dot", "width": 1.5},
            annotation={"text": f"warm-up ends after step {warmup}", "font": {"size": 12}},
            annotation_position="top right" if warmup < steps / 2 else "top left",
        )
    figure.update_layout(
        **_layout(260),
        xaxis={"title": "Step", "range": [0, steps], "fixedrange": True},
        yaxis={
            "title": "Learning rate",
            "range": [0, peak * 1.15],
            "tickformat": "~g",
            "fixedrange": True,
        },
        hovermode="x",
    )
    return figure


def epochs_chart(costs: Mapping[Tier, Sequence[Estimate]], epochs: int) -> go.Figure:
    """Total cost by number of epochs, from 1 up, for each tier; the chosen number is marked."""
    figure = go.Figure()
    for tier, estimates in costs.items():
        numbers = range(1, len(estimates) + 1)
        figure.add_scatter(
            x=list(numbers),
            y=[float(estimate.total) for estimate in estimates],
            name=TIER_TITLES[tier].capitalize(),
            mode="lines+markers",
            line={"width": 2.5, "color": _TIERS[tier]},
            marker={"size": [13 if number == epochs else 6 for number in numbers]},
            hovertext=[usd(estimate.total) for estimate in estimates],
            hovertemplate="%{x} epochs: %{hovertext}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(
        **_layout(260),
        xaxis={"title": "Epochs", "dtick": 1, "fixedrange": True},
        yaxis={
            "title": "US dollars",
            "rangemode": "tozero",
            "fixedrange": True,
            "tickformat": "$,",
        },
        legend={"orientation": "h", "y": 1.16, "x": 0},
    )
    return figure


def preset_chart(shape: ModelShape) -> go.Figure:
    """The presets side by side, for a base model of this shape.

    The figures have different units, so a bar's length is its share of the row's largest.
    """
    rows = {name: _measures(PRESETS[name], shape) for name in _COLOURS}
    titles = list(next(iter(rows.values())))
    figure = go.Figure()
    for name, measures in rows.items():
        figure.add_bar(
            y=titles,
            x=[
                float(measures[title][0] / max(row[title][0] for row in rows.values()))
                for title in titles
            ],
            text=[measures[title][1] for title in titles],
            name=PRESETS[name].title,
            orientation="h",
            marker={"color": _COLOURS[name]},
            textposition="outside",
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra>%{fullData.name}</extra>",
        )
    figure.update_layout(
        **_layout(80 + 60 * len(titles), top=56),
        barmode="group",
        bargap=0.28,
        xaxis={"visible": False, "range": [0, 1.3], "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True, "ticksuffix": "  "},
        legend={"orientation": "h", "y": 1, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
    )
    return figure


def _measures(preset: Preset, shape: ModelShape) -> dict[str, tuple[Decimal, str]]:
    """A preset's figures by their titles, each with its text."""
    given = preset.hyperparameters
    trained = trainable_parameters(shape, given.r, given.target_modules)
    examples = given.per_device_train_batch_size * given.gradient_accumulation_steps
    seconds = preset.seconds_per_pair * given.num_train_epochs
    return {
        "Rank": (Decimal(given.r), str(given.r)),
        "Trainable<br>parameters": (Decimal(trained), f"{trained:,}"),
        "Peak<br>learning rate": (given.learning_rate, f"{given.learning_rate:f}"),
        "Epochs": (Decimal(given.num_train_epochs), str(given.num_train_epochs)),
        "Examples<br>in a step": (Decimal(examples), str(examples)),
        "Time a pair,<br>all epochs": (Decimal(seconds), f"{seconds / 60:g} min"),
        "GPU memory": (Decimal(preset.vram_gb), f"{preset.vram_gb} GB"),
    }


def _label(figure: go.Figure, x: float, y: float, text: str, size: int = 12) -> None:
    figure.add_annotation(x=x, y=y, text=text, showarrow=False, font={"size": size})


def _layout(height: int, *, top: int = 28) -> dict[str, Any]:
    """What all of them share; `top` leaves room for a legend, of two lines on a phone."""
    return {"height": height, "margin": {"l": 8, "r": 8, "t": top, "b": 8}}
