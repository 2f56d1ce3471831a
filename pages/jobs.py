"""The list of jobs, where everybody lands."""

import streamlit as st

from lib.domain.states import JobStatus
from lib.services import jobs
from lib.services.offers import offers
from lib.ui.guard import guard
from lib.ui.navigation import go
from lib.ui.tables import choose_job

person = guard()

with st.container(horizontal=True, vertical_alignment="bottom"):
    st.title("Jobs", anchor=False)
    if st.button("New job", type="primary", icon=":material/add:"):
        go("dataset")

search = st.text_input(
    "Search",
    key="search",
    type="search",
    placeholder="Search names, descriptions, notes and files",
    label_visibility="collapsed",
    icon=":material/search:",
    max_chars=200,
    live=True,
)


@st.fragment(run_every=5.0)
def listing() -> None:
    """The list as it is now; a click opens a job, a draft in the wizard."""
    found = jobs.listing(person, search)
    if not found:
        nothing_found()
        return
    places = {offer.key: offer.title for offer in offers()}
    chosen = choose_job(found, places, creators=person.may_see_all_jobs)
    if chosen is not None:
        draft = chosen.status == JobStatus.PENDING_CONFIGURATION
        go("preset" if draft else "job", chosen.id)
    st.caption("Click a job's name to open it. The table sorts by its headings and exports as CSV.")


def nothing_found() -> None:
    """What to do next where the list is empty."""
    if search.strip():
        st.info("No job matches. Try fewer letters, or clear the search.", icon=":material/search:")
        return
    with st.container(key="empty"):
        st.subheader("Start your first job", anchor=False)
        st.write(
            "Choose a training file, see what the training takes and costs, and start it. "
            "A rehearsal on this machine costs nothing."
        )
        if st.button("Choose a training file", icon=":material/arrow_forward:"):
            go("dataset")


listing()
