"""The guide "Understanding LoRA Hyperparameters" (FR1.1.2): try each one and see what it does."""

import streamlit as st

from lib.domain.presets import PRESETS
from lib.ui import guide_sections
from lib.ui.guard import guard

person = guard()

st.title("Understanding LoRA Hyperparameters", anchor=False)
st.caption("Move the controls: every figure is computed as you do. Nothing here changes a job.")
preset = PRESETS[
    st.segmented_control(
        "Start from",
        list(PRESETS),
        default="balanced",
        format_func=lambda name: PRESETS[name].title,
        required=True,
        key="preset",
        help="Sets the controls below to the preset's own values.",
    )
]

st.subheader("1. Rank: how much can be learned", anchor=False)
st.write(
    "The base model's weights stay frozen. Beside each chosen part, LoRA trains two thin tables of "
    "numbers, B and A. The **rank r** is how thick they are. A higher rank can learn more, and "
    "needs more examples to learn from. What they add to W's answer is multiplied by **alpha ÷ "
    "rank**. **Dropout** leaves a random share of their inputs out at each step, so that nothing "
    "is learned by heart."
)
shape = guide_sections.rank(preset)

st.subheader("2. Epochs and batch: how long it trains", anchor=False)
st.write(
    "An **epoch** is one pass over the data. A **step** is one correction of the adapter, made "
    "from batch × accumulation examples. More epochs cost more, in proportion, and too "
    "many of them teach the model its examples by heart."
)
steps = guide_sections.epochs_and_batch(preset)

st.subheader("3. Warm-up and cosine: how fast it learns", anchor=False)
st.write(
    "The **learning rate** is the size of each correction. It climbs during the **warm-up**, while "
    "the adapter is still blank, and then falls along a **cosine**: large corrections first, fine "
    "ones at the end."
)
guide_sections.learning_rate(preset, steps)

st.subheader("4. The presets side by side", anchor=False)
st.write(f"For the base model from above, {shape.title}. A bar is a share of the row's largest.")
guide_sections.side_by_side(shape)
