"""The first line of every page: who is here, or the sign-in and nothing else."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from lib.domain.people import Person
from lib.services import accounts
from lib.ui import session, sign_in


def guard(cookie_slot: DeltaGenerator | None = None) -> Person:
    """The signed-in person with the role as it is in the database now.

    Signed out, it draws the set-up or the sign-in and stops the page there, whichever way the page
    was reached. The shell gives a slot for the sign-in's hidden component, so that nothing below it
    moves when the component goes.
    """
    person = session.current_person()
    if person is not None:
        return person
    if not accounts.is_set_up():
        sign_in.set_up_owner()
    else:
        sign_in.sign_in(session.authenticator(cookie_slot))
    if session.current_person() is not None:
        st.rerun()  # the page from its beginning, without the sign-in
    st.stop()
