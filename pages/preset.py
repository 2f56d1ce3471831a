"""Step 2: the hyperparameter preset (FR1.1.2)."""

import streamlit as st

from lib.domain.presets import PRESETS
from lib.services.comparison import presets_side_by_side
from lib.ui import drafting, wizard
from lib.ui.guard import guard
from lib.ui.overrides import draw_overrides
from lib.ui.preset_cards import preset_card
from lib.ui.preset_records import draw_records
from lib.ui.radio_cards import radio_cards

person = guard()
opened = drafting.open_draft(person)
assessment = drafting.assessed(opened)
prices = presets_side_by_side(assessment)

wizard.head("preset", "How strongly the model is changed, and what that takes.")
radio_cards(
    "presets",
    "Hyperparameter preset",
    [preset_card(preset, prices[preset.name], assessment) for preset in PRESETS.values()],
    opened.draft.preset,
    lambda name: drafting.change_draft(person, preset=name),
)
st.caption(
    "“Published typical” is what the preset's own documentation promises. “This file” is what the "
    "panel would show, from the published formula or from finished runs where there are some."
)
st.markdown(
    ":material/menu_book: [Understanding LoRA Hyperparameters](/docs/hyperparameters-explained)"
)
draw_overrides(person, opened, local=assessment.priced.offer.is_local)
draw_records()
wizard.foot(person, opened, "preset")
