"""The guide's interactive parts: each draws its controls, computes, and shows the figures.

The controls' keys name the preset: with another preset they are other controls, at its values.
"""

import plotly.graph_objects as go
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.domain.estimate import format_hours, published_estimate
from lib.domain.lora import (
    SHAPES,
    ModelShape,
    steps_per_epoch,
    trainable_parameters,
    warmup_steps,
)
from lib.domain.money import usd
from lib.domain.offers import published_offers
from lib.domain.presets import ALL_LINEAR, ATTENTION, PARAMETER_HELP, Preset
from lib.ui import guide_charts
from lib.ui.text import plain
from lib.ui.wizard import facts

RANKS = [2**power for power in range(9)]
ALPHAS = [*RANKS, 512]
PARTS = {"Attention only": ATTENTION, "All linear parts": ALL_LINEAR}
MOST_EPOCHS, MOST_EXAMPLES = 10, 16
MOST_WARMUP = 30  # percent


def rank(preset: Preset) -> ModelShape:
    """What rank and target modules train in a base model; returns the one that was chosen."""
    own = preset.hyperparameters
    left, right = st.columns(2, gap="large")
    shape = left.selectbox(
        "Base model", SHAPES.values(), format_func=lambda found: found.title, key="shape"
    )
    label, explained = PARAMETER_HELP["r"]
    r = left.select_slider(label, RANKS, own.r, key=f"r-{preset.name}", help=explained)
    label, explained = PARAMETER_HELP["lora_alpha"]
    alpha = left.select_slider(
        label, ALPHAS, own.lora_alpha, key=f"alpha-{preset.name}", help=explained
    )
    label, explained = PARAMETER_HELP["target_modules"]
    parts = left.segmented_control(
        label,
        list(PARTS),
        default=next(title for title, names in PARTS.items() if names == own.target_modules),
        required=True,
        key=f"parts-{preset.name}",
        help=explained,
    )
    query = shape.projections["q_proj"]
    with right:
        _draw(
            guide_charts.adapter_diagram(query.inputs, query.outputs, r),
            "adapter",
            f"Frozen weights W, plus the trained tables B and A of rank {r}",
        )
    right.caption(
        f"One such part, the query projection: {query.weights:,} frozen numbers, "
        f"{query.adapter(r):,} trained. B and A are drawn thicker than they are."
    )
    trained = trainable_parameters(shape, r, PARTS[parts])
    facts(
        [
            ("Trainable parameters", f"{trained:,}", f"{trained // r:,} × rank {r}"),
            ("Base model", f"{shape.parameters:,}", "parameters, all frozen"),
            (
                "Trained share",
                f"{100 * trained / shape.parameters:.3f} %",
                "of the base model's size",
            ),
            ("Alpha ÷ rank", f"{alpha / r:g}", "scales what the adapter adds"),
        ]
    )
    with st.expander("Part by part: rank × (numbers in + out)", icon=":material/table:"):
        st.html(guide_charts.module_table(shape, r, PARTS[parts]))
        st.caption(
            "q, k, v and o are attention: which other words matter to each word. gate, up and down "
            "are what follows. k and v are narrower where several heads share them."
        )
    return shape


def epochs_and_batch(preset: Preset) -> int:
    """What epochs and batch make of steps and published cost; returns the run's steps."""
    columns = st.columns(5)
    conversations = columns[0].slider("Conversations", 50, 1000, 70, 10, key="conversations")
    each = columns[1].slider("Pairs in Each", 1, 20, 6, key="pairs")
    epochs = _slider(columns[2], preset, "num_train_epochs", MOST_EPOCHS)
    batch = _slider(columns[3], preset, "per_device_train_batch_size", MOST_EXAMPLES)
    accumulation = _slider(columns[4], preset, "gradient_accumulation_steps", MOST_EXAMPLES)
    spot, rented = published_offers()
    costs = {
        offer.tier: [
            published_estimate(
                training_pairs=conversations * each, preset=preset.name, epochs=number, offer=offer
            )
            for number in range(1, MOST_EPOCHS + 1)
        ]
        for offer in (spot, rented)
    }
    on_spot, on_demand = (costs[offer.tier][epochs - 1] for offer in (spot, rented))
    an_epoch = steps_per_epoch(conversations, batch, accumulation)
    facts(
        [
            ("Steps", f"{an_epoch * epochs:,}", f"{an_epoch:,} an epoch × {epochs}"),
            ("Time", format_hours(on_spot.duration_hours), f"{preset.seconds_per_pair} s a pair"),
            ("Spot", usd(on_spot.total), f"{usd(spot.hourly_rate)} an hour, with buffer"),
            ("On demand", usd(on_demand.total), f"{usd(rented.hourly_rate)} an hour"),
        ]
    )
    _draw(
        guide_charts.epochs_chart(costs, epochs),
        "epochs",
        "Cost by number of epochs, on spot and on demand",
    )
    st.caption(
        f"{conversations * each:,} training pairs, by the published formula and rates. The formula "
        "does not look at the batch: a larger one makes fewer steps. The trainer computes one "
        "example at a time, so that a larger batch takes no more memory here. A conversation is "
        "counted as one example."
    )
    return an_epoch * epochs


def learning_rate(preset: Preset, steps: int) -> None:
    """What warm-up and cosine make of the learning rate over the run."""
    label, explained = PARAMETER_HELP["warmup_ratio"]
    share = st.slider(
        f"{label} (% of the steps)",
        0,
        MOST_WARMUP,
        int(preset.hyperparameters.warmup_ratio * 100),
        key=f"warmup-{preset.name}",
        help=explained,
    )
    peak = preset.hyperparameters.learning_rate
    warmup = warmup_steps(steps, share / 100)
    _draw(
        guide_charts.learning_rate_chart(float(peak), steps, warmup),
        "learning-rate",
        f"Learning rate over {steps} steps: {warmup} of warm-up, then a cosine down to 0",
    )
    st.caption(
        f"{steps:,} steps, as in part 2; {warmup:,} of them warm-up. "
        f"{preset.title} peaks at {plain(peak)}."
    )


def side_by_side(shape: ModelShape) -> None:
    """The three presets' figures as bars."""
    _draw(
        guide_charts.preset_chart(shape),
        "presets",
        "Rank, trained parameters, learning rate, epochs, time and memory of the three presets",
    )


def _slider(column: DeltaGenerator, preset: Preset, name: str, most: int) -> int:
    """A control for one parameter, labelled and explained as in the wizard."""
    label, explained = PARAMETER_HELP[name]
    value = getattr(preset.hyperparameters, name)
    return column.slider(label, 1, most, value, key=f"{name}-{preset.name}", help=explained)


def _draw(figure: go.Figure, key: str, alt: str) -> None:
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, alt=alt)
