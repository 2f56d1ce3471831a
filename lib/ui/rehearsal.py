"""The button that interrupts a run on this machine as a spot machine would."""

import streamlit as st

from lib.domain.offers import LOCAL_ENGINE
from lib.domain.people import Person
from lib.domain.rehearsal import why_not
from lib.domain.states import JobStatus
from lib.services import rehearsal
from lib.services.errors import Refusal
from lib.services.jobs import JobView
from lib.ui.text import plain

_EXPLAINED = (
    "A rehearsal: the run gets SIGTERM, and SIGKILL 5 s later if it is still there. It goes on "
    "from its last checkpoint, and the adapter comes out the same to the last bit."
)


def draw(person: Person, view: JobView) -> None:
    """For a training run on this machine, for those who may change the job."""
    job = view.job
    live = view.attempts[-1] if view.attempts and view.attempts[-1].ended_at is None else None
    if not view.may_change or job.engine != LOCAL_ENGINE or live is None:
        return
    if job.status != JobStatus.RUNNING or job.cancel_requested_at is not None:
        return
    asked = live.interrupt_requested_at is not None
    refused = why_not(engine=job.engine, status=job.status, attempt=live.number, ending=asked)
    if st.button(
        "Interrupting…" if asked else "Interrupt as a spot machine would",
        icon=":material/bolt:",
        disabled=refused is not None,
        help=_EXPLAINED if asked or refused is None else refused,
        key="interrupt",
    ):
        try:
            rehearsal.interrupt(person, job.id)
        except Refusal as refusal:  # it has ended in the meantime
            st.toast(plain(refusal))
        st.rerun()
