"""Every hyperparameter to be set by hand (FR1.1.2), and what the change does to the run."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import streamlit as st
from sqlalchemy import Row

from lib.domain.dataset import DatasetSummary
from lib.domain.draft import Draft
from lib.domain.hyperparameters import (
    LIMITS,
    PARAMETER_HELP,
    Choice,
    Fraction,
    Hyperparameters,
    Several,
    Whole,
)
from lib.domain.lora import steps_per_epoch
from lib.domain.people import Person
from lib.domain.presets import PRESETS, RENTED_SHAPE, adapter_parameters, memory_needed_gb
from lib.services.drafts import OpenDraft
from lib.services.quotes import shown_value
from lib.ui import drafting
from lib.ui.text import plain
from lib.ui.whole import whole
from lib.ui.wizard import facts

GROUPS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Adapter": ("r", "lora_alpha", "lora_dropout", "target_modules"),
        "Steps": (
            "num_train_epochs",
            "per_device_train_batch_size",
            "gradient_accumulation_steps",
        ),
        "Learning rate": ("learning_rate", "warmup_ratio", "lr_scheduler_type"),
    }
)
_STEPS = {"learning_rate": 0.00001, "lora_dropout": 0.01, "warmup_ratio": 0.01}


def draw_overrides(person: Person, opened: OpenDraft, *, local: bool) -> None:
    """The fields, what they change, and the way back to the preset's own values.

    `local`: the draft is to run on this machine, where steps are measured.
    """
    draft = opened.draft
    _draw_changes(person, draft)
    # Folded away it draws nothing: ten fields would slow every choice of a preset down.
    fields = st.expander(
        "Set each parameter yourself", key="overrides", icon=":material/tune:", on_change="rerun"
    )
    if not fields.open:
        return
    with fields:
        for column, (title, names) in zip(st.columns(len(GROUPS)), GROUPS.items(), strict=True):
            with column:
                st.markdown(f"**{title}**")
                for name in names:
                    _field(person, name, getattr(draft.hyperparameters, name))
        _draw_effects(draft, opened.file)
        st.caption(_PRICED_HERE if local else _PRICED_RENTED)


_PRICED_RENTED = (
    "Of all these the published formula prices the epochs alone: nothing else here moves the cost."
)
_PRICED_HERE = (
    "On this machine real steps are measured: rank, modules, batch and accumulation ask for a new "
    "measurement, epochs multiply it, the others cost nothing."
)


def _draw_changes(person: Person, draft: Draft) -> None:
    """The badge, and a button for each change that takes it back. The container always is there."""
    preset = PRESETS[draft.preset]
    with st.container(horizontal=True, key="override-changes"):
        if not draft.overrides:
            return
        st.badge(f"Modified from {preset.title}", color="orange", icon=":material/tune:")
        for name in draft.overrides:
            own, now = getattr(preset.hyperparameters, name), getattr(draft.hyperparameters, name)
            st.button(
                f"{PARAMETER_HELP[name][0]}: {plain(_text(own))} → {plain(_text(now))}",
                key=f"undo-{name}",
                icon=":material/undo:",
                help=f"Back to {preset.title}'s own {plain(_text(own))}",
                on_click=drafting.override,
                args=(person, name, None),
            )
        st.button(
            "Reset all",
            key="undo-all",
            icon=":material/restart_alt:",
            on_click=drafting.change_draft,
            args=(person,),
            kwargs={"overrides": {}},
        )


def _field(person: Person, name: str, value: Any) -> None:
    """One parameter's widget, fed from the draft at every run."""
    key, limit = f"override-{name}", LIMITS[name]
    label, explained = PARAMETER_HELP[name]

    @whole
    def entered() -> None:
        drafting.override(person, name, _entered(st.session_state[key]))

    common: dict[str, Any] = {
        "key": key,
        "help": explained,
        "on_change": entered,
    }
    match limit:
        case Whole():
            st.session_state[key] = value
            st.number_input(label, limit.least, limit.most, **common)
        case Fraction():
            st.session_state[key] = float(value)
            least, most = float(limit.least), float(limit.most)
            st.number_input(label, least, most, step=_STEPS[name], format="%g", **common)
        case Choice():
            st.session_state[key] = value
            st.selectbox(
                label, limit.options, format_func=lambda word: word.replace("_", " "), **common
            )
        case Several():
            st.session_state[key] = list(value)
            st.multiselect(label, limit.options, wrap=True, **common)


def _entered(value: Any) -> Any:
    """A number without the noise of the browser's binary steps."""
    return round(value, 8) if isinstance(value, float) else value


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return shown_value(list(value))
    return shown_value(float(value) if isinstance(value, Decimal) else value)


def _draw_effects(draft: Draft, file: Row) -> None:
    """What the parameters make of this file's run, beside what the preset makes of it."""
    preset, now = PRESETS[draft.preset], draft.hyperparameters
    own = preset.hyperparameters
    sequences = _sequences(file)
    steps, before_steps = _steps(sequences, now), _steps(sequences, own)
    trained, before = adapter_parameters(now), adapter_parameters(own)

    in_all = f"; {steps * now.num_train_epochs:,} steps in all"

    def tile(label: str, value: str, was: str, remark: str, more: str = "") -> tuple[str, str, str]:
        return label, value, remark if value == was else f"{was} in {preset.title}{more}"

    facts(
        [
            tile("Examples per step", _batch(now), _batch(own), "batch × accumulation"),
            tile(
                "Steps per epoch",
                f"{steps:,}",
                f"{before_steps:,}",
                f"for {sequences:,} sequences{in_all}",
                in_all,
            ),
            tile(
                "Trainable parameters",
                f"{trained / 1e6:,.1f} M",
                f"{before / 1e6:,.1f} M",
                f"in a {RENTED_SHAPE.title} model",
                f", now {100 * trained / before:,.0f} % of it",
            ),
            tile(
                "GPU memory",
                f"{memory_needed_gb(preset, now)} GB",
                f"{preset.vram_gb} GB",
                "as published",
                "; what is added is an estimate",
            ),
        ]
    )


def _sequences(file: Row) -> int:
    """What the trainer counts as one example; a file not yet read has one a conversation."""
    return (
        DatasetSummary.from_dict(file.summary).sequences
        if file.summary
        else (file.conversation_count)
    )


def _batch(chosen: Hyperparameters) -> str:
    return f"{chosen.per_device_train_batch_size * chosen.gradient_accumulation_steps:,}"


def _steps(sequences: int, chosen: Hyperparameters) -> int:
    batch, accumulation = chosen.per_device_train_batch_size, chosen.gradient_accumulation_steps
    return steps_per_epoch(sequences, batch, accumulation)
