"""What can be done with the chosen jobs: tag, archive or restore, export, compare (FR1.3.1)."""

from collections.abc import Callable, Sequence
from uuid import UUID

import streamlit as st

from lib.domain.job_search import JobQuery
from lib.domain.people import Person
from lib.services import job_bulk, job_search
from lib.services.job_bulk import AT_ONCE, Outcome
from lib.services.job_search import Page
from lib.ui.export_buttons import export_buttons
from lib.ui.navigation import page as page_of
from lib.ui.text import plain

CHOSEN = "jobs_chosen"  # ids, also of jobs on other pages of the list
_SAID = "jobs_said"  # what came of the last action: words, and how to undo it
COMPARED = (2, 6)  # jobs that can be compared, at least and at most
_ADD, _REMOVE, _TAGS = "bulk-add", "bulk-remove", "bulk-tags"


def chosen() -> list[UUID]:
    """The jobs that are chosen, the first chosen first."""
    return list(st.session_state.get(CHOSEN, ()))


def choose(listed: Sequence[UUID], ticked: Sequence[UUID]) -> None:
    """Of the listed jobs the ticked ones are chosen; those on other pages stay as they are."""
    kept = [one for one in chosen() if one not in listed or one in ticked]
    st.session_state[CHOSEN] = list(dict.fromkeys([*kept, *ticked]))


def draw_outcome() -> None:
    """What came of the last action, with a way to undo it, until the next one."""
    said = st.session_state.get(_SAID)
    with st.container(key="bulk-said"):
        if said is None:
            return
        words, refused, undo = said
        with st.container(horizontal=True, vertical_alignment="center"):
            if words:
                st.markdown(f":material/check: {words}")
            if undo is not None:
                st.button("Undo", icon=":material/undo:", on_click=undo, key="bulk-undo")
            st.button("Dismiss", type="tertiary", on_click=_dismiss, key="bulk-dismiss")
        for why in refused:
            st.warning(plain(why), icon=":material/block:")


def draw_bar(person: Person, query: JobQuery, page: Page) -> None:
    """The bar below the list, as long as jobs are chosen."""
    ids = chosen()
    if not ids:
        return
    listed = {row.id for row in page.rows}
    elsewhere = sum(one not in listed for one in ids)
    with st.container(horizontal=True, vertical_alignment="center", key="bulk"):
        apart = f", {elsewhere} not on this page" if elsewhere else ""
        st.markdown(f"**{len(ids)} selected**{apart}")
        most = min(AT_ONCE, page.total)
        if listed <= set(ids) and len(ids) < most:
            st.button(
                f"Select the first {most:,}",
                type="tertiary",
                key="bulk-all",
                on_click=_choose_first,
                args=(person, query),
            )
        _draw_tags(person, ids, page)
        label, icon, act = (
            ("Restore", ":material/unarchive:", _restore)
            if query.archived
            else ("Archive", ":material/archive:", _archive)
        )
        st.button(label, icon=icon, key="bulk-archive", on_click=act, args=(person, ids))
        export_buttons(ids, key="bulk-export")
        least, most = COMPARED
        if st.button(
            "Compare",
            icon=":material/compare_arrows:",
            key="bulk-compare",
            disabled=not least <= len(ids) <= most,
            help=f"{least} to {most} jobs side by side",
        ):
            jobs = ",".join(map(str, ids))
            st.switch_page(page_of("compare"), query_params={"jobs": jobs})
        st.button("Clear selection", type="tertiary", key="bulk-none", on_click=_choose_none)


def _draw_tags(person: Person, ids: list[UUID], page: Page) -> None:
    menu = st.popover("Tags", icon=":material/sell:", key=_TAGS, on_change="rerun")
    if not menu.open:
        return
    with menu, st.form("bulk-tag-form", border=False):
        held = dict.fromkeys(tag for row in page.rows if row.id in ids for tag in row.tags)
        st.multiselect(
            "Add",
            job_search.choices(person).tags,
            key=_ADD,
            accept_new_options=True,
            placeholder="Choose or type a tag",
        )
        st.multiselect("Take off", list(held), key=_REMOVE, placeholder="Tags they have")
        st.form_submit_button(
            f"Change {_jobs(len(ids))}", type="primary", on_click=_tag, args=(person, ids)
        )


def _tag(person: Person, ids: list[UUID]) -> None:
    add, remove = st.session_state[_ADD], st.session_state[_REMOVE]
    outcome = job_bulk.tag(person, ids, add, remove)
    st.session_state[_TAGS] = False
    _say(outcome, "Tags of", "changed", None)


def _archive(person: Person, ids: list[UUID]) -> None:
    outcome = job_bulk.archive(person, ids)
    _say(outcome, "", "archived", lambda: _bring_back(person, outcome))


def _restore(person: Person, ids: list[UUID]) -> None:
    _say(job_bulk.restore(person, ids), "", "restored", None)
    _choose_none()


def _bring_back(person: Person, outcome: Outcome) -> None:
    _say(job_bulk.restore(person, outcome.done), "", "are back in the list", None)


def _say(outcome: Outcome, before: str, done: str, undo: Callable[[], None] | None) -> None:
    count = len(outcome.done)
    words = f"{before} {_jobs(count)} {done}".strip() if count else ""
    if not count and not outcome.refused:
        words = "Nothing had to be changed"
    st.session_state[_SAID] = (words, outcome.refused, undo if count else None)
    if done == "archived":
        gone = set(outcome.done)
        st.session_state[CHOSEN] = [one for one in chosen() if one not in gone]


def _choose_first(person: Person, query: JobQuery) -> None:
    st.session_state[CHOSEN] = job_search.ids(person, query, AT_ONCE)


def _choose_none() -> None:
    st.session_state.pop(CHOSEN, None)


def _dismiss() -> None:
    st.session_state.pop(_SAID, None)


def _jobs(count: int) -> str:
    return f"{count:,} job{'' if count == 1 else 's'}"
