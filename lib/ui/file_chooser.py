"""The chooser of training files: a list that drops down, searches, filters and turns its pages.

Only the open list reads all files, and only one page of them is drawn, so that ten thousand files
are no slower than ten.
"""

from contextlib import suppress
from decimal import ROUND_DOWN, Decimal
from typing import Any
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.dataset import REVIEW_QUALITY
from lib.domain.file_filter import Entry, FileFilter, entries, unselectable
from lib.domain.states import EnrichmentStatus
from lib.services import training_files
from lib.services.errors import NotFound
from lib.ui.file_import import CHOSEN
from lib.ui.lists import draw_pages, on_page
from lib.ui.text import plain

OPEN = "file-list"
ARCHIVED = "show-archived"
PAGE_SIZE = 8
_PICKED = "file-picked"
_NAME = "filter-name"
_CONVERSATIONS = (("from", "filter-least-conversations"), ("to", "filter-most-conversations"))
_QUALITY = (("from", "filter-least-quality"), ("to", "filter-most-quality"))
_NEXT = " \u2002·\u2002 "


def choose(first: UUID | None) -> Row | None:
    """The chosen file, `first` until somebody chooses; None where there is none to begin with.

    A file that the address names is chosen by it, once.
    """
    with suppress(ValueError):
        st.session_state[CHOSEN] = UUID(st.query_params.pop("file", ""))
    file = _chosen(st.session_state.get(CHOSEN), first)
    st.session_state[CHOSEN] = file.id if file else None
    title = f"**{plain(file.name)}**{_NEXT}{plain(figures(file))}" if file else "Choose one"
    _drop_down(title, file.id if file else None)
    return file


def _chosen(chosen: UUID | None, first: UUID | None) -> Row | None:
    if chosen is not None:
        try:
            return training_files.get(chosen)
        except NotFound as error:  # deleted, here or by somebody else
            st.toast(plain(error), icon=":material/delete:")
    return training_files.get(first) if first is not None else None


def forget() -> None:
    """The chosen file is gone: the page begins anew."""
    st.session_state.pop(CHOSEN, None)


@st.fragment
def _drop_down(title: str, chosen: UUID | None) -> None:
    """Typing in the list draws the list alone; choosing from it draws the page."""
    if st.session_state.pop(_PICKED, False):
        st.rerun()
    with st.container(key="file-chooser"):
        st.caption("Training file")
        part = st.popover(
            title, width="stretch", icon=":material/database:", key=OPEN, on_change="rerun"
        )
    if part.open:
        with part:
            _draw_list(chosen)


def _draw_list(chosen: UUID | None) -> None:
    wanted = _filters()
    archived = st.toggle("Show archived", key=ARCHIVED, persist_state="session")
    files = training_files.listing(archived=archived)
    found = entries(files, wanted, unselectable)
    st.caption(
        f"{len(found):,} of {len(files):,} files match the filter."
        if wanted != FileFilter()
        else f"{len(files):,} file{'' if len(files) == 1 else 's'}"
    )
    key = page_key(wanted, archived=archived)
    with st.container(key="file-entries", gap="xsmall"):
        for entry in on_page(found, PAGE_SIZE, key):
            _draw_entry(entry, chosen)
    draw_pages(found, PAGE_SIZE, key)


def page_key(wanted: FileFilter, *, archived: bool) -> str:
    """Where the number of the shown page is kept: another filter begins with its first."""
    return f"file-page-{wanted}-{archived}"


def _draw_entry(entry: Entry[Row], chosen: UUID | None) -> None:
    """A file to choose; a greyed one has its reason, and can be looked at all the same."""
    file, greyed = entry.file, entry.obstacle
    with st.container(horizontal=True, gap="xsmall", vertical_alignment="center"):
        st.button(
            f"**{plain(file.name)}**{_NEXT}{plain(greyed or figures(file))}",
            key=f"file-{file.id}",
            on_click=_pick,
            args=(file.id,),
            type="tertiary",
            icon=":material/check:" if file.id == chosen else None,
            disabled=greyed is not None,
            width="stretch",
            wrap=True,
        )
        if greyed is not None:
            st.button(
                "Look",
                key=f"look-{file.id}",
                help="Look at this file, rename, restore or delete it",
                on_click=_pick,
                args=(file.id,),
                type="tertiary",
                icon=":material/visibility:",
            )


def _pick(file_id: UUID) -> None:
    st.session_state.update({CHOSEN: file_id, OPEN: False, _PICKED: True})


def figures(file: Row) -> str:
    """What FR1.1.1 wants beside a name: sizes and quality, or how far a new file is."""
    if file.enrichment_status == EnrichmentStatus.PROCESSING:
        mark = "⏳ Processing"
    elif file.enrichment_status == EnrichmentStatus.FAILED:
        mark = f"⚠ {file.enrichment_error or 'Training file not enriched'}"
    else:
        mark = quality_mark(file.average_quality)
    return (
        f"{file.conversation_count:,} conversations · {file.training_pairs:,} training pairs · "
        f"{mark}"
    )


def quality_mark(average: Decimal | None) -> str:
    """`✓ High Quality` from 4.0 up, `⚠ Review` below, with the score."""
    if average is None:
        return "no quality scores"
    mark = "✓ High Quality" if average >= REVIEW_QUALITY else "⚠ Review"
    return f"{mark} {shown_score(average)}"


def shown_score(average: Decimal) -> Decimal:
    """One decimal, rounded down: a file below 4.0 is never shown as 4.0."""
    return average.quantize(Decimal("0.1"), rounding=ROUND_DOWN)


def _filters() -> FileFilter:
    """Name, conversations and quality; an empty field lets every file through."""
    name = st.text_input(
        "Name contains",
        key=_NAME,
        persist_state="session",
        live=True,
        icon=":material/search:",
        placeholder="Search by name",
        label_visibility="collapsed",
    )
    with st.container(horizontal=True, vertical_alignment="bottom", key="file-filters"):
        least, most = (_number(f"Conversations {side}", key) for side, key in _CONVERSATIONS)
        lowest, highest = (_number(f"Quality {side}", key, score=True) for side, key in _QUALITY)
        st.button("Clear", on_click=_clear, type="tertiary", icon=":material/close:")
    return FileFilter(name, least, most, _score(lowest), _score(highest))


def _number(label: str, key: str, *, score: bool = False) -> Any:
    """A bound, None while the field is empty: a count, or a score from 0 to 5."""
    options: dict[str, Any] = {"max_value": 5.0, "step": 0.1, "format": "%.1f"} if score else {}
    return st.number_input(
        label,
        min_value=0.0 if score else 0,
        value=None,
        placeholder="any",
        key=key,
        persist_state="session",
        **options,
    )


def _clear() -> None:
    bounds = (key for _, key in (*_CONVERSATIONS, *_QUALITY))
    st.session_state.update(dict.fromkeys(bounds), **{_NAME: ""})


def _score(value: float | None) -> Decimal | None:
    return None if value is None else Decimal(f"{value:.2f}")
