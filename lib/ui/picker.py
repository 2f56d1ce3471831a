"""Choosing tags, and whom a job is for: lists to search, to tick and to add to (FR1.3.1).

Streamlit's own multiselect shows no checkboxes and offers to add anything; its selectbox knows no
hierarchy. These are comboboxes as screen readers and keyboards know them: the arrows walk through
the list, Enter takes, Escape closes.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from lib.domain.metadata import TAGS_LIMIT, Metadata, problems, tags_problem
from lib.ui.tag_pills import hue
from lib.ui.whole import whole

_JS = Path(__file__).with_suffix(".js").read_text("utf-8")
_component = st.components.v2.component("picker", js=_JS, isolate_styles=False)


def tag_picker(
    key: str,
    chosen: Sequence[str],
    known: Sequence[str],
    on_change: Callable[[tuple[str, ...]], None],
) -> None:
    """Draws the list with the chosen tags as pills below it.

    Calls `on_change` with all tags that shall be chosen, new ones among them, before the page is
    drawn anew. Tags that break a rule never reach it: the field says which rule.
    """

    def took(picked: Any) -> str:
        taken: list[str] = []
        problem = ""
        for tag in dict.fromkeys(str(tag) for tag in picked):
            # Others are taken all the same: of quick picks the server may see the last alone.
            why = None if tag in chosen else tags_problem([*taken, tag])
            if why is None:
                taken.append(tag)
            else:
                problem = problem or why.partition(": ")[2] or why
        if taken != list(chosen):
            on_change(tuple(taken))
        return problem

    _draw(
        key,
        took,
        kind="tags",
        label="Tags",
        placeholder="Choose tags, or type a new one",
        chosen=list(chosen),
        known=list(dict.fromkeys([*known, *chosen])),
        hues={tag: hue(tag) for tag in (*known, *chosen)},
        limit=TAGS_LIMIT,
    )


def client_picker(
    key: str,
    client: str,
    project: str,
    known: Mapping[str, Sequence[str]],
    on_change: Callable[[str, str], None],
) -> None:
    """Draws the list of clients, each with its projects; names are found wherever they are typed.

    Calls `on_change` with client and project, empty for none, before the page is drawn anew. Names
    that differ from known ones by case alone become those.
    """
    listed = {name: list(projects) for name, projects in known.items()}
    if client:  # also where it is archived, or was typed a moment ago
        own = listed.setdefault(client, [])
        if project and project not in own:
            own.append(project)

    def took(picked: Any) -> str:
        named, part = (
            " ".join(str(name).encode("utf-8", "replace").decode().split()) for name in picked
        )
        named = _as_known(named, listed)
        part = _as_known(part, listed.get(named, ()))
        faults = problems(Metadata(name="", client=named, project=part))
        for field in ("client", "project"):
            if field in faults:
                return faults[field]
        on_change(named, part)
        return ""

    _draw(
        key,
        took,
        kind="client",
        label="Client and project",
        placeholder="Nobody named: search, or type a new name",
        chosen=[client, project],
        known=[
            [name, sorted(listed[name], key=str.casefold)]
            for name in sorted(listed, key=str.casefold)
        ],
    )


def _as_known(name: str, known: Sequence[str] | Mapping[str, object]) -> str:
    if name in known:
        return name
    return next((one for one in known if one.casefold() == name.casefold()), name)


def _draw(key: str, took: Callable[[Any], str], **data: Any) -> None:
    """`took` gets what was picked and returns what is wrong with it, else nothing."""
    # The last pick that was answered, and what was wrong with it: the browser shows its own pick
    # until it hears of that.
    answered = f"{key}-answered"

    @whole
    def picked() -> None:
        pick = st.session_state[key].picked
        st.session_state[answered] = (pick["turn"], took(pick["value"]))

    turn, problem = st.session_state.get(answered, (0, ""))
    _component(
        key=key,
        data={"id": key, "answered": turn, "problem": problem, **data},
        on_picked_change=picked,
    )
