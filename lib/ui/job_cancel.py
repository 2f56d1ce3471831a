"""Cancelling a job: a button, and a question before anything happens."""

import streamlit as st
from sqlalchemy import Row

from lib.domain.money import usd
from lib.domain.people import Person
from lib.domain.states import JobStatus
from lib.services import jobs
from lib.services.errors import Refusal
from lib.ui.client_address import client_address
from lib.ui.text import plain

_ASKED = "cancel-asked"


def ask() -> None:
    """Opens the question from elsewhere on the page: it must not go with a part that is redrawn."""
    st.session_state[_ASKED] = True
    st.rerun()


def draw_cancel_button(person: Person, job: Row) -> None:
    """For every job that has been started and has not ended."""
    asked = job.cancel_requested_at is not None
    label = "Cancelling…" if asked else "Cancel job"
    pressed = st.button(label, icon=":material/cancel:", disabled=asked, key="cancel")
    if pressed or (st.session_state.pop(_ASKED, False) and not asked):
        _confirm(person, job)


@st.dialog("Cancel this job?")
def _confirm(person: Person, job: Row) -> None:
    st.text(job.name)
    if job.status == JobStatus.QUEUED:
        st.write("It leaves the queue at once and costs nothing. What it had reserved is freed.")
    else:
        spent = plain(usd(job.actual_cost))
        st.write(
            f"The run is ended within seconds and cannot be resumed. The {spent} that it has cost "
            "so far stays spent; the rest of what it had reserved is freed. There will be no "
            "adapter."
        )
    with st.container(horizontal=True, horizontal_alignment="right"):
        if st.button("Keep it"):
            st.rerun()
        if st.button("Cancel the job", type="primary", icon=":material/cancel:"):
            try:
                jobs.cancel(person, job.id, ip_address=client_address())
            except Refusal as refusal:  # it has ended in the meantime
                st.toast(str(refusal))
            st.rerun()
