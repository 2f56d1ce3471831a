"""Edit Metadata: all fields of a job's documentation, and what somebody else wrote meanwhile."""

from uuid import UUID

import streamlit as st

from lib.domain.metadata import DESCRIPTION_LIMIT, NAME_LENGTH, changes
from lib.domain.people import Person
from lib.services import clients, job_metadata, tags
from lib.ui import edit_history, metadata_edit
from lib.ui.kept_text import kept_text
from lib.ui.metadata_edit import Editing
from lib.ui.notes_editor import notes_editor
from lib.ui.picker import client_picker, tag_picker
from lib.ui.text import plain
from lib.ui.whole import whole

_PURPOSE = (
    "What is the purpose of this training run? (e.g., 'First production model for Acme client', "
    "'Testing aggressive parameters on high-emotion dataset')"
)


def draw(person: Person, job_id: UUID) -> None:
    """Opens the dialog in every run of the page, as long as the edit goes on."""
    if metadata_edit.in_dialog(job_id) is not None:
        _edit(person, job_id)


# It has no cross: whoever clicked beside it would lose what they typed.
@st.dialog("Edit Metadata", width="medium", dismissible=False)
def _edit(person: Person, job_id: UUID) -> None:
    editing = metadata_edit.in_dialog(job_id)
    if editing is None:
        return
    with st.container(key="metadata-edit"):
        with st.container():
            if editing.met is not None:
                _draw_meeting(person, editing)
            if editing.trouble:
                st.error(plain(editing.trouble), icon=":material/error:")
            if editing.notice:
                st.info(editing.notice, icon=":material/merge:")
        _draw_fields(person, editing)
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Cancel", key="metadata-cancel"):
            metadata_edit.end()
            st.rerun()
        if st.button(
            "Save",
            type="primary",
            icon=":material/save:",
            key="metadata-save",
            disabled=editing.met is not None,
        ):
            _finish(editing.save(person))


def _finish(saved: bool) -> None:
    """The page with what was saved, or again the dialog, with what is wrong above its fields."""
    if saved:
        metadata_edit.end()
        st.toast("Saved", icon=":material/check:")
    st.rerun()


def _draw_fields(person: Person, editing: Editing) -> None:
    mine, key, store = editing.mine, "metadata", f"{person.id}:{editing.job_id}:edit"

    @whole
    def named() -> None:
        editing.write(name=st.session_state[f"{key}-name"])

    st.session_state[f"{key}-name"] = mine.name
    st.text_input(
        "Name",
        max_chars=NAME_LENGTH[1],
        key=f"{key}-name",
        disabled=editing.name_locked,
        on_change=named,
    )
    if editing.name_locked:
        st.caption(job_metadata.NAME_LOCKED)
    _fault(editing, "name")
    kept_text(
        f"{key}-description",
        "Description",
        mine.description,
        f"{store}-description",
        lambda text: editing.write(description=text),
        limit=DESCRIPTION_LIMIT,
        restored="Your unsaved description of {time} was restored",
        placeholder=_PURPOSE,
        rows=3,
        problem=editing.faults.get("description", ""),
    )
    notes_editor(
        f"{key}-notes", mine.notes, f"{store}-notes", lambda text: editing.write(notes=text)
    )
    tag_picker(f"{key}-tags", mine.tags, tags.known(), lambda chosen: editing.write(tags=chosen))
    _fault(editing, "tags")
    client_picker(
        f"{key}-client",
        mine.client,
        mine.project,
        clients.known(),
        lambda client, project: editing.write(client=client, project=project),
    )
    _fault(editing, "client")
    _fault(editing, "project")


def _fault(editing: Editing, name: str) -> None:
    if name in editing.faults:
        st.error(plain(editing.faults[name]))


def _draw_meeting(person: Person, editing: Editing) -> None:
    """Somebody saved while this was written: who, what, and what shall become of both."""
    assert editing.met is not None
    theirs = changes(editing.base, editing.met.now.metadata)
    st.warning(f"**{plain(editing.met)}**", icon=":material/group:")
    st.html(f'<div class="met">{edit_history.changed_fields(theirs)}</div>')
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button("Merge both", type="primary", icon=":material/merge:", key="metadata-merge"):
            editing.merge()
            st.rerun()
        if st.button("Overwrite with mine", key="metadata-overwrite"):
            editing.overwrite()
            _finish(not editing.trouble and editing.save(person))
    st.caption(
        "Merging puts both edits into the fields below, for you to look over. Overwriting saves "
        "yours in the fields that you changed; the history keeps what was there."
    )
