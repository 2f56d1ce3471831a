"""Radio cards: one choice among a few, each shown at length (FR1.1.2, FR1.1.3).

Streamlit's own radio shows words, and cannot close one of its options. This is a radio group as
screen readers and keyboards know it: Tab reaches it, arrows choose, a locked card says why.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import streamlit as st

from lib.ui.whole import whole

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
    # The last choice that was answered: it tells the browser which of its choices the data is
    # about, and gives it new data where a choice was not taken and all else is as before.
    answered = f"{key}-answered"

    @whole
    def took() -> None:
        choice = st.session_state[key].chosen
        st.session_state[answered] = choice["turn"]
        if choice["name"] in open_names:
            on_choose(choice["name"])

    _component(
        key=key,
        data={
            "id": key,
            "label": label,
            "chosen": chosen,
            "answered": st.session_state.get(answered, 0),
            "cards": [asdict(card) for card in cards],
        },
        on_chosen_change=took,
    )
