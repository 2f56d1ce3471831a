"""A text field that loses nothing of what is typed, with a counter (FR1.3.1).

What is typed lies in the browser's own store at once, under the user's and the job's name, and
leaves it only when the server has answered with the same text. A closed tab, a crashed browser or
a server that went away is answered by putting the text back with a notice.
"""

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from lib.ui.whole import whole

_JS = Path(__file__).with_suffix(".js").read_text("utf-8")
_component = st.components.v2.component("kept_text", js=_JS, isolate_styles=False)


def kept_text(
    key: str,
    label: str,
    text: str,
    store_key: str,
    on_change: Callable[[str], None],
    *,
    limit: int,
    restored: str,
    placeholder: str = "",
    rows: int = 1,
    required: bool = False,
    live: bool = False,
    problem: str = "",
    warning: str = "",
    html: str | None = None,
) -> None:
    """Draws the field over `text`, the saved one, and calls `on_change` with what was typed.

    It is called before the page is drawn anew: when the field is left and, where it is `live`,
    soon after typing has paused, too. `store_key` names the user and the job: text of another never
    appears. `restored` is the notice's sentence, with `{time}` in it. More characters than `limit`
    are counted in red and sent like others, since cutting them off would lose them. `html` is the
    text rendered, safe; with it the field has a preview.
    """
    # The last text that was answered: it tells the browser which of its texts the data is about.
    answered = f"{key}-answered"

    @whole
    def took() -> None:
        typed = st.session_state[key].typed
        st.session_state[answered] = typed["turn"]
        if typed["store"] == store_key:
            # A half of a surrogate pair is no text, and no database keeps it.
            on_change(str(typed["text"]).encode("utf-8", "replace").decode())

    _component(
        key=key,
        data={
            "id": key,
            "label": label,
            "text": text,
            "store": store_key,
            "answered": st.session_state.get(answered, 0),
            "limit": limit,
            "restored": restored,
            "placeholder": placeholder,
            "rows": rows,
            "required": required,
            "live": live,
            "problem": problem,
            "warning": warning,
            "html": html,
        },
        on_typed_change=took,
    )
