"""What a job's page offers for the next one: keep it as a template, clone it (FR1.3.1)."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import streamlit as st
from sqlalchemy import Row

from lib.domain.draft import Draft
from lib.domain.file_filter import unselectable
from lib.domain.metadata import DESCRIPTION_LIMIT, NAME_LENGTH
from lib.domain.people import Person
from lib.services import cloning, jobs, templates, training_files
from lib.services.cloning import as_draft
from lib.services.errors import NotEligible, Refusal
from lib.ui import drafting
from lib.ui.file_chooser import figures
from lib.ui.lists import told_apart
from lib.ui.navigation import go
from lib.ui.text import plain, safe

TEAM, PRIVATE = "Team-wide", "Private"
SHARING = {TEAM: True, PRIVATE: False}
INCLUDE = "Include job description as template description?"
_SAVED = "template_saved"
_DOCUMENTATION = {"tags": "Tags", "client": "Client and project", "notes": "Notes"}


def save_as_template_button(person: Person, job_id: UUID) -> None:
    """Opens the dialog that keeps the job's configuration to start others from."""
    if saved := st.session_state.pop(_SAVED, None):
        st.toast(
            f"Saved as the template [{plain(saved[1])}](/templates?template={saved[0]}).",
            icon=":material/bookmark_added:",
        )
    if st.button("Save as template", icon=":material/bookmark_add:", key=f"template-of-{job_id}"):
        _save_dialog(person, job_id)


def clone_button(person: Person, job_id: UUID) -> None:
    """Opens a new draft like this job; asks for a file where the job's own cannot be used."""
    if st.button("Clone", icon=":material/content_copy:", key=f"clone-{job_id}"):
        try:
            new = cloning.clone(person, job_id)
        except NotEligible as refusal:
            another_file(person, job_id, str(refusal))
        else:
            open_in_wizard(new)


def open_in_wizard(job_id: UUID, step: str = "preset") -> None:
    """Goes on with a new draft; whichever was open before stays as it was saved."""
    drafting.forget()
    go(step, job_id)


def based_on(person: Person, draft: Draft) -> str | None:
    """`Based on Template: {name}` with a link, as HTML; None where there is none to be seen."""
    found = templates.origin(person, draft)
    if found is None:
        return None
    template, modified = found
    return (
        '<p class="based-on">Based on Template: '
        f'<a href="/templates?template={template.id}" target="_self">{safe(template.name)}</a>'
        f"{remarks(template, modified)}</p>"
    )


def remarks(template: Row, modified: bool) -> str:
    """Whether the draft is another one by now, and whether the template is still offered; HTML."""
    said = [
        *(["modified"] if modified else []),
        *(["archived"] if template.archived_at is not None else []),
    ]
    return "".join(f' <span class="pill quiet">{remark}</span>' for remark in said)


@st.dialog("Save as template", icon=":material/bookmark_add:")
def _save_dialog(person: Person, job_id: UUID) -> None:
    job = jobs.status_of(person, job_id)
    draft = as_draft(job)
    st.caption(
        "Preset, changed parameters and GPU offer are kept, for jobs on other training files."
    )
    name = st.text_input("Template name", max_chars=NAME_LENGTH[1], key="template-name")
    description = _description(draft.description)
    chosen = st.pills(
        "Keep too",
        list(_DOCUMENTATION),
        format_func=_DOCUMENTATION.__getitem__,
        selection_mode="multi",
        default=["tags", "client"],
        key="template-documentation",
    )
    sharing = st.radio(
        "Who sees and uses it",
        list(SHARING),
        horizontal=True,
        key="template-sharing",
        help="A private template is seen by you alone.",
    )
    if not st.button("Save template", type="primary", icon=":material/check:", width="stretch"):
        return
    try:
        template_id = templates.save(
            person,
            job_id,
            name=name,
            description=description,
            shared=SHARING[sharing],
            documentation=chosen,
        )
    except (Refusal, ValueError) as refusal:
        st.error(plain(refusal), icon=":material/block:")
        return
    st.session_state[_SAVED] = (template_id, name)
    st.rerun()


def _description(of_job: str) -> str:
    """The job's own, where it has one and it is wanted, else one that is typed."""
    if of_job.strip():
        included = st.radio(INCLUDE, ["Yes", "No"], horizontal=True, key="template-include")
        if included == "Yes":
            st.text(of_job)
            return of_job
    return st.text_area(
        "Template description",
        max_chars=DESCRIPTION_LIMIT,
        height=90,
        placeholder="What is it for, and when should somebody take it?",
        key="template-description",
    )


@st.dialog("Clone on another training file", icon=":material/content_copy:")
def another_file(
    person: Person,
    job_id: UUID,
    reason: str | None = None,
    *,
    changes: Mapping[str, Any] = cloning.AS_IT_WAS,
    then: str = "preset",
) -> None:
    """Asks for the file of a clone with these changes, which then opens at a step of the wizard.

    `reason` says why the job's own file will not do.
    """
    if reason:
        st.warning(plain(reason), icon=":material/block:")
    used = jobs.status_of(person, job_id).training_file_id
    files = {
        file.id: file
        for file in training_files.listing()
        if unselectable(file) is None and file.id != used
    }
    labels = told_apart({key: f"{file.name} · {figures(file)}" for key, file in files.items()})
    chosen = st.selectbox(
        "Training file",
        list(files),
        format_func=labels.__getitem__,
        index=None,
        placeholder="Choose another file" if files else "There is no other file yet",
        key="clone-file",
    )
    if st.button("Clone on this file", type="primary", disabled=chosen is None, width="stretch"):
        try:
            new = cloning.clone(person, job_id, chosen, changes)
        except Refusal as refusal:
            st.error(plain(refusal), icon=":material/block:")
        else:
            open_in_wizard(new, then)
