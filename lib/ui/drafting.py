"""The wizard's one state: the open draft, read from the database at each run and saved per change.

The session keeps the last state too, so that a dead database loses nothing that was entered.
"""

from typing import Any
from uuid import UUID

import streamlit as st

from lib.db.connection import DatabaseUnavailable
from lib.domain.draft import Draft, change
from lib.domain.people import Person
from lib.services import drafts
from lib.services.assessment import Assessment, assess
from lib.services.drafts import OpenDraft
from lib.services.errors import DraftMoved, NotADraft, Refusal
from lib.ui.navigation import go, page
from lib.ui.whole import whole

_OPEN = "open_draft"
_JOB = "draft_job_id"
_UNSAVED = "draft_unsaved"
_ASSESSED = "draft_assessed"


def job_id_of_page() -> UUID | None:
    """The job that the address names, else the one last worked on; None for neither.

    Raises Refusal where the address holds something that is no id.
    """
    named = st.query_params.get("job")
    if named is None:
        return st.session_state.get(_JOB)
    try:
        return UUID(named)
    except ValueError:
        raise Refusal("The address does not name a job: look it up in the list.") from None


def has_draft() -> bool:
    """Whether a draft is open in this browser or named by the address."""
    return st.query_params.get("job") is not None or _JOB in st.session_state


def open_draft(person: Person) -> OpenDraft:
    """The draft of this page, as it is in the database now; without one, the way to a new job.

    A change that could not be saved is tried again first. A job that has been started is shown on
    its own page instead.
    """
    job_id = job_id_of_page()
    if job_id is None:
        st.info("Choose a training file first: a job starts from one.", icon=":material/database:")
        st.page_link(page("dataset"), label="Choose a training file", icon=":material/arrow_back:")
        st.stop()
    if st.session_state.get(_UNSAVED):
        _save(person, st.session_state[_OPEN])
    try:
        opened = drafts.load(person, job_id)
    except NotADraft:
        forget()
        go("job", job_id)
        raise
    st.session_state[_OPEN] = opened
    st.session_state[_JOB] = job_id
    if st.query_params.get("job") != str(job_id):
        st.query_params["job"] = str(job_id)
    return opened


def draft_by_now() -> Draft:
    """For callbacks: the draft that they were made over may be a click older."""
    opened: OpenDraft = st.session_state[_OPEN]
    return opened.draft


def keep_assessment(assessment: Assessment) -> None:
    """What the panel has just assessed, for the page that is drawn after it in the same run."""
    st.session_state[_ASSESSED] = assessment


def assessed(opened: OpenDraft) -> Assessment:
    """The open draft's assessment: the panel's own, where it was drawn in this run."""
    kept: Assessment | None = st.session_state.pop(_ASSESSED, None)
    same = kept is not None and kept.file.id == opened.file.id and kept.draft == opened.draft
    return kept if kept is not None and same else assess(opened)


@whole
def change_draft(person: Person, **changes: Any) -> None:
    """A widget's callback: applies one change to the open draft and saves it."""
    opened: OpenDraft = st.session_state[_OPEN]
    try:
        changed = change(opened.draft, drafts.today(), **changes)
    except ValueError as error:
        st.toast(str(error), icon=":material/error:")
        return
    kept = OpenDraft(opened.job_id, opened.owner_id, changed, opened.revision, opened.file)
    _save(person, kept)


@whole
def override(person: Person, name: str, value: Any) -> None:
    """A widget's callback: one hyperparameter; None puts the preset's own value back.

    It starts from the draft as it is by now: two fields can change in one run of the page.
    """
    opened: OpenDraft = st.session_state[_OPEN]
    overrides = {key: kept for key, kept in opened.draft.overrides.items() if key != name}
    change_draft(person, overrides=overrides if value is None else {**overrides, name: value})


def forget() -> None:
    """The draft was started or discarded: the next job begins anew."""
    for key in (_OPEN, _JOB, _UNSAVED):
        st.session_state.pop(key, None)


def _save(person: Person, changed: OpenDraft) -> None:
    st.session_state[_OPEN] = changed
    st.session_state[_UNSAVED] = True
    try:
        st.session_state[_OPEN] = drafts.save(person, changed, changed.draft)
    except DraftMoved as error:
        st.toast(str(error), icon=":material/sync_problem:")
    except DatabaseUnavailable:
        st.toast("Not saved yet: the database cannot be reached. Your change is kept here.")
        return
    st.session_state[_UNSAVED] = False
