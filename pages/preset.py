"""Step 2: the hyperparameter preset (FR1.1.2)."""

import streamlit as st

from lib.domain.money import usd
from lib.domain.presets import PARAMETER_HELP, PRESETS, Preset
from lib.services.assessment import assess
from lib.services.quotes import shown_value
from lib.ui import drafting, wizard
from lib.ui.guard import guard

person = guard()
opened = drafting.open_draft(person)
assessment = assess(opened)
draft = opened.draft

wizard.head("preset", "How strongly the model is changed, and what that takes.")


def card(preset: Preset) -> None:
    """One preset: what it is for, its risk, its published figures, and the choice."""
    chosen = preset.name == draft.preset
    locked = assessment.aggressive_locked if preset.name == "aggressive" else None
    with wizard.choice_card(preset.name, chosen=chosen):
        st.subheader(f"{preset.icon} {preset.title}", anchor=False)
        st.write(preset.description)
        st.badge(f"{preset.risk} risk", color=preset.risk_colour, help=preset.risk_explained)
        hours, spot, rent = preset.typical.hours, preset.typical.spot, preset.typical.on_demand
        wizard.rows(
            [
                ("Published typical time", f"{hours[0]}-{hours[1]} hours"),
                ("on spot", f"{usd(spot[0])} - {usd(spot[1])}"),
                ("on demand", f"{usd(rent[0])} - {usd(rent[1])}"),
            ]
        )
        st.caption(f"For: {', '.join(preset.use_cases)}.")
        st.button(
            "✓ Selected" if chosen else f"Choose {preset.title}",
            key=f"choose-{preset.name}",
            type="primary" if chosen else "secondary",
            width="stretch",
            disabled=locked is not None,
            help=locked,
            on_click=drafting.change_draft,
            args=(person,),
            kwargs={"preset": preset.name},
        )


for column, preset in zip(st.columns(3), PRESETS.values(), strict=True):
    with column:
        card(preset)
st.caption(
    "“Published typical” is what the preset's own documentation promises. The panel uses the "
    "published formula on your file, and the two differ: no finished run has settled it yet."
)
st.markdown(
    ":material/menu_book: [Understanding LoRA hyperparameters](/docs/hyperparameters-explained)"
)


def override(name: str) -> None:
    """A field was changed: keep it only where it differs from the preset."""
    value = int(st.session_state[f"override-{name}"])
    overrides = {**draft.overrides, name: value}
    if value == getattr(PRESETS[draft.preset].hyperparameters, name):
        del overrides[name]
    drafting.change_draft(person, overrides=overrides)


with st.expander("Parameters", icon=":material/settings:", expanded=bool(draft.overrides)):
    if draft.overrides:
        st.badge(f"Modified from {PRESETS[draft.preset].title}", color="orange")
    left, middle, right = st.columns(3)
    for column, (name, least, most) in zip(
        (left, middle, right),
        (
            ("num_train_epochs", 1, 20),
            ("per_device_train_batch_size", 1, 64),
            ("gradient_accumulation_steps", 1, 64),
        ),
        strict=True,
    ):
        label, explained = PARAMETER_HELP[name]
        key = f"override-{name}"
        st.session_state[key] = getattr(draft.hyperparameters, name)
        column.number_input(
            label, least, most, key=key, help=explained, on_change=override, args=(name,)
        )
    wizard.rows(
        (PARAMETER_HELP[name][0], shown_value(value))
        for name, value in draft.hyperparameters.to_dict().items()
    )
    if draft.overrides:
        st.button(
            f"Back to {PRESETS[draft.preset].title}'s own values",
            icon=":material/undo:",
            on_click=drafting.change_draft,
            args=(person,),
            kwargs={"overrides": {}},
        )

wizard.foot(person, opened, "preset")
