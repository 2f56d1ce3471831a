"""The list of configuration templates: search, order, and a card for each (FR1.3.1)."""

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import streamlit as st
from sqlalchemy import Row

from lib.domain.people import Person
from lib.domain.presets import PRESETS
from lib.services import templates
from lib.services.offers import offers
from lib.ui.lists import draw_pages, on_page, search_field
from lib.ui.moments import date_and_time, local
from lib.ui.navigation import go
from lib.ui.text import safe

PAGE_SIZE = 12
_NEVER = datetime.min.replace(tzinfo=UTC)
_ARCHIVED = "template_archived"
#: Each order: what it sorts by, and whether the largest comes first.
ORDERS: Mapping[str, tuple[Callable[[Row], Any], bool]] = MappingProxyType(
    {
        "Last used": (lambda row: row.last_used or _NEVER, True),
        "Most used": (lambda row: row.uses, True),
        "Newest": (lambda row: row.created_at, True),
        "Name": (lambda row: _folded(row.name), False),
    }
)


def draw(person: Person) -> None:
    """The templates that the person may see; a click opens one."""
    _offer_undo(person)
    with st.container(horizontal=True, vertical_alignment="bottom", key="template-filter"):
        text = search_field("template-search", "Search names, descriptions and people")
        order = st.selectbox(
            "Sort by", list(ORDERS), key="template-order", label_visibility="collapsed", width=150
        )
        archived = st.toggle("Archived", key="template-show-archived")
    found = templates.listing(person, archived=archived)
    key, largest_first = ORDERS[order]
    shown = sorted(matching(found, text), key=key, reverse=largest_first)
    if not shown:
        _nothing_found(searched=bool(text.strip()) and bool(found), archived=archived)
        return
    page_key = f"template-page-{text}-{order}-{archived}"  # another list begins with its first page
    _draw_cards(on_page(shown, PAGE_SIZE, page_key))
    draw_pages(shown, PAGE_SIZE, page_key)


def matching(found: Iterable[Row], text: str) -> list[Row]:
    """The templates whose name, description or creator has every word of the text."""
    words = _folded(text).split()
    return [
        row
        for row in found
        if all(
            word in _folded(f"{row.name} {row.description} {row.creator_name}") for word in words
        )
    ]


def tell_archived(template: Row) -> None:
    """The list will say so, and offer to undo it."""
    st.session_state[_ARCHIVED] = (template.id, template.name)


def pills(template: Row, places: Mapping[str, str]) -> str:
    """What it configures and who sees it, as HTML. `places`: titles of offers by key."""
    kept = template.draft
    preset = PRESETS.get(kept.get("preset"))
    changed = len(kept.get("overrides", {}))
    about = [
        (preset.title if preset else "Preset no longer there")
        + (f", {changed} change{'' if changed == 1 else 's'}" if changed else ""),
        places.get(kept.get("offer_key"), "GPU offer no longer there"),
    ]
    sharing = ("Team-wide" if template.shared else "Private", "good" if template.shared else "warn")
    shown = [(words, "") for words in about] + [(sharing[0], sharing[1])]
    if template.archived_at is not None:
        shown.append(("Archived", "quiet"))
    body = "".join(f'<span class="pill {tone}">{safe(words)}</span>' for words, tone in shown)
    return f'<div class="card-pills">{body}</div>'


def usage(template: Row) -> str:
    """How often it was used and when last."""
    if not template.uses:
        return "not used yet"
    times = "once" if template.uses == 1 else f"{template.uses:,} times"
    return f"used {times}, last {local(template.last_used):%d %b %Y}"


def _draw_cards(shown: Sequence[Row]) -> None:
    places = {offer.key: offer.title for offer in offers()}
    for begin in range(0, len(shown), 2):
        for column, row in zip(st.columns(2), shown[begin : begin + 2], strict=False):
            with column.container(key=f"card-template-{row.id}", gap="small", height="stretch"):
                described = (
                    f'<p class="template-about">{safe(row.description)}</p>'
                    if row.description
                    else ""
                )
                st.html(
                    f'<h3 class="template-name" dir="auto">{safe(row.name)}</h3>{described}'
                    f"{pills(row, places)}"
                    f'<p class="byline">{safe(f"By {row.creator_name} · {usage(row)}")}</p>'
                )
                st.button(
                    "Open" if row.archived_at else "Start from it",
                    key=f"template-{row.id}",
                    icon=":material/arrow_forward:",
                    icon_position="right",
                    on_click=_open,
                    args=(row,),
                    help=f"Saved {date_and_time(row.created_at)}",
                )


def _open(template: Row) -> None:
    st.query_params["template"] = str(template.id)


def _offer_undo(person: Person) -> None:
    told = st.session_state.get(_ARCHIVED)
    if told is None:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="template-undo"):
        st.html(f'<p class="prose">“{safe(told[1])}” is archived. Its jobs still name it.</p>')
        st.button("Undo", icon=":material/undo:", on_click=_undo, args=(person, told[0]))
        st.button("Dismiss", type="tertiary", on_click=st.session_state.pop, args=(_ARCHIVED,))


def _undo(person: Person, template_id: Any) -> None:
    templates.restore(person, template_id)
    st.session_state.pop(_ARCHIVED, None)


def _nothing_found(*, searched: bool, archived: bool) -> None:
    """What to do next where the list is empty."""
    if searched:
        st.info("No template matches. Try fewer letters.", icon=":material/search:")
    elif archived:
        st.info("No template has been archived.", icon=":material/archive:")
    else:
        with st.container(key="empty"):
            st.subheader("No templates yet", anchor=False)
            st.write(
                "A template keeps preset, changed parameters and GPU of a job that worked. Open "
                "any job and press Save as template; the next one then starts from it."
            )
            if st.button("Open the list of jobs", icon=":material/arrow_forward:"):
                go("jobs")


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
