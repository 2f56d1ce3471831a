"""Accuracy: estimated against actual, and what the estimates have learned from it (FR1.2.1)."""

from collections.abc import Callable

import streamlit as st
from sqlalchemy import Row

from lib.domain.people import Person
from lib.services import calibration
from lib.services.errors import Refusal
from lib.ui import accuracy_view
from lib.ui.accuracy_charts import error_chart, scatter_chart
from lib.ui.charts import PLOT_CONFIG
from lib.ui.guard import guard
from lib.ui.navigation import go
from lib.ui.text import plain

person = guard()
_TOLD = "accuracy_told"  # what came of the last button, shown once: the kind of box, and the words


def change(action: Callable[[Person], Row]) -> None:
    """What a button does; what came of it is told by the page that is drawn next."""
    try:
        row = action(person)
    except Refusal as error:
        st.session_state[_TOLD] = ("error", str(error))
    else:
        kind = "success" if row.adopted else "info"
        st.session_state[_TOLD] = (kind, f"Revision {row.revision}. {row.reason}")


def compared() -> None:
    """The charts and the table, or what to do where no job has finished."""
    jobs = calibration.compared_jobs(person)
    if not jobs:
        with st.container(key="empty"):
            st.subheader("No finished job to compare with yet", anchor=False)
            st.write("A rehearsal on this machine costs nothing, and its estimate is tested here.")
            if st.button("Run a rehearsal", icon=":material/arrow_forward:"):
                go("dataset")
        return
    accuracy_view.tiles(jobs)
    left, right = st.columns(2, gap="medium")
    with left:
        st.subheader("Estimated against actual", anchor=False)
        st.plotly_chart(
            scatter_chart(jobs),
            key="scatter",
            config=PLOT_CONFIG,
            alt="Hours that finished jobs took against their estimates, on logarithmic axes",
        )
    with right:
        st.subheader("Error over time", anchor=False)
        st.plotly_chart(
            error_chart(jobs),
            key="errors",
            config=PLOT_CONFIG,
            alt="By how much finished jobs took longer than estimated, by when they ended",
        )
    accuracy_view.group_table(jobs)


def learning() -> None:
    """The version in use, how it came about, and the buttons of those who may."""
    seen = calibration.overview(person)
    st.subheader("What estimates have learned", anchor=False)
    if (told := st.session_state.pop(_TOLD, None)) is not None:
        kind, words = told
        getattr(st, kind)(plain(words))
    accuracy_view.in_use(seen)
    if seen.may_refit:
        st.button(
            "Refit now", icon=":material/refresh:", on_click=change, args=(calibration.refit,)
        )
    st.markdown("##### The published card durations")
    st.write(accuracy_view.cards_text(seen))
    if seen.may_adopt:
        st.button(
            "Withdraw the card durations" if seen.cards else "Adopt the published card durations",
            icon=":material/undo:" if seen.cards else ":material/playlist_add_check:",
            on_click=change,
            args=(calibration.withdraw_cards if seen.cards else calibration.adopt_cards,),
        )
    if seen.fits:
        st.markdown("##### All fits")
        accuracy_view.fits_table(seen.fits)


st.title("Accuracy", anchor=False)
st.caption("How near estimates came to what jobs took, in hours, and what they learn from it.")
compared()
learning()
