"""The jobs of a comparison as chips to reorder and remove, and a search for more (FR1.3.1)."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import streamlit as st

from lib.domain.job_comparison import MOST
from lib.ui.comparison_charts import COLOURS

_JS = Path(__file__).with_suffix(".js").read_text("utf-8")
_component = st.components.v2.component("comparison_bar", js=_JS, isolate_styles=False)


@dataclass(frozen=True)
class Entry:
    """A job as a chip or in the list of what was found; `about` is small print."""

    id: str
    name: str
    about: str


def comparison_bar(
    key: str,
    jobs: Sequence[Entry],
    find: Callable[[str], Sequence[Entry]],
    on_change: Callable[[list[UUID]], None],
) -> None:
    """Draws the chips and the field.

    Calls `on_change` with the jobs that shall be compared, in their order, before the page is drawn
    anew; `find` with what is typed, for the list below the field: the newest for an empty text.
    """
    # The last choice that was answered, as in radio_cards.py, and what is looked for.
    answered, typed = f"{key}-answered", f"{key}-typed"

    def took() -> None:
        choice = st.session_state[key].chosen
        st.session_state[answered] = choice["turn"]
        st.session_state[typed] = str(choice["text"])
        on_change(_ids(choice["ids"]))

    def types() -> None:
        st.session_state[typed] = str(st.session_state[key].typed["text"])

    text = st.session_state.get(typed, "")
    _component(
        key=key,
        data={
            "id": key,
            "jobs": [asdict(job) for job in jobs],
            "colours": COLOURS,
            "most": MOST,
            "answered": st.session_state.get(answered, 0),
            "searched": text,
            "found": [asdict(job) for job in find(text)],
        },
        on_chosen_change=took,
        on_typed_change=types,
    )


def _ids(chosen: Any) -> list[UUID]:
    """What the browser sends, as far as it is ids."""
    found = []
    for text in chosen:
        try:
            found.append(UUID(str(text)))
        except ValueError:
            continue
    return list(dict.fromkeys(found))[:MOST]
