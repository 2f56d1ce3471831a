"""What edits changed, readable: struck out what went, marked what came (FR1.3.1)."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from lib.domain.job_edits import TITLES, Change, text_difference
from lib.domain.metadata import FIELDS
from lib.domain.people import Person
from lib.services import job_metadata
from lib.services.errors import Refusal
from lib.services.job_metadata import Edit
from lib.services.jobs import JobView
from lib.ui.moments import date_and_time
from lib.ui.text import plain, safe

OPEN = "edit-history"
_MARKS = {Change.SAME: "{}", Change.REMOVED: "<del>{}</del>", Change.ADDED: "<ins>{}</ins>"}


def draw(person: Person, view: JobView) -> None:
    """Who, when, what before and after, newest first; the last one can be undone."""
    edits = job_metadata.history(person, view.job.id)
    if not edits:
        return
    count = f"{len(edits)} edit{'s' if len(edits) > 1 else ''}"
    if len(edits) == job_metadata.LISTED:
        count = f"the last {count}"
    history = st.expander(
        f"History: {count}", icon=":material/history:", key=OPEN, on_change="rerun"
    )
    if not history.open:
        return
    with history:
        if view.may_change:
            st.button(
                "Undo the last edit",
                icon=":material/undo:",
                key="undo-edit",
                on_click=_undo,
                args=(person, view),
            )
        st.html(f'<ol class="edits">{"".join(map(_entry, edits))}</ol>')


def changed_fields(changes: Mapping[str, tuple[Any, Any]]) -> str:
    """Escaped HTML of all differences, a field each."""
    return "".join(
        f'<p class="diff"><b>{TITLES[name]}</b>'
        f'<span dir="auto">{_difference(*changes[name])}</span></p>'
        for name in FIELDS
        if name in changes
    )


def _entry(edit: Edit) -> str:
    head = f"<b>{safe(edit.editor)}</b> <time>{date_and_time(edit.at)}</time>"
    return f'<li><p dir="auto">{head}</p>{changed_fields(edit.changes)}</li>'


def _difference(before: str | Sequence[str], after: str | Sequence[str]) -> str:
    if isinstance(before, str) and isinstance(after, str):
        pieces = text_difference(before, after)
        return "".join(_MARKS[change].format(safe(text)) for change, text in pieces)
    removed = [f"<del>{safe(tag)}</del>" for tag in before if tag not in after]
    added = [f"<ins>{safe(tag)}</ins>" for tag in after if tag not in before]
    return " ".join(removed + added) or "in another order"


def _undo(person: Person, view: JobView) -> None:
    try:
        job_metadata.undo(person, view.job.id)
    except Refusal as refusal:
        st.toast(plain(refusal), icon=":material/error:")
