"""The card Job Information: what is written about a job, by whom and for whom (FR1.3.1)."""

from dataclasses import replace
from urllib.parse import urlencode

import streamlit as st
from sqlalchemy import Row

from lib.domain.metadata import DESCRIPTION_LIMIT, NAME_LENGTH
from lib.domain.people import Person, initials
from lib.services import cloning, job_metadata
from lib.services.job_metadata import NAME_LOCKED
from lib.services.jobs import JobView
from lib.ui import edit_history, metadata_edit
from lib.ui.markdown import rendered
from lib.ui.moments import date_and_time
from lib.ui.tag_pills import pills
from lib.ui.template_dialogs import based_on
from lib.ui.text import plain, safe

_LABELS = {"name": "Name", "description": "Description"}


def draw(person: Person, view: JobView) -> None:
    """The card; who may change the job finds the ways to edit it."""
    job, written = view.job, job_metadata.read(person, view.job.id)
    with st.container(key="card-information"):
        with st.container(horizontal=True, vertical_alignment="center", key="information-head"):
            st.subheader("Job Information", anchor=False)
            if view.may_change:
                st.button(
                    "Edit Metadata",
                    icon=":material/edit_note:",
                    key="edit-metadata",
                    on_click=metadata_edit.begin,
                    args=(person, job.id),
                )
        name, description = written.metadata.name, written.metadata.description
        _field(person, view, "name", name, locked=written.name_locked)
        _field(person, view, "description", description)
        _draw_notes(written.metadata.notes)
        template = based_on(person, cloning.as_draft(job)) or ""
        facts = _facts(job, written.metadata.tags)
        st.html(f'{template}<dl class="information">{facts}</dl>')
        edit_history.draw(person, view)


def _field(person: Person, view: JobView, name: str, text: str, *, locked: bool = False) -> None:
    """A text with a pencil beside it, or the field in its place while it is being edited."""
    editing = metadata_edit.in_place(view.job.id, name)
    with st.container(key=f"information-{name}"):
        if editing is not None and view.may_change:
            _draw_field(person, editing, name)
            return
        empty = '<span class="quiet">None yet</span>'
        shown = f'<p class="prose" dir="auto">{safe(text)}</p>' if text else empty
        with st.container(horizontal=True, vertical_alignment="top", key=f"text-{name}"):
            st.html(f"<div><small>{_LABELS[name]}</small>{shown}</div>")
            if view.may_change:
                st.button(
                    f"Edit the {name}",
                    icon=":material/lock:" if locked else ":material/edit:",
                    type="tertiary",
                    key=f"edit-{name}",
                    disabled=locked,
                    help=NAME_LOCKED if locked else None,
                    on_click=metadata_edit.begin,
                    args=(person, view.job.id, name),
                )


def _draw_field(person: Person, editing: metadata_edit.Editing, name: str) -> None:
    key = f"in-place-{name}"
    st.session_state.setdefault(key, getattr(editing.mine, name))
    if name == "name":
        st.text_input(_LABELS[name], max_chars=NAME_LENGTH[1], key=key)
    else:
        st.text_area(_LABELS[name], max_chars=DESCRIPTION_LIMIT, height=100, key=key)
    for fault in filter(None, (editing.faults.get(name), editing.trouble)):
        st.error(plain(fault), icon=":material/error:")
    with st.container(horizontal=True):
        if st.button("Save", type="primary", icon=":material/check:", key=f"{key}-save"):
            editing.mine = replace(editing.base, **{name: st.session_state[key]})
            if editing.save(person):
                metadata_edit.end()
            elif editing.met is not None or set(editing.faults) - {name}:
                metadata_edit.to_dialog(editing)
            st.rerun()
        st.button("Cancel", key=f"{key}-cancel", on_click=metadata_edit.end)


def _draw_notes(notes: str) -> None:
    if not notes.strip():
        st.html('<div><small>Notes</small><span class="quiet">None yet</span></div>')
        return
    with st.expander("Notes", expanded=True, icon=":material/notes:"):
        st.html(rendered(notes))


def _facts(job: Row, tags: tuple[str, ...]) -> str:
    avatar = f'<i class="avatar" aria-hidden="true">{safe(initials(job.creator_name))}</i>'
    pairs = [
        ("Tags", pills(tags) or '<span class="quiet">None yet</span>'),
        ("Client/Project", _client(job) or '<span class="quiet">Nobody named</span>'),
        ("Created By", f"{avatar}{safe(job.creator_name)}"),
        ("Created At", safe(date_and_time(job.created_at))),
        ("Last Updated", safe(date_and_time(job.metadata_updated_at))),
    ]
    return "".join(f'<dt>{label}</dt><dd dir="auto">{value}</dd>' for label, value in pairs)


def _client(job: Row) -> str:
    """The client, and its project, each linked to what its jobs cost."""
    if job.client_name is None:
        return ""
    links = [_link("clients", job.client_name, client=job.client_id)]
    if job.project_name is not None:
        links.append(
            _link("clients", job.project_name, client=job.client_id, project=job.project_id)
        )
    return " → ".join(links)


def _link(page: str, text: str, **query: object) -> str:
    return f'<a href="/{page}?{safe(urlencode(query))}" target="_self">{safe(text)}</a>'
