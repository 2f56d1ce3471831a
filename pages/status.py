"""How the installation is doing, and what to do where it is not well (FR1.3.2)."""

import streamlit as st

from lib.domain.troubles import troubles
from lib.services import system_status
from lib.ui import status_view
from lib.ui.guard import guard

person = guard()

st.title("Status", anchor=False)
if not system_status.may_read(person):
    st.info("Admins and the owner see how this installation is doing.", icon=":material/lock:")
    st.stop()


@st.fragment(run_every=10.0)
def live() -> None:
    """Looks again every ten seconds."""
    facts = system_status.read(person)
    with st.container(key="live"):
        status_view.draw_troubles(troubles(facts), facts.now)
        status_view.draw_figures(facts)
        status_view.draw_workers(facts)
        status_view.draw_engines(facts)
        status_view.draw_pods(facts)
        status_view.draw_tasks(facts)


live()
