"""Radio cards: one choice among a few, each shown at length (FR1.1.2, FR1.1.3).

Streamlit's own radio shows words, and cannot close one of its options. This is a radio group as
screen readers and keyboards know it: Tab reaches it, arrows choose, a locked card says why.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

_JS = Path(__file__).with_suffix(".js").read_text("utf-8")
# Not in a shadow root: the cards use the app's own colours, pills and explaining words.
_component = st.components.v2.component("radio_cards", js=_JS, isolate_styles=False)


@dataclass(frozen=True)
class RadioCard:
    """One option. `html` is the card's body, user text in it already escaped with safe().

    `locked` says why it cannot be chosen; `icon` is the name of a Material symbol.
    """

    name: str
    label: str
    html: str
    locked: str | None = None
    icon: str = ""


def radio_cards(
    key: str,
    label: str,
    cards: Sequence[RadioCard],
    chosen: str,
    on_choose: Callable[[str], None],
) -> None:
    """Draws the group, and calls `on_choose` with the name of the card that was taken.

    It is called before the page is drawn anew, so that the cost panel is right in the same run.
    A name that is not offered, or is locked, never reaches it.
    """
    open_names = {card.name for card in cards if not card.locked}
    # Equal data is not given to the browser a second time, and a card that was not taken after all
    # has to look so: the count of answers makes each of them another one.
    answers = f"{key}-answers"

    def took() -> None:
        st.session_state[answers] = st.session_state.get(answers, 0) + 1
        name = st.session_state[key].chosen
        if name in open_names:
            on_choose(name)

    _component(
        key=key,
        data={
            "id": key,
            "label": label,
            "chosen": chosen,
            "answers": st.session_state.get(answers, 0),
            "cards": [asdict(card) for card in cards],
        },
        on_chosen_change=took,
    )
